"""Customer companies of the CRM: read, create, and looking for what was created. Nothing changes or removes them."""

from dataclasses import dataclass

from backoffice.models import RemoteWrite
from backoffice.sync.changes import BY_HAND, Cause
from backoffice.writes.verbs import Look
from customers.layercake import LayercakeAPI
from customers.models import Organization
from customers.services import crm
from customers.services.crm import Kind

MEMBERS = ("name", "website", "industry", "taxId")
"""What is written, as the contract calls it."""
KIND = Kind(
    "layercake.organizations", "organization", ("name", "website"), {"name": "name", "website": "website"}
)  # fmt: skip


@dataclass(frozen=True)
class OrganizationService:
    """Called by admin, commands and tasks, with a client that has their patience."""

    api: LayercakeAPI

    def fetch(self, remote_id: str, cause: Cause = BY_HAND) -> Organization:
        """Mirror one by its id. Source: ``GET /api/v1/crm/organizations/{companyId}``. Raises as ``single.fetch``."""
        organization = crm.fetch(KIND, self.api, remote_id, cause)
        assert isinstance(organization, Organization)  # noqa: S101  the resource's own model
        return organization

    def refresh(self, organization: Organization) -> Organization:
        """Read a mirrored one again. Raises as ``fetch``."""
        return self.fetch(organization.remote_id)

    def create(self, write: RemoteWrite) -> Organization | None:
        """Create one. ``write.sends``: of ``MEMBERS``, name at least. Source: ``POST /api/v1/crm/organizations``.

        Raises RemoteError: the write says what is known. A create is never repeated after a lost answer.
        """
        made: Organization | None = crm.create(KIND, self.api, write, self.api.create_organization)
        return made

    def look_for_created(self, write: RemoteWrite, is_late: bool) -> Look:
        """Source: ``GET /api/v1/crm/organizations``."""
        return crm.look_for_created(KIND, self.api, write, is_late)
