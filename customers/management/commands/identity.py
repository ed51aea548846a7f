"""``manage.py identity``: which records of the other systems are which customer."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from backoffice.commands import Exit, StaffCommand, add_limit, shown
from backoffice.errors import NotInThisState
from backoffice.models import RemoteWrite
from backoffice.texts import number
from backoffice.write_command import add_reason
from backoffice.writes.plan import Actor
from customers.identity.sources import others
from customers.models import IdentityLink
from customers.services.identity import (
    LINK,
    IdentityService,
    SecondLink,
    newest_decision,
    pair_of,
)

VIEW = ("customers.view_identitylink", "customers.view_customer")
State = IdentityLink.State


class Command(StaffCommand):
    """``--json`` prints customer, resource, remote_id, state, score, email, phone, names, decided_by, decided_at and
    reason of a pair; email and phone: how many share the equal value, null where none is equal. ``suggest`` prints
    compared, offered and withdrawn."""

    help = "Show and decide which records of the other systems are which customer. Nothing is sent anywhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        suggest = self.add_verb(verbs, "suggest", "find records with a customer's e-mail address or phone number")
        suggest.add_argument("--all", action="store_true", help="compare all anew, not only what changed")
        listing = self.add_verb(verbs, "list", "list pairs, the strongest first")
        listing.add_argument("--state", choices=State.values, default=State.SUGGESTED.value, help="(suggested)")
        listing.add_argument("--resource", choices=others(), help="only with records of this resource")
        listing.add_argument("--customer", metavar="CUSTOMER_ID", help="only of this customer")
        add_limit(listing)
        for name, help in (
            ("confirm", "say that both are the same customer"),
            ("reject", "say that they are not, so that it is not suggested again"),
            ("unlink", "take a confirmation back"),
            ("undo", "put a pair back as it was before its newest decision"),
        ):
            verb = self.add_verb(verbs, name, help)
            verb.add_argument("customer", metavar="CUSTOMER_ID")
            verb.add_argument("resource", metavar="RESOURCE", help=", ".join(others()))
            verb.add_argument("remote_id", metavar="REMOTE_ID")
            add_reason(verb)
            if name == "confirm":
                verb.add_argument("--second", action="store_true", help="also where one of them is linked already")

    def handle(self, *args: Any, **options: Any) -> None:
        """Carry out one verb. Raises NotAllowed, NotFound, NotInThisState, CommandError (refused: SecondLink)."""
        verb = options["verb"]
        if verb == "list":
            self._list(options)
        elif verb == "suggest":
            self._suggest(options)
        else:
            self._decide(verb, options)

    def _suggest(self, options: dict[str, Any]) -> None:
        told = self._service(options).suggest(everything=options["all"])
        if options["json"]:
            self.put(vars(told))
        else:
            sentence = _(
                "{compared} records compared: {offered} pairs new or changed, {withdrawn} suggestions withdrawn."
            )
            self.line(sentence.format(**{name: number(count) for name, count in vars(told).items()}))

    def _list(self, options: dict[str, Any]) -> None:
        self.actor(options, *VIEW)
        rows = IdentityLink.objects.filter(state=options["state"]).select_related("customer", "decided_by")
        if options["resource"]:
            rows = rows.filter(resource=options["resource"])
        if options["customer"]:
            rows = rows.filter(customer__remote_id=options["customer"])
        listed = list(rows[: options["limit"]])
        for link in listed:
            self._tell(link, options)
        if not listed:
            none = _("No pair is {state}. To look for some: manage.py identity suggest")
            self.say(none.format(state=State(options["state"]).label))
        self.tell_cut(listed, rows, options["limit"], _("pairs"))

    def _decide(self, verb: str, options: dict[str, Any]) -> None:
        service = self._service(options)
        pair = pair_of(options["customer"], options["resource"], options["remote_id"])
        reason = options["reason"] or ""
        try:
            if verb == "undo":
                decision = newest_decision(pair)
                if decision is None:
                    raise NotInThisState(_("Nothing was decided about these two that could be undone."))
                service.undo(decision, reason)
            elif verb == "confirm":
                service.confirm(pair, knowingly=options["second"], reason=reason)
            else:
                {"reject": service.reject, "unlink": service.unlink}[verb](pair, reason=reason)
        except SecondLink as error:
            refusal = _("{why} --second links it all the same.").format(why=error)
            raise CommandError(refusal, returncode=Exit.REFUSED) from error
        self._tell(pair_of(options["customer"], options["resource"], options["remote_id"]), options)

    def _service(self, options: dict[str, Any]) -> IdentityService:
        return IdentityService(Actor(self.actor(options, LINK), RemoteWrite.Door.COMMAND))

    def _tell(self, link: IdentityLink, options: dict[str, Any]) -> None:
        if options["json"]:
            self.put(line_of(link))
            return
        proof = ", ".join(f"{kind} {value}" for kind, value in link.proof.items())
        what = f"{shown(link.customer.remote_id)} = {shown(link.resource)} {shown(link.remote_id)}"
        state = str(State(link.state).label) if link.state else _("not linked")
        self.line(f"{what:<72}  {state:<10}  {link.score:>3}  {shown(proof)}")


def line_of(link: IdentityLink) -> dict[str, Any]:
    """A pair as ``--json`` prints it; people script against these names."""
    return {
        "customer": link.customer.remote_id,
        "resource": link.resource,
        "remote_id": link.remote_id,
        "state": link.state,
        "score": link.score,
        "email": link.email_shared,
        "phone": link.phone_shared,
        "names": link.names or "unknown",
        "decided_by": str(link.decided_by) if link.decided_by else None,
        "decided_at": link.decided_at,
        "reason": link.reason,
    }
