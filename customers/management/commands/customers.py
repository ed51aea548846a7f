"""``manage.py customers``: the customers as mirrored here, and what can be done with them at Kirim."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.badges import in_words
from backoffice.client import PERSON
from backoffice.commands import Exit, add_limit, asked_for, shown
from backoffice.texts import Text
from backoffice.write_command import WriteCommand, add_reason
from backoffice.writes.verbs import WriteVerb
from customers import metadata, states
from customers.commands import CUSTOMER_MEMBERS, accounts_of, links_of, mirrored_customer
from customers.kirim import KirimAPI
from customers.models import Customer
from customers.services import CustomerService
from customers.verbs import kirim as verbs


class Command(WriteCommand):
    """``--json`` prints columns by their names; ``show`` adds the lists ``accounts`` and ``setup_links``.

    A list that the person named by ``--as`` may not see is left out. The verbs that change something print as
    ``WriteCommand`` says.
    """

    help = "List, show and fetch customers; create, update, suspend, activate and archive them at Kirim."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parsers = parser.add_subparsers(
            dest="verb", required=True, metavar="list|show|fetch|create|update|suspend|activate|archive"
        )
        listing = self.add_verb(parsers, "list", "List mirrored customers, the newest first.")
        listing.add_argument("--status", help="only those in this state, as Kirim words it")
        listing.add_argument("--search", metavar="TEXT", help="part of the name, e-mail, id or a metadata value")
        add_limit(listing)
        listing.add_argument("--all", action="store_true", help="also those that have vanished at Kirim")
        self.add_verb(parsers, "show", "Show a mirrored customer.").add_argument("remote_id", metavar="REMOTE_ID")
        fetching = self.add_verb(parsers, "fetch", "Read a customer from Kirim, also one that is mirrored already.")
        fetching.add_argument("remote_id", metavar="REMOTE_ID")
        self._add_writing(parsers)

    def _add_writing(self, parsers: Any) -> None:
        creating = self.add_write_verb(parsers, "create", "Create a customer at Kirim.")
        creating.add_argument("--name", required=True, metavar="NAME")
        creating.add_argument("--email", metavar="EMAIL")
        creating.add_argument("--team-id", metavar="TEAM")
        creating.add_argument("--metadata", type=_metadata, metavar="JSON", help="a JSON object")
        updating = self.add_write_verb(
            parsers, "update", "Change a customer at Kirim; what is not given stays as it is."
        )
        updating.add_argument("remote_id", metavar="REMOTE_ID")
        updating.add_argument("--name", metavar="NAME")
        updating.add_argument("--email", metavar="EMAIL", help='"" clears it')
        updating.add_argument(
            "--metadata",
            type=_metadata,
            default=_NOT_GIVEN,
            metavar="JSON",
            help="a JSON object, whole; null clears it",
        )
        updating.add_argument(
            "--overwrite", action="store_true", help="also what somebody changed at Kirim since it was mirrored"
        )
        for name, help in _STATES.items():
            changing = self.add_write_verb(parsers, name, help)
            changing.add_argument("remote_id", metavar="REMOTE_ID")
            add_reason(changing)
            if name == "archive":
                changing.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the verb. Raises BackofficeError and RemoteError, which the base turns into exit codes."""
        doing: dict[str, Callable[[dict[str, Any]], None]] = {
            "list": self._list, "show": self._show, "fetch": self._fetch, "create": self._create,
            "update": self._update, "suspend": self._suspend, "activate": self._activate, "archive": self._archive,
        }  # fmt: skip
        doing[options["verb"]](options)
        self.end()

    # -- reading ------------------------------------------------------------------------------------------------------

    def _list(self, options: dict[str, Any]) -> None:
        self.actor(options, "customers.view_customer")
        customers = asked_for(Customer.objects.all(), options)
        listed = list(customers.values(*CUSTOMER_MEMBERS)[: options["limit"]])
        for row in listed:
            if options["json"]:
                self.put(row)
            else:
                told = f"{shown(row['name'])} <{shown(row['email'])}>" if row["email"] else shown(row["name"])
                state = in_words(row["status"], states.CUSTOMER)
                self.line(f"{shown(row['remote_id']):<30}  {shown(state):<10}  {told}")
        if not listed:
            none_yet = _("No customer is mirrored here yet. To read them: manage.py sync kirim.customers")
            self.say(_("No mirrored customer fits.") if Customer.objects.exists() else none_yet)
        self.tell_cut(listed, customers, options["limit"], _("customers"))

    def _show(self, options: dict[str, Any]) -> None:
        user = self.actor(options, "customers.view_customer")
        row = mirrored_customer(options["remote_id"])
        lists = self._lists_for(user, row["remote_id"])
        if options["json"]:
            self.put({**row, **lists})
            return
        self.lines(row)
        for account in lists.get("accounts", []):
            state = in_words(account["status"], states.ACCOUNT)
            told = " · ".join(map(shown, (account["name"], account["phone_number"], state)))
            self.lines({_("account"): told})
        for link in lists.get("setup_links", []):
            state = in_words(link["state"], states.LINK)
            self.lines({_("setup link"): f"{link['remote_id']} · …{link['token_last4']} · {state}"})

    def _lists_for(self, user: User | None, remote_id: str) -> dict[str, list[dict[str, Any]]]:
        lists: dict[str, list[dict[str, Any]]] = {}
        for name, (permission, read, left_out) in _LISTS.items():
            if user is None or user.has_perm(permission):
                lists[name] = read(remote_id)
            else:
                self.say(str(left_out).format(user=user, permission=permission))
        return lists

    def _fetch(self, options: dict[str, Any]) -> None:
        self.actor(options, "customers.view_customer", "customers.fetch_customer")
        with KirimAPI.from_settings(PERSON) as api:
            customer = CustomerService(api).fetch(options["remote_id"])
        row = mirrored_customer(customer.remote_id)
        if options["json"]:
            self.put(row)
        else:
            self.lines(row)

    # -- changing something -------------------------------------------------------------------------------------------

    def _create(self, options: dict[str, Any]) -> None:
        given = {name: options[name] for name in ("name", "email", "team_id", "metadata")}
        sends = {name: value for name, value in given.items() if value not in (None, "") or name == "name"}
        write, _is_new = self.do(verbs.CREATE_CUSTOMER, options, sends=sends)
        told = _("Created {name} ({remote_id}).")
        self.tell(write, options, told.format(name=write.sends["name"], remote_id=write.remote_id))

    def _update(self, options: dict[str, Any]) -> None:
        customer = self._customer(verbs.UPDATE_CUSTOMER, options)
        sends = {name: options[name] for name in ("name", "email") if options[name] is not None}
        if "email" in sends:
            sends["email"] = sends["email"] or None
        if options["metadata"] is not _NOT_GIVEN:
            sends["metadata"] = options["metadata"]
        if not sends:
            raise CommandError(_("Give at least one of --name, --email and --metadata."), returncode=Exit.USAGE)
        seen = {"name": customer.name, "email": customer.email, "metadata": metadata.visible(customer.metadata)}
        before = {} if options["overwrite"] else {name: seen[name] for name in sends}

        remote_id = customer.remote_id
        write, conflict = self.do_compared(
            verbs.UPDATE_CUSTOMER, options, remote_id=remote_id, sends=sends, before=before
        )
        was_sent = write.attempts.exists()
        told = _("Changed {customer}.") if was_sent else _("{customer} stays as it is.")
        self.tell(write, options, told.format(customer=_named(remote_id)))
        if conflict:
            self.tell_conflict(conflict, sends)

    def _suspend(self, options: dict[str, Any]) -> None:
        self._change_state(verbs.SUSPEND_CUSTOMER, options, _("Suspended {customer}."))

    def _activate(self, options: dict[str, Any]) -> None:
        self._change_state(verbs.ACTIVATE_CUSTOMER, options, _("Activated {customer}."))

    def _archive(self, options: dict[str, Any]) -> None:
        customer = self._customer(verbs.ARCHIVE_CUSTOMER, options)
        self.reason(options, verbs.ARCHIVE_CUSTOMER)
        question = _("Archive {customer} at Kirim, for good?")
        self.confirm(options, question.format(customer=_named(customer.remote_id)))
        self._change_state(verbs.ARCHIVE_CUSTOMER, options, _("Archived {customer}."))

    def _change_state(self, verb: WriteVerb, options: dict[str, Any], done: str) -> None:
        customer = self._customer(verb, options)
        write, _is_new = self.do(verb, options, remote_id=customer.remote_id, reason=self.reason(options, verb))
        self.tell(write, options, done.format(customer=_named(customer.remote_id)))

    def _customer(self, verb: WriteVerb, options: dict[str, Any]) -> Customer:
        self.acting(options, verb.permission)
        return verbs.customer(options["remote_id"])


_LISTS: dict[str, tuple[str, Callable[[str], list[dict[str, Any]]], Text]] = {
    "accounts": (
        "customers.view_whatsappaccount", accounts_of,
        gettext_lazy("{user} may not see accounts ({permission}); they are left out."),
    ),
    "setup_links": (
        "customers.view_setuplink", links_of,
        gettext_lazy("{user} may not see setup links ({permission}); they are left out."),
    ),
}  # fmt: skip
_STATES = {
    "suspend": "Suspend a customer at Kirim.",
    "activate": "Lift the suspension of a customer at Kirim, or activate a pending one.",
    "archive": "Archive a customer at Kirim, for good.",
}
_NOT_GIVEN = object()  # null is a value


def _metadata(text: str) -> dict[str, Any] | None:
    try:
        return metadata.parsed(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def _named(remote_id: str) -> str:
    """A customer as sentences name it, as it is here now."""
    return f"{Customer.objects.filter(remote_id=remote_id).first() or _('customer')} ({remote_id})"
