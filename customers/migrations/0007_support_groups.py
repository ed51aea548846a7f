"""Support customers: viewers see them less what is masked, the customer desk may do all but delete and erase."""

from django.db import migrations

from backoffice.roles import CUSTOMER_DESK, SUPERVISOR, VIEWER, grant

VIEW = ["view_supportcustomer"]
DESK = [
    *VIEW, "create_supportcustomer", "update_supportcustomer", "fetch_supportcustomer", "refresh_supportcustomer",
]  # fmt: skip
ALL = [
    *DESK, "delete_supportcustomer", "erase_supportcustomer", "view_masked_supportcustomer",
    "view_payload_supportcustomer",
]  # fmt: skip
SUPPORT = {VIEWER: VIEW, CUSTOMER_DESK: DESK, SUPERVISOR: ALL}


def give(apps, schema_editor):
    grant(apps, "customers", SUPPORT)


class Migration(migrations.Migration):
    dependencies = [("customers", "0006_support"), ("backoffice", "0002_groups")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
