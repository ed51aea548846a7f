"""The four groups, and the schedule that an installation starts with."""

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from backoffice.roles import has_role
from backoffice.sync.resource import RESOURCES
from backoffice.tests.factories import person, superuser

pytestmark = pytest.mark.django_db

VIEWS = {
    "customers.view_customer",
    "customers.view_setuplink",
    "customers.view_supportcustomer",
    "customers.view_whatsappaccount",
    "customers.view_identitylink",
    "customers.view_customernote",
    *(f"customers.view_{kind}" for kind in ("contact", "organization", "invoice", "transaction")),
    "backoffice.view_syncrun",
    "backoffice.view_rejectedrecord",
    "backoffice.view_rowchange",
    "backoffice.view_drift",
    "backoffice.view_upstreamstate",
    "backoffice.view_remotewrite",
    "backoffice.view_writeattempt",
    "backoffice.view_bulkaction",
    "backoffice.view_bulkitem",
    "backoffice.view_webhookdelivery",
}
AUDIT = {"backoffice.view_auditentry"}
WAREHOUSE_VIEWS = {
    "fulfilment.view_handlinglist",
    "fulfilment.view_shipment",
    "fulfilment.view_parcel",
    "fulfilment.view_location",
    "fulfilment.view_shippingmethod",
    "fulfilment.view_recipient",
    "fulfilment.view_labeljob",
}
WAREHOUSE = {
    *(f"fulfilment.{verb}_handlinglist" for verb in ("create", "assign", "hold", "release", "mark_handled", "delete")),
    *(f"fulfilment.set_{what}_shipment" for what in ("method", "backorders", "overage", "missing")),
    "fulfilment.take_default_positions_shipment",
    "fulfilment.cancel_shipment",
    *(f"fulfilment.{verb}_parcel" for verb in ("create", "update", "add_pieces", "remove_pieces", "request_label")),
    *(f"fulfilment.{verb}_parcel" for verb in ("request_slip", "mark_in_transit", "finish", "delete")),
    *(
        f"fulfilment.{verb}_location"
        for verb in ("create", "rename", "enable", "disable", "set_walk_order", "set_skus")
    ),
    *(f"fulfilment.refresh_{kind}" for kind in ("handlinglist", "shipment", "parcel", "location", "recipient")),
}
PICKERS = {f"fulfilment.{verb}_picker" for verb in ("add", "change", "delete", "view")}
DESK = {
    "customers.link_identity",
    *(f"customers.{verb}_customernote" for verb in ("add", "change", "delete")),
    "customers.create_customer",
    "customers.update_customer",
    "customers.suspend_customer",
    "customers.activate_customer",
    "customers.create_setuplink",
    "customers.replace_setuplink",
    "customers.update_redirects_setuplink",
    "customers.revoke_setuplink",
    "customers.refresh_whatsappaccount",
    "customers.sync_templates_whatsappaccount",
    *(f"customers.{verb}_supportcustomer" for verb in ("create", "update", "fetch", "refresh")),
    *(f"customers.{verb}_contact" for verb in ("create", "update", "fetch", "refresh")),
    *(f"customers.{verb}_organization" for verb in ("create", "fetch", "refresh")),
    *(f"customers.refresh_{kind}" for kind in ("invoice", "transaction")),
}
READS = {"customers.fetch_customer", "customers.refresh_customer"}
VERBS = {
    "backoffice.start_syncrun",
    "backoffice.stop_syncrun",
    "backoffice.approve_syncrun",
    "backoffice.share_savedview",
    "backoffice.retry_rejectedrecord",
    "backoffice.settle_remotewrite",
    "backoffice.preview_remotewrite",
    "backoffice.replay_webhookdelivery",
    "backoffice.subscribe_upstreamstate",
    "customers.archive_customer",
    "customers.delete_contact",
    *(f"customers.{verb}_supportcustomer" for verb in ("delete", "erase", "view_masked")),
}
PAYLOADS = {
    *(f"customers.view_payload_{kind}" for kind in ("contact", "organization", "invoice", "transaction")),
    "customers.view_payload_customer",
    "customers.view_payload_supportcustomer",
    "customers.view_payload_setuplink",
    "customers.view_payload_whatsappaccount",
    "backoffice.view_payload_rejectedrecord",
    "backoffice.view_payload_webhookdelivery",
    *(f"fulfilment.view_payload_{kind}" for kind in ("handlinglist", "shipment", "parcel", "location", "recipient")),
    "fulfilment.view_payload_shippingmethod",
}


def test_each_role_holds_exactly_what_it_is_for():
    assert person("viewer").get_all_permissions() == VIEWS | WAREHOUSE_VIEWS
    assert person("customer desk").get_all_permissions() == VIEWS | WAREHOUSE_VIEWS | READS | DESK
    assert person("warehouse").get_all_permissions() == {
        "backoffice.view_syncrun",
        "backoffice.view_upstreamstate",
        "backoffice.view_remotewrite",
        "backoffice.view_writeattempt",
        "backoffice.view_bulkaction",
        "backoffice.view_bulkitem",
        *WAREHOUSE_VIEWS,
        *WAREHOUSE,
    }
    supervisor = person("supervisor").get_all_permissions()
    assert {name for name in supervisor if not name.startswith("django_celery_beat.")} == (
        VIEWS | WAREHOUSE_VIEWS | READS | DESK | WAREHOUSE | VERBS | PAYLOADS | PICKERS | AUDIT
    )
    assert "django_celery_beat.change_periodictask" in supervisor


def test_every_permission_of_ours_that_is_no_editing_is_the_supervisors():
    """A permission that somebody adds later must be thought of here."""
    ours = Permission.objects.filter(content_type__app_label__in=["backoffice", "customers", "fulfilment"])
    verbs = {
        f"{permission.content_type.app_label}.{permission.codename}"
        for permission in ours.select_related("content_type")
        if permission.codename.split("_")[0] not in {"add", "change", "delete"}
    }
    assert verbs <= person("supervisor").get_all_permissions()


def test_only_a_role_or_being_superuser_lets_staff_in():
    assert not has_role(person())
    assert has_role(person("warehouse"))
    assert has_role(superuser())
    assert not has_role(superuser(is_active=False))


def test_a_new_installation_syncs_everything_on_a_schedule():
    tasks = {(task.task.rpartition(".")[2], task.args): task for task in PeriodicTask.objects.all()}
    for name, resource in RESOURCES.items():
        interval = tasks["sync_resource", f'["{name}"]'].interval
        assert (interval.every, interval.period) == (resource.every_minutes, "minutes")
    assert tasks["reap", "[]"].interval.every == 1
    assert tasks["prune", "[]"].crontab.hour == "3"


def test_migrating_again_leaves_what_staff_made_of_the_schedule():
    task = PeriodicTask.objects.get(args='["kirim.accounts"]')
    task.name, task.enabled = "Accounts, weekly", False
    task.interval = IntervalSchedule.objects.create(every=7, period="days")
    task.save()
    count = PeriodicTask.objects.count()

    call_command("migrate", verbosity=0)

    task.refresh_from_db()
    assert (task.name, task.enabled, task.interval.every) == ("Accounts, weekly", False, 7)
    assert PeriodicTask.objects.count() == count
