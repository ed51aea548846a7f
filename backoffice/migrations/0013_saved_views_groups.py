"""Supervisors keep the views that groups share in order."""

from django.db import migrations

from backoffice.roles import SUPERVISOR, grant


def give(apps, schema_editor):
    grant(apps, "backoffice", {SUPERVISOR: ["share_savedview"]})


class Migration(migrations.Migration):
    dependencies = [("backoffice", "0012_saved_views")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
