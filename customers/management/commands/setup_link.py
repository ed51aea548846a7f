"""``manage.py setup_link``: the setup links of a customer, as mirrored here."""

from argparse import ArgumentParser
from typing import Any

from backoffice.commands import StaffCommand, shown
from customers.commands import links_of, mirrored_customer


class Command(StaffCommand):
    """``--json`` prints columns by their names, and ``state``: the status, or ``expired`` once its time is over."""

    help = "List setup links."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="list")
        listing = self.add_verb(verbs, "list", "List a customer's mirrored setup links, the newest first.")
        listing.add_argument("customer_id", metavar="CUSTOMER_ID")
        listing.add_argument("--all", action="store_true", help="also those that have vanished at Kirim")

    def handle(self, *args: Any, **options: Any) -> None:
        """List. Raises NotFound for a customer that is not mirrored here."""
        self.actor(options, "customers.view_setuplink")
        customer = mirrored_customer(options["customer_id"])
        links = links_of(customer["remote_id"], with_vanished=options["all"])
        for link in links:
            if options["json"]:
                self.put(link)
            else:
                end = f"consumed {shown(link['consumed_at'])}" if link["consumed_at"] else shown(link["expires_at"])
                self.line(f"{shown(link['remote_id']):<30}  {shown(link['state']):<9}  …{link['token_last4']}  {end}")
        if not links:
            self.say(f"{customer['name']} has no setup link here.")
