"""``manage.py account``: the WhatsApp accounts as mirrored here, and what can be done with them at Kirim."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from backoffice.badges import in_words
from backoffice.client import PERSON
from backoffice.commands import add_limit, shown
from backoffice.errors import NotInThisState
from backoffice.write_command import WriteCommand
from customers import states
from customers.commands import ACCOUNT_COLUMNS
from customers.kirim import KirimAPI
from customers.models import WhatsAppAccount
from customers.services import AccountService
from customers.verbs import kirim as verbs


class Command(WriteCommand):
    """``--json`` prints columns by their names; ``sync_templates`` prints as ``WriteCommand`` says.

    An account's id is its phone_number_id; one that is still onboarding has none, and is known by an id of ours.
    """

    help = "List, show and refresh WhatsApp accounts; sync their templates at Kirim."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parsers = parser.add_subparsers(dest="verb", required=True, metavar="list|show|refresh|sync_templates")
        listing = self.add_verb(parsers, "list", "List mirrored WhatsApp accounts.")
        listing.add_argument("--customer", metavar="CUSTOMER_ID", help="only those of this customer")
        listing.add_argument("--status", help="only those in this state, as Kirim words it")
        add_limit(listing)
        listing.add_argument("--all", action="store_true", help="also those that have vanished at Kirim")
        for add, name, help in (
            (self.add_verb, "show", "Show a mirrored account."),
            (self.add_verb, "refresh", "Read the accounts of its customer from Kirim again."),
            (self.add_write_verb, "sync_templates", "Let Kirim read the account's templates at Meta."),
        ):
            add(parsers, name, help).add_argument("phone_number_id", metavar="PHONE_NUMBER_ID")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the verb. Raises BackofficeError and RemoteError, which the base turns into exit codes."""
        doing: dict[str, Callable[[dict[str, Any]], None]] = {
            "list": self._list, "show": self._show, "refresh": self._refresh, "sync_templates": self._sync_templates,
        }  # fmt: skip
        doing[options["verb"]](options)
        self.end()

    def _list(self, options: dict[str, Any]) -> None:
        self.actor(options, "customers.view_whatsappaccount")
        accounts = WhatsAppAccount.objects.all() if options["all"] else WhatsAppAccount.objects.filter(vanished_at=None)
        if options["customer"]:
            accounts = accounts.filter(customer_remote_id=verbs.customer(options["customer"]).remote_id)
        if options["status"]:
            accounts = accounts.filter(status=options["status"])
        listed = list(accounts.values(*ACCOUNT_COLUMNS)[: options["limit"]])
        for row in listed:
            if options["json"]:
                self.put(row)
            else:
                told = " · ".join(
                    shown(row[name]) for name in ("name", "phone_number", "customer_remote_id") if row[name]
                )
                state = in_words(row["status"], states.ACCOUNT)
                self.line(f"{shown(row['remote_id']):<20}  {shown(state):<12}  {told}")
        if not listed:
            none_yet = _("No account is mirrored here yet. To read them: manage.py sync kirim.accounts")
            self.say(_("No mirrored account fits.") if WhatsAppAccount.objects.exists() else none_yet)
        self.tell_cut(listed, accounts, options["limit"], _("accounts"))

    def _show(self, options: dict[str, Any]) -> None:
        self.actor(options, "customers.view_whatsappaccount")
        self._print(verbs.account(options["phone_number_id"]), options)

    def _refresh(self, options: dict[str, Any]) -> None:
        self.actor(options, "customers.view_whatsappaccount", "customers.refresh_whatsappaccount")
        account = verbs.account(options["phone_number_id"])
        if not account.customer_remote_id:
            told = _(
                "{account} belongs to the organization itself, and only the accounts of a customer can be read by "
                "themselves. To read all: manage.py sync kirim.accounts"
            )
            raise NotInThisState(told.format(account=account))
        customer = verbs.customer(account.customer_remote_id)
        with KirimAPI.from_settings(PERSON) as api:
            AccountService(api).refresh(customer)
        account.refresh_from_db()
        self._print(account, options)

    def _sync_templates(self, options: dict[str, Any]) -> None:
        self.acting(options, verbs.SYNC_TEMPLATES.permission)
        account = verbs.account(options["phone_number_id"])
        id, owner = account.remote_id, account.customer_remote_id
        write, _is_new = self.do(verbs.SYNC_TEMPLATES, options, remote_id=id, owner_remote_id=owner)
        told = _("Synced the templates of {account} ({id}).")
        self.tell(write, options, told.format(account=account, id=id))

    def _print(self, account: WhatsAppAccount, options: dict[str, Any]) -> None:
        row = {name: getattr(account, name) for name in ACCOUNT_COLUMNS}
        if options["json"]:
            self.put(row)
        else:
            self.lines(row)
