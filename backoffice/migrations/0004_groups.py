"""What the four groups may do with writes, bulk actions and deliveries. Doing a verb takes that verb's permission."""

from django.db import migrations

from backoffice.roles import CUSTOMER_DESK, SUPERVISOR, VIEWER, WAREHOUSE, grant

VIEWS = ["view_remotewrite", "view_writeattempt", "view_bulkaction", "view_bulkitem", "view_webhookdelivery"]
VERBS = [
    "settle_remotewrite", "replay_webhookdelivery", "view_payload_webhookdelivery", "subscribe_upstreamstate",
]  # fmt: skip
KERNEL = {VIEWER: VIEWS, CUSTOMER_DESK: VIEWS, WAREHOUSE: VIEWS[:4], SUPERVISOR: [*VIEWS, *VERBS]}


def give(apps, schema_editor):
    grant(apps, "backoffice", KERNEL)


class Migration(migrations.Migration):
    dependencies = [("backoffice", "0003_writes_bulk_webhooks")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
