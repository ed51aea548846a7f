"""The CRM: everybody of the customer desk reads and writes it, but for deleting; the warehouse sees none of it."""

from django.db import migrations

from backoffice.roles import CUSTOMER_DESK, SUPERVISOR, VIEWER, grant

MODELS = ("contact", "organization", "invoice", "transaction")
VIEWS = [f"view_{model}" for model in MODELS]
VERBS = [
    "create_contact", "update_contact", "fetch_contact", "refresh_contact",
    "create_organization", "fetch_organization", "refresh_organization", "refresh_invoice", "refresh_transaction",
]  # fmt: skip
PAYLOADS = [f"view_payload_{model}" for model in MODELS]
CUSTOMERS = {
    VIEWER: VIEWS,
    CUSTOMER_DESK: [*VIEWS, *VERBS],
    SUPERVISOR: [*VIEWS, *VERBS, *PAYLOADS, "delete_contact"],
}


def give(apps, schema_editor):
    grant(apps, "customers", CUSTOMERS)


class Migration(migrations.Migration):
    dependencies = [("customers", "0008_crm"), ("backoffice", "0007_bulk_sends")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
