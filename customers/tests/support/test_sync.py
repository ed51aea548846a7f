"""The sync of support customers: exact, honest, and without belief in what proves nothing."""

import json
from typing import Any

import httpx
import pytest

from backoffice.models import RejectedRecord, RowChange, UpstreamState
from customers.models import SupportCustomer
from customers.tests.kirim import counts, sync
from customers.tests.support.apideck import PRIVATE, FakeApideck, customer, listed, refusal

RESOURCE = "apideck.customers"


def test_a_customer_is_mirrored_with_what_lists_show_and_people_search_for(apideck: FakeApideck) -> None:
    empty = {"id": "cs_2", "emails": [], "bank_accounts": {"currency": None}, "status": None, "updated_at": None}
    apideck.customers = [customer(), empty, {"id": "cs_3", "company_name": "Alpha", "individual": False}]
    assert counts(sync(RESOURCE)) == {"fetched": 3, "created": 3}
    ana = SupportCustomer.objects.get(remote_id="cs_1001")
    assert (ana.name, ana.company_name, ana.email) == ("Ana Peeters 1", "Nordwind NV", "Ana1@nordwind.example")
    assert (ana.phone, ana.status, ana.currency, ana.individual) == ("+32 2 555 01 00", "active", "EUR", False)
    assert ana.search_text.splitlines() == [
        "ana peeters 1", "nordwind nv", "cs_1001", "ana1@nordwind.example", "+32 2 555 01 00", "3225550100",
    ]  # fmt: skip
    assert ana.payload["bank_accounts"]["iban"] in PRIVATE  # kept whole, and in the payload only
    columns = {name: str(value) for name, value in vars(ana).items() if name != "payload"}
    assert not [name for name, text in columns.items() if any(value in text for value in PRIVATE)]
    assert [row.name for row in SupportCustomer.objects.all()] == ["", "Alpha", "Ana Peeters 1"]


def test_all_pages_are_read_to_the_null_cursor_however_short_they_are(apideck: FakeApideck) -> None:
    apideck.customers, apideck.page_size = [customer(number) for number in range(7)], 3
    assert counts(sync(RESOURCE)) == {"fetched": 7, "created": 7}
    apideck.customers[3]["notes"] = "Another"
    assert counts(sync(RESOURCE)) == {"fetched": 7, "updated": 1, "unchanged": 6}
    assert RowChange.objects.get().member == "notes"


def _looping(request: httpx.Request) -> httpx.Response:
    return listed([customer(int(request.url.params.get("cursor", "1")))], "2")


@pytest.mark.parametrize(
    ("mischief", "told"),
    [
        (lambda request: refusal(402, "RequestLimitError", "Request Limit Reached"), "Request Limit Reached"),
        (lambda request: refusal(401, "UnauthorizedError", "Unauthorized Request"), "Unauthorized"),
        (lambda request: refusal(404, "ConnectionNotFoundError", "Connection not found"), "Connection not found"),
        (lambda request: refusal(501, "ConnectorOperationUnsupportedError", "Not supported"), "Not supported"),
        (_looping, "the same cursor came twice"),
        (lambda request: httpx.Response(200, json={"data": None}), "unreadable answer"),
    ],
    ids=["402", "401", "no connection", "unsupported", "looping", "no list"],
)
def test_what_does_not_reach_the_end_fails_and_nothing_vanishes(
    mirrored: FakeApideck, mischief: Any, told: str
) -> None:
    mirrored.mischief = mischief
    run = sync(RESOURCE)
    assert (run.state, told in run.error) == ("failed", True), run.error
    assert not SupportCustomer.objects.exclude(vanished_at=None).exists()
    assert len(mirrored.requests) <= 4


def test_a_refused_key_stops_the_upstream_and_a_broken_connection_is_no_refused_key(mirrored: FakeApideck) -> None:
    mirrored.mischief = lambda request: refusal(401, "ConnectorCredentialsError", "Token expired")
    sync(RESOURCE)
    assert not UpstreamState.objects.get(upstream="apideck").key_refused
    mirrored.mischief = lambda request: refusal(401, "UnauthorizedError", "Unauthorized Request")
    sync(RESOURCE)
    state = UpstreamState.objects.get(upstream="apideck")
    assert state.key_refused and state.paused_until


def test_only_the_word_that_there_is_no_such_customer_proves_one_gone(mirrored: FakeApideck) -> None:
    gone = mirrored.customers.pop(0)

    def mischief(request: httpx.Request) -> httpx.Response | None:
        is_single = request.url.path.endswith(gone["id"])
        return refusal(404, "RouteNotFoundError", "No route") if is_single else None

    mirrored.mischief = mischief
    run = sync(RESOURCE)
    assert run.state == "partial" and "No route" in run.error
    assert SupportCustomer.objects.get(remote_id=gone["id"]).vanished_at is None
    mirrored.mischief = lambda request: None
    assert counts(sync(RESOURCE))["vanished"] == 1
    mirrored.customers.append(gone)
    assert counts(sync(RESOURCE))["updated"] == 1


def test_what_the_contract_does_not_allow_is_rejected_alone_and_unknown_words_are_kept(apideck: FakeApideck) -> None:
    bad = customer(2, phone_numbers=[{"type": "work"}])
    apideck.customers = [customer(1, status="dormant", tier="gold"), bad, customer(3, tax_number=7)]
    run = sync(RESOURCE)
    assert (run.state, counts(run)) == ("partial", {"fetched": 3, "created": 1, "failed": 2})
    assert SupportCustomer.objects.get().status == "dormant"
    assert sorted(RejectedRecord.objects.values_list("remote_id", flat=True)) == ["cs_1002", "cs_1003"]
    assert json.loads(RejectedRecord.objects.get(remote_id="cs_1002").payload)["tax_number"]


def test_records_of_another_consumer_never_mix_with_those_here(mirrored: FakeApideck, settings: Any) -> None:
    settings.APIDECK_CONSUMER_ID = "tenant-8"
    run = sync(RESOURCE)
    assert run.state == "failed" and "tenant-7" in run.error and "tenant-8" in run.error
    assert not mirrored.requests
