"""All four upstreams in small, mirrored, with one of everything that can go wrong: what a page may have to show."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
from django.contrib.auth.models import User
from django.utils import timezone

from backoffice.models import WebhookDelivery
from backoffice.sandbox import AFOSTO_PATH, APIDECK_PATH, KIRIM_PATH, LAYERCAKE_PATH, Sandbox, Switch
from backoffice.sync.resource import RESOURCES
from backoffice.tests.factories import ChangeFactory, DriftFactory, RejectedFactory, RunFactory, person
from customers.identity import match
from customers.identity.refresh import refresh
from customers.models import Customer, CustomerNote
from customers.tests.bulking import frozen
from customers.tests.kirim import sync
from customers.tests.writing import active_customer, create_link, look, write
from customers.verbs import kirim as verbs
from fulfilment.models import LabelJob, Parcel, Picker

ORIGIN = "http://127.0.0.1:9000"


@contextmanager
def four_upstreams(settings: Any) -> Iterator[Sandbox]:
    """The sandbox behind the client as each of the four, all of it mirrored."""
    with Sandbox(customers=24, lists=8, parcels=12, kirim_api_key=settings.KIRIM_API_KEY) as sandbox:
        settings.REMOTE_TRANSPORT = httpx.WSGITransport(app=sandbox.wsgi)
        settings.KIRIM_BASE_URL = f"{ORIGIN}{KIRIM_PATH}"
        settings.AFOSTO_BASE_URL = f"{ORIGIN}{AFOSTO_PATH}"
        settings.AFOSTO_CLIENT_ID = sandbox.afosto_client_id
        settings.AFOSTO_CLIENT_SECRET = sandbox.afosto_client_secret
        keys, tenant = sandbox.apideck_keys, sandbox.layercake_tenant
        settings.APIDECK_BASE_URL, settings.APIDECK_API_KEY = f"{ORIGIN}{APIDECK_PATH}", keys.api_key
        settings.APIDECK_APP_ID, settings.APIDECK_CONSUMER_ID = keys.app_id, keys.consumer_id
        settings.APIDECK_SERVICE_ID = keys.service_id
        settings.LAYERCAKE_BASE_URL, settings.LAYERCAKE_API_KEY = f"{ORIGIN}{LAYERCAKE_PATH}", tenant.api_key
        settings.LAYERCAKE_ORGANIZATION_ID = tenant.organization_id
        for name in RESOURCES:
            run = sync(name)
            assert run.state == run.State.SUCCEEDED, (name, run.error)
        refresh()
        match.suggest()
        yield sandbox


def make_trouble(sandbox: Sandbox, user: User) -> CustomerNote:
    """One of everything that can wait for a person, and a note of theirs on the oldest customer."""
    kirim = sandbox.switches["kirim"]
    customer = active_customer()
    kirim.turn_on(Switch("drop", method="POST", times=1))
    lost, _ = create_link(customer, expires_in_hours=24)
    look(lost, after_s=0)
    kirim.turn_on(Switch("drop", method="PATCH"))
    write(verbs.SUSPEND_CUSTOMER, customer, reason="unpaid since May")
    kirim.turn_off("drop")
    kirim.turn_on(Switch("down"))
    write(verbs.ARCHIVE_CUSTOMER, customer, reason="left us")
    kirim.turn_off("down")
    write(verbs.CREATE_CUSTOMER, sends={"name": "x" * 201, "email": "nonsense"})
    run = RunFactory(state="partial", error="held", held=43, started_by=user, trigger="person")
    RunFactory(state="running", phase="sweeping", ended_at=None, fetched=50, unchanged=50, resource="afosto.parcels")
    RunFactory(state="failed", swept_from=None, resource="afosto.parcels", error="GET /lcs/parcels: answered 503")
    RejectedFactory(run=run)
    ChangeFactory(run=run, remote_id=customer.remote_id)
    DriftFactory()
    WebhookDelivery.objects.create(
        upstream="kirim", event_id="msg_1", event="customer.updated", payload='{"type": "customer.updated"}',
        state="failed", error="GET /customers/{id}: answered 503",
    )  # fmt: skip
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, Customer.objects.all()[:5], reason="Not paid since May.")
    for item, state in zip(
        bulk.items.order_by("position"), ("confirmed", "refused", "failed", "unknown"), strict=False
    ):
        bulk.items.filter(pk=item.pk).update(state=state, error="" if state == "confirmed" else "answered 503")
    LabelJob.objects.create(
        parcel=Parcel.objects.first(), kind=LabelJob.Kind.LABEL, state=LabelJob.State.FAILED, error="No such carrier"
    )
    Picker.objects.create(user=user, sub="65499856-fd85-401d-b264-c752e6ad8880")
    person("warehouse", username="joost.de-vries@warehouse.example", last_login=timezone.now() - timedelta(days=3))
    return CustomerNote.objects.create(customer=customer, author=user, text="Calls on Tuesdays.")
