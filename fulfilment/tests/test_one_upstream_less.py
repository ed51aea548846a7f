"""One of the four upstreams is off, or down: every page and command goes on with the rest, and says so."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from backoffice import upstreams
from backoffice.admin.related import url_of
from backoffice.models import SyncRun, UpstreamState
from backoffice.sandbox import AFOSTO_PATH, APIDECK_PATH, KIRIM_PATH, LAYERCAKE_PATH, Sandbox, Switch
from backoffice.sync.resource import RESOURCES, Resource
from backoffice.tests.factories import person
from backoffice.tests.reading import text_of
from backoffice.tests.shell import Ended, command, run
from backoffice.upstreams import UPSTREAMS
from customers.identity import match, refresh
from customers.models import Customer, IdentityLink
from fulfilment.tests.syncing import sync

pytestmark = pytest.mark.django_db(transaction=True)

COMMANDS = "backoffice.management.commands"


@pytest.fixture
def sandbox(settings: Any) -> Iterator[Sandbox]:
    """All four, small, and everything of them mirrored."""
    with Sandbox(customers=12, lists=2, parcels=3) as sandbox:
        settings.REMOTE_TRANSPORT = httpx.WSGITransport(app=sandbox.wsgi)
        for name, path in (
            ("KIRIM", KIRIM_PATH), ("APIDECK", APIDECK_PATH), ("LAYERCAKE", LAYERCAKE_PATH), ("AFOSTO", AFOSTO_PATH),
        ):  # fmt: skip
            setattr(settings, f"{name}_BASE_URL", f"http://127.0.0.1:9000{path}")
        keys, tenant = sandbox.apideck_keys, sandbox.layercake_tenant
        settings.KIRIM_API_KEY = sandbox.kirim_api_key
        settings.APIDECK_API_KEY, settings.APIDECK_APP_ID = keys.api_key, keys.app_id
        settings.APIDECK_CONSUMER_ID, settings.APIDECK_SERVICE_ID = keys.consumer_id, keys.service_id
        settings.LAYERCAKE_API_KEY, settings.LAYERCAKE_ORGANIZATION_ID = tenant.api_key, tenant.organization_id
        settings.AFOSTO_CLIENT_ID = sandbox.afosto_client_id
        settings.AFOSTO_CLIENT_SECRET = sandbox.afosto_client_secret
        settings.LAYERCAKE_REQUESTS_PER_MINUTE = 0
        for resource in RESOURCES:
            assert sync(resource).state == SyncRun.State.SUCCEEDED, resource
        refresh.refresh()
        match.suggest()
        yield sandbox


def list_of(resource: Resource) -> str:
    """The address of a resource's list."""
    return reverse(f"admin:{resource.model._meta.app_label}_{resource.model._meta.model_name}_changelist")


def pages(name: str) -> Iterator[str]:
    """The pages that show something of all upstreams, and a record of each kind of this one."""
    customer = Customer.objects.filter(identity_links__isnull=False).first()
    assert customer and IdentityLink.objects.exists()
    yield from ("/", f"/customers/{customer.remote_id}/", f"/search/?q={customer.email}", "/search/?q=cus_1")
    yield from ("/identity/", "/needs-you/", "/board/", "/admin/search/?extended=1&s=toko")
    for resource in RESOURCES.values():
        yield list_of(resource)
        row = resource.model._default_manager.first()
        if row and resource.upstream == name:
            yield url_of(row)


def walked(client: Client, name: str) -> dict[str, str]:
    """What each page says to a supervisor."""
    client.force_login(person("supervisor"))
    answers = {page: client.get(page) for page in pages(name)}
    assert {answer.status_code for answer in answers.values()} == {200}, answers
    return {page: text_of(answer) for page, answer in answers.items()}


def of_customer(told: dict[str, str]) -> str:
    """What the customer's page said."""
    return next(text for page, text in told.items() if page.startswith("/customers/"))


def is_of(resource: str, name: str) -> bool:
    """Whether a resource is one of the upstream's."""
    return RESOURCES[resource].upstream == name


def carried_out(name: str, *argv: str) -> Ended:
    return run(command(f"{COMMANDS}.{name}"), *argv)


def states(ended: Ended) -> dict[str, str]:
    """The state of each resource that ``sync --json`` told of."""
    return {record["resource"]: record["state"] for record in ended.records}


def doctor_says(name: str) -> set[str]:
    """The states in which ``doctor`` finds an upstream; the others are found well."""
    found = [(record["name"], record["state"]) for record in carried_out("doctor", "--json").records]
    for other in UPSTREAMS:
        assert other == name or {state for one, state in found if one == other} == {"ok"}, (other, found)
    return {state for one, state in found if one == name}


def test_with_one_upstream_off_the_rest_works_and_says_so(sandbox: Sandbox, client: Client, settings: Any) -> None:
    for name, upstream in UPSTREAMS.items():
        address = getattr(settings, upstream.address)
        setattr(settings, upstream.address, "")
        told = walked(client, name)
        assert told["/"].count("Off: nothing is read or sent. Records that were read before are still shown.") == 1
        assert upstreams.to_do(name) in told["/"]
        assert re.search(rf"<dt>{upstream.label} <[^>]*>off<", of_customer(told)), name
        for resource in RESOURCES.values():
            assert (f"{upstream.label} is off" in told[list_of(resource)]) is (resource.upstream == name), resource
        ended = carried_out("sync", "--json")
        assert (ended.code, states(ended)) == (0, {one: "succeeded" for one in RESOURCES if not is_of(one, name)})
        refused = carried_out("sync", next(one for one in RESOURCES if is_of(one, name)))
        assert refused.code != 0 and f"{upstream.label} is off" in refused.err
        assert not doctor_says(name) <= {"ok"}
        setattr(settings, upstream.address, address)


def test_with_one_upstream_down_the_rest_works_and_says_since_when(sandbox: Sandbox, client: Client) -> None:
    troubles = [Switch("down"), Switch("fail", status=503)]
    for number, (name, upstream) in enumerate(UPSTREAMS.items()):
        answered_at = UpstreamState.objects.get(upstream=name).last_success_at
        assert answered_at
        sandbox.switches[name].turn_on(troubles[number % 2])
        ended = carried_out("sync", "--json")
        assert ended.code != 0
        assert states(ended) == {one: "failed" if is_of(one, name) else "succeeded" for one in RESOURCES}
        told = walked(client, name)
        since = f"It has not answered a whole sync since {answered_at:%Y-%m-%d %H:%M:%S} UTC"
        as_read = re.sub(r"<[^>]*>", "", told["/"]), re.sub(r"<[^>]*>", "", of_customer(told))
        assert as_read[0].count(since) == 1, name
        assert f"{upstream.label} cannot be asked now" in as_read[1] and since in as_read[1]
        assert doctor_says(name) == {"fail"}
        sandbox.switches[name].turn_off(troubles[number % 2].kind)
        UpstreamState.objects.filter(upstream=name).update(paused_until=None)
        assert set(states(carried_out("sync", "--json")).values()) == {"succeeded"}
