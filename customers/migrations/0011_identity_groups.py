"""The customer desk says who is the same; viewers see it. The warehouse knows recipients only."""

from django.db import migrations

from backoffice.roles import CUSTOMER_DESK, SUPERVISOR, VIEWER, grant

VIEWS = ["view_identitylink"]
LINKS = [*VIEWS, "link_identity"]
CUSTOMERS = {VIEWER: VIEWS, CUSTOMER_DESK: LINKS, SUPERVISOR: LINKS}


def give(apps, schema_editor):
    grant(apps, "customers", CUSTOMERS)


class Migration(migrations.Migration):
    dependencies = [("customers", "0010_identity"), ("backoffice", "0007_bulk_sends")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
