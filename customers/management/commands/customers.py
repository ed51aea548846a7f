"""``manage.py customers``: the customers as mirrored here, and one fetched from Kirim by its id."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from backoffice.client import PERSON
from backoffice.commands import StaffCommand, shown, whole_number
from customers.commands import CUSTOMER_MEMBERS, accounts_of, links_of, mirrored_customer
from customers.kirim import KirimAPI
from customers.models import Customer
from customers.services import CustomerService


class Command(StaffCommand):
    """``--json`` prints columns by their names; ``show`` adds the lists ``accounts`` and ``setup_links``.

    A list that the person named by ``--as`` may not see is left out.
    """

    help = "List, show and fetch customers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|show|fetch")
        listing = self.add_verb(verbs, "list", "List mirrored customers, the newest first.")
        listing.add_argument("--status", help="only those in this state, as Kirim words it")
        listing.add_argument("--search", metavar="TEXT", help="part of the name, e-mail, id or a metadata value")
        listing.add_argument(
            "--limit", type=whole_number(1, 2**31 - 1), default=50, metavar="N", help="at most so many (50)"
        )
        listing.add_argument("--all", action="store_true", help="also those that have vanished at Kirim")
        self.add_verb(verbs, "show", "Show a mirrored customer.").add_argument("remote_id", metavar="REMOTE_ID")
        self.add_verb(verbs, "fetch", "Fetch a customer from Kirim.").add_argument("remote_id", metavar="REMOTE_ID")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the verb. Raises BackofficeError and RemoteError, which the base turns into exit codes."""
        needed = ["customers.view_customer"]
        if options["verb"] == "fetch":
            needed.append("customers.fetch_customer")
        user = self.actor(options, *needed)
        verbs = {"list": self._list, "show": self._show, "fetch": self._fetch}
        verbs[options["verb"]](options, user)

    def _list(self, options: dict[str, Any], user: User | None) -> None:
        customers = _asked_for(options)
        listed = list(customers.values(*CUSTOMER_MEMBERS)[: options["limit"]])
        for row in listed:
            if options["json"]:
                self.put(row)
            else:
                told = f"{shown(row['name'])} <{shown(row['email'])}>" if row["email"] else shown(row["name"])
                self.line(f"{shown(row['remote_id']):<30}  {shown(row['status']):<10}  {told}")
        if not listed:
            self.say("No mirrored customer fits." if Customer.objects.exists() else _NOTHING_YET)
        elif len(listed) == options["limit"] and (count := customers.count()) > len(listed):
            self.say(f"{len(listed)} of {count:,} customers; --limit N shows more.")

    def _show(self, options: dict[str, Any], user: User | None) -> None:
        row = mirrored_customer(options["remote_id"])
        lists: dict[str, list[dict[str, Any]]] = {}
        for name, (permission, read) in _LISTS.items():
            if user is None or user.has_perm(permission):
                lists[name] = read(row["remote_id"])
            else:
                self.say(f"{user} may not see {name.replace('_', ' ')} ({permission}); they are left out.")
        if options["json"]:
            self.put({**row, **lists})
            return
        self._tell(row)
        for account in lists.get("accounts", []):
            self._tell({"account": " · ".join(shown(account[name]) for name in ("name", "phone_number", "status"))})
        for link in lists.get("setup_links", []):
            self._tell({"setup link": f"{link['remote_id']} · …{link['token_last4']} · {link['state']}"})

    def _fetch(self, options: dict[str, Any], user: User | None) -> None:
        with KirimAPI.from_settings(PERSON) as api:
            customer = CustomerService(api).fetch(options["remote_id"])
        row = mirrored_customer(customer.remote_id)
        if options["json"]:
            self.put(row)
        else:
            self._tell(row)

    def _tell(self, row: dict[str, Any]) -> None:
        for name, value in row.items():
            self.line(f"{name:<18} {shown(value)}")


_LISTS: dict[str, tuple[str, Callable[[str], list[dict[str, Any]]]]] = {
    "accounts": ("customers.view_whatsappaccount", accounts_of),
    "setup_links": ("customers.view_setuplink", links_of),
}
_NOTHING_YET = "No customer is mirrored here yet. To read them: manage.py sync kirim.customers"


def _asked_for(options: dict[str, Any]) -> QuerySet[Customer]:
    customers = Customer.objects.all() if options["all"] else Customer.objects.filter(vanished_at=None)
    if options["status"]:
        customers = customers.filter(status=options["status"])
    if options["search"]:
        customers = customers.filter(search_text__contains=options["search"].lower())
    return customers
