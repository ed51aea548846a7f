"""``manage.py support_customer``: Apideck's support customers as mirrored here, and what can be done with them."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from backoffice.access import hidden_members, note_seen
from backoffice.client import PERSON
from backoffice.commands import Exit, add_limit, asked_for, in_json, shown
from backoffice.errors import NotInThisState
from backoffice.masking import shown_members
from backoffice.write_command import WriteCommand, add_reason
from backoffice.writes.verbs import WriteVerb
from customers.apideck import ApideckAPI, SupportCustomerRecord
from customers.models import SupportCustomer
from customers.services.erasure import ERASE, erase, linked_customers, notes_about, why_not_erasable
from customers.services.support import CUSTOMERS, SupportCustomerService
from customers.support_members import problems_in
from customers.verbs import support as verbs

COLUMNS = (
    "remote_id", "name", "company_name", "first_name", "last_name", "individual", "status", "currency", "email",
    "phone", "remote_created_at", "remote_updated_at", "synced_at", "vanished_at", "erased_at",
)  # fmt: skip
DETAILS = ("emails", "phone_numbers", "addresses", "notes", "tax_number", "bank_accounts")


class Command(WriteCommand):
    """``--json`` prints columns by their names; ``show`` and ``fetch`` add emails, phone_numbers, addresses, notes,
    tax_number and bank_accounts as Apideck states them.

    The last two are masked where the person named by ``--as`` may not see them. The verbs that change something at
    Apideck print as ``WriteCommand`` says; ``erase``, which sends nothing, prints remote_id, erased_at, erased_by,
    reason, notes_blanked and notes_left.
    """

    help = "List, show and fetch support customers; create, update and delete them at Apideck; erase what is kept here."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parsers = parser.add_subparsers(
            dest="verb", required=True, metavar="list|show|fetch|create|update|delete|erase"
        )
        listing = self.add_verb(parsers, "list", "List mirrored support customers by name.")
        listing.add_argument("--status", help="only those in this state, as Apideck words it")
        listing.add_argument("--search", metavar="TEXT", help="part of a name, company, e-mail, phone or id")
        add_limit(listing)
        listing.add_argument("--all", action="store_true", help="also those that have vanished at Apideck")
        showing = self.add_verb(parsers, "show", "Show a mirrored support customer.")
        fetching = self.add_verb(parsers, "fetch", "Read one from Apideck, also one that is mirrored already.")
        creating = self.add_write_verb(parsers, "create", "Create a support customer at Apideck.")
        updating = self.add_write_verb(parsers, "update", "Change one; what is not given stays as it is.")
        deleting = self.add_write_verb(parsers, "delete", "Delete one at Apideck, for good.")
        erasing = self.add_verb(
            parsers, "erase", "Erase what is kept here of one who asks for it, or is gone at Apideck."
        )
        for its in (showing, fetching, updating, deleting, erasing):
            its.add_argument("remote_id", metavar="ID")
        for its in (creating, updating):
            its.add_argument("--data", type=_members, required=True, metavar="JSON", help="an object of members to set")
        told = "also what somebody changed at Apideck since it was mirrored"
        updating.add_argument("--overwrite", action="store_true", help=told)
        for its in (deleting, erasing):
            add_reason(its)
            its.add_argument("--yes", action="store_true", help="do not ask")
        erasing.add_argument("--with-notes", action="store_true", help="blank the notes on the linked customer too")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the verb. Raises BackofficeError and RemoteError, which the base turns into exit codes."""
        doing: dict[str, Callable[[dict[str, Any]], None]] = {
            "list": self._list, "show": self._show, "fetch": self._fetch, "create": self._create,
            "update": self._update, "delete": self._delete, "erase": self._erase,
        }  # fmt: skip
        doing[options["verb"]](options)
        self.end()

    # -- reading ------------------------------------------------------------------------------------------------------

    def _list(self, options: dict[str, Any]) -> None:
        self.actor(options, "customers.view_supportcustomer")
        customers = asked_for(SupportCustomer.objects.all(), options)
        listed = list(customers.values(*COLUMNS)[: options["limit"]])
        for row in listed:
            if options["json"]:
                self.put(row)
            else:
                told = " · ".join(shown(row[name]) for name in ("name", "company_name", "email") if row[name])
                self.line(f"{shown(row['remote_id']):<20}  {shown(row['status']):<20}  {told}")
        if not listed:
            none_yet = _("No support customer is mirrored here yet. To read them: manage.py sync apideck.customers")
            self.say(_("No mirrored support customer fits.") if SupportCustomer.objects.exists() else none_yet)
        self.tell_cut(listed, customers, options["limit"], _("support customers"))

    def _show(self, options: dict[str, Any]) -> None:
        user = self.actor(options, "customers.view_supportcustomer")
        self._tell_customer(verbs.support_customer(options["remote_id"]), user, options)

    def _fetch(self, options: dict[str, Any]) -> None:
        user = self.actor(options, "customers.view_supportcustomer", "customers.fetch_supportcustomer")
        with ApideckAPI.from_settings(PERSON) as api:
            customer = SupportCustomerService(api).fetch(options["remote_id"])
        self._tell_customer(customer, user, options)

    def _tell_customer(self, customer: SupportCustomer, user: User | None, options: dict[str, Any]) -> None:
        row = {name: getattr(customer, name) for name in COLUMNS}
        details = {name: customer.payload.get(name) for name in DETAILS}
        note_seen(user, CUSTOMERS, customer.remote_id, details)
        details = shown_members(details, hidden_members(user, CUSTOMERS))
        if options["json"]:
            self.put({**row, **details})
            return
        told = {name: value if isinstance(value, str) else in_json(value) for name, value in details.items()}
        self.lines({**row, **told})

    # -- changing something -------------------------------------------------------------------------------------------

    def _create(self, options: dict[str, Any]) -> None:
        write, _is_new = self.do(verbs.CREATE, options, sends=_sendable(options))
        self.tell(write, options, _("Created {customer}.").format(customer=_named(write.remote_id)))

    def _update(self, options: dict[str, Any]) -> None:
        customer = self._customer(verbs.UPDATE, options)
        sends = _sendable(options)
        before = {} if options["overwrite"] else {name: customer.payload.get(name) for name in sends}
        remote_id = customer.remote_id
        write, conflict = self.do_compared(verbs.UPDATE, options, remote_id=remote_id, sends=sends, before=before)
        was_sent = write.attempts.exists()
        told = _("Changed {customer}.") if was_sent else _("{customer} stays as it is.")
        self.tell(write, options, told.format(customer=_named(remote_id)))
        if conflict:  # of members that the person may see: others cannot be set
            self.tell_conflict(conflict, sends)

    def _delete(self, options: dict[str, Any]) -> None:
        customer = self._customer(verbs.DELETE, options)
        reason = self.reason(options, verbs.DELETE)
        question = _("Delete {customer} at Apideck, for good?")
        self.confirm(options, question.format(customer=_named(customer.remote_id)))
        write, _is_new = self.do(verbs.DELETE, options, remote_id=customer.remote_id, reason=reason)
        self.tell(write, options, _("Deleted {customer}.").format(customer=_named(customer.remote_id)))

    def _erase(self, options: dict[str, Any]) -> None:
        actor = self.acting(options, "customers.view_supportcustomer", ERASE)
        customer = verbs.support_customer(options["remote_id"])
        reason = (options["reason"] or "").strip()
        if not reason:  # nothing else will say why
            raise CommandError(_("Erasing takes a reason: --reason TEXT."), returncode=Exit.USAGE)
        if why := why_not_erasable(customer):
            refusal = _("{remote_id} is not erased. {why}")
            raise NotInThisState(refusal.format(remote_id=customer.remote_id, why=why))
        question = _("Erase what is kept here of {customer}, for good?").format(customer=_named(customer.remote_id))
        self.confirm(options, question, _("Nothing was erased."))
        blanked = erase(customer, actor, reason, with_notes=options["with_notes"])
        left = notes_about(customer).count()
        if options["json"]:
            told = {
                "erased_by": str(customer.erased_by) if customer.erased_by else None,
                "reason": customer.erase_reason,
            }
            counted = {"notes_blanked": blanked, "notes_left": left}
            self.put({"remote_id": customer.remote_id, "erased_at": customer.erased_at, **told, **counted})
        else:
            done = _("What was kept here of {remote_id} is erased.")
            self.line(done.format(remote_id=customer.remote_id))
        if blanked:
            self.say(_("Notes on the linked customer that were blanked: {count}.").format(count=blanked))
        if left:
            linked = ", ".join(linked_customers(customer).values_list("remote_id", flat=True)[:5])
            stay = _("Notes that stay on the linked customer ({linked}) and may be about the same person: {count}.")
            self.say(stay.format(linked=linked, count=left))

    def _customer(self, verb: WriteVerb, options: dict[str, Any]) -> SupportCustomer:
        self.acting(options, verb.permission)
        return verbs.support_customer(options["remote_id"])


def _members(text: str) -> dict[str, Any]:
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        raise ArgumentTypeError(_("this is no JSON")) from None
    if not isinstance(members, dict) or not members:
        members_of = ", ".join(sorted(SupportCustomerRecord.members()))
        told = _("it must be an object with at least one member of {members}")
        raise ArgumentTypeError(told.format(members=members_of))
    return members


def _sendable(options: dict[str, Any]) -> dict[str, Any]:
    """What ``--data`` holds. Raises CommandError (usage) where it cannot be sent."""
    data: dict[str, Any] = options["data"]
    if problems := problems_in(data):
        told = " ".join(f"{name}: {problem}." for name, problem in sorted(problems.items()))
        refusal = _("--data cannot be sent so. {told}").format(told=told)
        raise CommandError(refusal, returncode=Exit.USAGE)
    return data


def _named(remote_id: str) -> str:
    """A customer as sentences name it, as it is here now."""
    return f"{SupportCustomer.objects.filter(remote_id=remote_id).first() or _('support customer')} ({remote_id})"
