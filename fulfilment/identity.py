"""Recipients have keys, so that their customers are found. Importing it registers them."""

from collections.abc import Iterable

from django.db.models import Q

from backoffice.mirror import GONE
from customers.identity.sources import Key, Source, email, name, phone, register
from fulfilment.models import Recipient


def _recipient(row: Recipient) -> Iterable[Key | None]:
    return email(row.email), phone(row.phone, row.country_code), name(row.name), name(row.organisation)


register(
    Source(
        "afosto.contacts", Recipient,
        ("email", "phone", "country_code", "given_name", "additional_name", "family_name", "organisation"),
        _recipient, gone=GONE | Q(deleted_at__isnull=False),
    )
)  # fmt: skip
