"""The four groups, with what they may do in the kernel and with the schedules."""

from django.db import migrations

from backoffice.roles import CUSTOMER_DESK, SUPERVISOR, VIEWER, WAREHOUSE, grant

VIEWS = ["view_syncrun", "view_upstreamstate", "view_rejectedrecord", "view_rowchange", "view_drift"]
VERBS = ["start_syncrun", "stop_syncrun", "approve_syncrun", "retry_rejectedrecord"]
KERNEL = {
    VIEWER: VIEWS,
    CUSTOMER_DESK: VIEWS,
    WAREHOUSE: ["view_syncrun", "view_upstreamstate"],  # how fresh things are; their own screens come with fulfilment
    SUPERVISOR: [*VIEWS, *VERBS, "view_payload_rejectedrecord"],
}
SCHEDULES = ["periodictask", "intervalschedule", "crontabschedule", "solarschedule", "clockedschedule"]
BEAT = {SUPERVISOR: [f"{verb}_{model}" for model in SCHEDULES for verb in ("view", "add", "change", "delete")]}


def give(apps, schema_editor):
    grant(apps, "backoffice", KERNEL)
    grant(apps, "django_celery_beat", BEAT)


class Migration(migrations.Migration):
    dependencies = [
        ("backoffice", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
