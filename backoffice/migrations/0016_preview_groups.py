"""Supervisors see the exact request before it is sent."""

from django.db import migrations

from backoffice.roles import SUPERVISOR, grant


def give(apps, schema_editor):
    grant(apps, "backoffice", {SUPERVISOR: ["preview_remotewrite"]})


class Migration(migrations.Migration):
    dependencies = [("backoffice", "0015_preview")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
