"""What the four groups may do with customers. The warehouse sees none of them."""

from django.db import migrations

from backoffice.roles import CUSTOMER_DESK, SUPERVISOR, VIEWER, grant

VIEWS = ["view_customer", "view_setuplink", "view_whatsappaccount"]
READS = ["fetch_customer", "refresh_customer"]
PAYLOADS = ["view_payload_customer", "view_payload_setuplink", "view_payload_whatsappaccount"]
CUSTOMERS = {VIEWER: VIEWS, CUSTOMER_DESK: [*VIEWS, *READS], SUPERVISOR: [*VIEWS, *READS, *PAYLOADS]}


def give(apps, schema_editor):
    grant(apps, "customers", CUSTOMERS)


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial"), ("backoffice", "0002_groups")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
