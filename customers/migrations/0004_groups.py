"""The verbs of the customers app: the customer desk may do all but archive, the supervisor all."""

from django.db import migrations

from backoffice.roles import CUSTOMER_DESK, SUPERVISOR, grant

DESK = [
    "create_customer", "update_customer", "suspend_customer", "activate_customer",
    "create_setuplink", "replace_setuplink", "update_redirects_setuplink", "revoke_setuplink",
    "refresh_whatsappaccount", "sync_templates_whatsappaccount",
]  # fmt: skip
CUSTOMERS = {CUSTOMER_DESK: DESK, SUPERVISOR: [*DESK, "archive_customer"]}


def give(apps, schema_editor):
    grant(apps, "customers", CUSTOMERS)


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_verbs"), ("backoffice", "0004_groups")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
