"""The audit is the supervisors' to read."""

from django.db import migrations

from backoffice.roles import SUPERVISOR, grant


def give(apps, schema_editor):
    grant(apps, "backoffice", {SUPERVISOR: ["view_auditentry"]})


class Migration(migrations.Migration):
    dependencies = [("backoffice", "0010_audit")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
