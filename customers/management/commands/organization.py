"""``manage.py organization``: the CRM's customer companies as mirrored here, and creating one at L4YERCAK3."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.commands import Exit, shown
from customers import crm_words
from customers.crm_commands import CrmCommand
from customers.models import Organization
from customers.services.organizations import KIND, OrganizationService
from customers.verbs import crm as verbs


class Command(CrmCommand):
    """``create`` prints as ``WriteCommand`` says."""

    help = "List, show and fetch organizations; create one at L4YERCAK3."
    model = Organization
    noun = gettext_lazy("organization")
    view = "customers.view_organization"
    fetching = "customers.fetch_organization"
    refreshing = verbs.REFRESH_ORGANIZATION
    states = crm_words.ORGANIZATION
    service = OrganizationService
    members = (
        "remote_id", "name", "website", "industry", "tax_id", "status", "subtype", "contact_count",
        "remote_created_at", "remote_updated_at", "synced_at", "vanished_at",
    )  # fmt: skip

    def add_arguments(self, parser: ArgumentParser) -> None:
        parsers = parser.add_subparsers(dest="verb", required=True, metavar="list|show|fetch|create")
        self.add_reading(parsers)
        creating = self.add_write_verb(parsers, "create", "Create an organization at L4YERCAK3.")
        creating.add_argument("--name", required=True, metavar="NAME")
        creating.add_argument("--website", metavar="URL")
        creating.add_argument("--industry", metavar="INDUSTRY")
        creating.add_argument("--tax-id", metavar="TAX_ID")
        self.add_another(creating)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the verb. Raises BackofficeError and RemoteError, which the base turns into exit codes."""
        doing: dict[str, Callable[[dict[str, Any]], None]] = {
            "list": self.list, "show": self.show, "fetch": self.fetch, "create": self._create,
        }  # fmt: skip
        doing[options["verb"]](options)
        self.end()

    def _create(self, options: dict[str, Any]) -> None:
        if not options["name"].strip():
            raise CommandError(_("{option} must not be empty.").format(option="--name"), returncode=Exit.USAGE)
        given = {"name": "name", "website": "website", "industry": "industry", "taxId": "tax_id"}
        sends = {name: options[option] for name, option in given.items() if options[option]}
        self.refuse_second(verbs.CREATE_ORGANIZATION, KIND, options, sends)
        write, _is_new = self.do(verbs.CREATE_ORGANIZATION, options, sends=sends)
        told = _("Created organization {name} ({remote_id}).")
        self.tell(write, options, told.format(name=shown(sends["name"]), remote_id=write.remote_id))
