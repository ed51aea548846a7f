"""Each verb of parcels and locations from its command, at an Afosto that is well, refuses, is down, or silent."""

from collections.abc import Iterator
from typing import Any

import pytest

from backoffice.models import RemoteWrite
from backoffice.tests.factories import person
from customers.tests.writing import later
from fulfilment.models import LabelJob
from fulfilment.tests.list_writes import Case, writes
from fulfilment.tests.parcel_writes import CASES, Packing
from fulfilment.tests.syncing import upstream
from fulfilment.tests.test_list_writes_trouble import told

pytestmark = pytest.mark.django_db
each_verb = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.target} {case}")


@pytest.fixture
def packing(settings: Any) -> Iterator[Packing]:
    with upstream(settings, lists=0, parcels=0) as there:
        yield Packing.of(there)


@each_verb
def test_a_healthy_afosto_does_it_once_for_those_who_may(case: Case, packing: Packing) -> None:
    person("viewer", username="vera")
    person("warehouse", username="wati")
    argv = case.argv(packing)
    refused = case.run(*argv, "--as", "vera", "--json")
    assert (refused.code, refused.out) == (3, "") and case.permission in refused.err
    assert packing.there.calls == [] and not case.is_done(packing)
    record = told(case, ended := case.run(*argv, "--as", "wati", "--json"))
    assert (ended.code, record["state"], record["status"], record["error"]) == (0, "confirmed", case.status, "")
    assert case.is_done(packing) and len(packing.sent_requests()) == 1
    packing.assert_mirrored()
    assert case.run(*argv, "--write", record["write"]).code == 0
    assert len(packing.sent_requests()) == 1


@each_verb
def test_a_refusal_keeps_everything_and_says_it_in_afostos_words(case: Case, packing: Packing) -> None:
    argv, before = case.argv(packing), packing.state()
    for status in (400, 404, 409):
        packing.there.turn_on("fail", method=case.method, path=case.path, status=status)
        record = told(case, ended := case.run(*argv, "--json"))
        assert (ended.code, record["state"], record["status"]) == (3, "refused", status)
        assert record["request_id"].startswith(f"req-{status}-") and packing.state() == before
        packing.calm()
    packing.there.turn_on("limit", method=case.method, path=case.path)
    assert told(case, case.run(*argv, "--json"))["state"] == "failed"
    assert packing.state() == before
    packing.calm()
    packing.there.turn_on("latency", method=case.method, path=case.path, ms=20)
    sent = len(packing.sent_requests())
    assert case.run(*argv).code == 0 and case.is_done(packing), "nothing of it stands in the way"
    assert len(packing.sent_requests()) == sent + 1


@each_verb
def test_a_token_that_is_not_taken_refuses_it_and_nothing_more_is_asked_for_a_while(
    case: Case, packing: Packing
) -> None:
    argv, before = case.argv(packing), packing.state()
    packing.there.turn_on("fail", method=case.method, path=case.path, status=401)
    record = told(case, ended := case.run(*argv, "--json"))
    assert (ended.code, record["state"], record["status"]) == (3, "refused", 401)
    packing.calm()
    packing.there.calls.clear()
    assert told(case, case.run(*argv, "--json"))["state"] == "failed"
    assert packing.there.calls == [] and packing.state() == before
    assert not LabelJob.objects.filter(state__in=["requested", "pending"]).exists()


@each_verb
def test_of_an_afosto_that_is_down_nothing_was_sent_and_that_can_be_sent_again(case: Case, packing: Packing) -> None:
    argv, before = case.argv(packing), packing.state()
    packing.there.turn_on("down")
    record = told(case, ended := case.run(*argv, "--json"))
    assert (ended.code, record["state"], record["status"]) == (1, "failed", None)
    assert "not reached" in record["error"] and f"manage.py writes send_again {record['write']}" in ended.err
    assert packing.state() == before and LabelJob.objects.count() == 0
    packing.calm()
    again = writes("send_again", record["write"], "--json")
    assert (again.code, again.records[0]["state"], again.records[0]["write"]) == (0, "confirmed", record["write"])
    assert case.is_done(packing) and len(packing.sent_requests()) == 1


@each_verb
def test_an_answer_that_is_lost_is_settled_by_looking_and_not_done_twice(case: Case, packing: Packing) -> None:
    argv = case.argv(packing)
    packing.there.turn_on("drop", method=case.method, path=case.path)
    record = told(case, ended := case.run(*argv, "--json"))
    assert (ended.code, record["state"]) == (1, "unknown")
    sent = len(packing.sent_requests())
    assert sent == (3 if case.is_repeated else 1)
    packing.calm()
    settled = writes("settle", "--json")
    assert (settled.code, settled.records[0]["state"]) == (0, "confirmed"), settled
    assert case.is_done(packing) and len(packing.sent_requests()) == sent
    packing.assert_mirrored()


@each_verb
def test_what_was_never_done_is_proven_so_and_sent_again_once(case: Case, packing: Packing) -> None:
    argv, before = case.argv(packing), packing.state()
    packing.there.turn_on("fail", method=case.method, path=case.path, status=503)
    record = told(case, case.run(*argv, "--json"))
    assert (record["state"], record["status"]) == ("unknown", 503)
    sent = len(packing.sent_requests())
    packing.calm()
    assert writes("settle").code == 1  # too early: it could still be under way
    with later(61):
        settled = writes("settle", record["write"], "--json")
        assert (settled.code, settled.records[0]["state"]) == (0, "failed"), settled
        assert packing.state() == before
        assert writes("send_again", record["write"]).code == 0
    assert case.is_done(packing) and len(packing.sent_requests()) == sent + 1
    assert RemoteWrite.objects.count() == 1
