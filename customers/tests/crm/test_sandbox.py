"""The CRM as a story against the sandbox, whose shapes are another's reading of the contract."""

from typing import Any

import httpx
import pytest
from django.test import Client

from backoffice.models import RemoteWrite
from backoffice.sandbox import LAYERCAKE_PATH, Sandbox
from backoffice.sandbox.layercake.state import Tenant
from backoffice.sandbox.switches import Switch
from customers.models import Contact, Invoice, Organization, Transaction
from customers.tests.crm.conftest import RESOURCES
from customers.tests.crm.writing import SANNE, write
from customers.tests.kirim import counts, sync
from customers.tests.writing import look
from customers.verbs import crm as verbs

pytestmark = pytest.mark.django_db
State = RemoteWrite.State


def test_what_the_sandbox_holds_is_mirrored_exactly_and_changed_in_both_places(settings: Any, client: Client) -> None:
    tenant = Tenant(api_key="layercake-test-key", organization_id="org_x")
    with Sandbox(customers=120, lists=0, parcels=0, layercake=tenant) as sandbox:
        settings.REMOTE_TRANSPORT = httpx.WSGITransport(app=sandbox.wsgi)
        settings.LAYERCAKE_BASE_URL = f"http://127.0.0.1:9000{LAYERCAKE_PATH}"
        settings.LAYERCAKE_API_KEY, settings.LAYERCAKE_ORGANIZATION_ID = tenant.api_key, tenant.organization_id
        there = sandbox.layercake
        kinds: Any = zip(
            RESOURCES,
            (Contact, Organization, Invoice, Transaction),
            (there.contacts, there.organizations, there.invoices, there.transactions),
            strict=True,
        )
        switches = sandbox.switches["layercake"]
        for resource, model, rows in kinds:
            assert sync(resource).state == "succeeded"
            switches.turn_on(Switch("short"))
            switches.turn_on(Switch("bare"))
            assert counts(sync(resource)) == {"fetched": len(rows), "unchanged": len(rows)}, resource
            switches.turn_off("short")
            switches.turn_off("bare")
            assert set(model.objects.values_list("remote_id", flat=True)) == {row["id"] for row in rows}
        assert Invoice.objects.exclude(organization=None).exists() or Invoice.objects.exclude(contact=None).exists()
        for habit in ("renames", "wraps", "creates_say_id_only", "updates_say_ok_only", "deletes_say_nothing"):
            setattr(there.habits, habit, True)
            made = write(verbs.CREATE_CONTACT, sends={**SANNE, "email": f"{habit}@example.com"})
            assert made.state == State.CONFIRMED, made.error
            changed = write(verbs.UPDATE_CONTACT, made.remote_id, sends={"displayName": "Sanne B."})
            assert (changed.state, changed.remark) == (State.CONFIRMED, ""), changed.error
            assert there.contacts.get(made.remote_id)["displayName"] == "Sanne B."
            assert write(verbs.DELETE_CONTACT, made.remote_id).state == State.CONFIRMED
        count = len(there.contacts)
        switches.turn_on(Switch("drop", method="POST"))
        lost = write(verbs.CREATE_CONTACT, sends=SANNE)
        switches.turn_off("drop")
        assert (lost.state, len(there.contacts)) == (State.UNKNOWN, count + 1)
        assert (look(lost).state, len(there.contacts)) == (State.CONFIRMED, count + 1)
