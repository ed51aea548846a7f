"""Notes on customers: read by whoever sees customers, written by the customer desk and supervisors."""

from django.db import migrations

from backoffice.roles import CUSTOMER_DESK, SUPERVISOR, VIEWER, grant

VIEW = "view_customernote"
OWN = ["add_customernote", "change_customernote", "delete_customernote"]
CUSTOMERS = {VIEWER: [VIEW], CUSTOMER_DESK: [VIEW, *OWN], SUPERVISOR: [VIEW, *OWN]}


def give(apps, schema_editor):
    grant(apps, "customers", CUSTOMERS)


class Migration(migrations.Migration):
    dependencies = [("customers", "0012_customernote")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
