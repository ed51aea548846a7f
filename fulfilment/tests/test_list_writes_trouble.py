"""Each verb of lists and shipments from its command, at an Afosto that is well, refuses, is slow, down, or silent."""

from collections.abc import Iterator
from typing import Any

import pytest

from backoffice.models import RemoteWrite, WriteAttempt
from backoffice.tests.factories import person
from backoffice.tests.shell import Ended
from customers.tests.writing import later
from fulfilment.tests.list_writes import CASES, KEYS, Case, World, writes
from fulfilment.tests.syncing import upstream

pytestmark = pytest.mark.django_db

State = RemoteWrite.State
Outcome = WriteAttempt.Outcome
each_verb = pytest.mark.parametrize("case", CASES, ids=str)


@pytest.fixture
def world(settings: Any) -> Iterator[World]:
    with upstream(settings, lists=0, parcels=0) as there:
        yield World.of(there)


def told(case: Case, ended: Ended) -> dict[str, Any]:
    """The line of the verb's write; its members are those that people script against."""
    assert "Traceback" not in ended.err
    (record,) = ended.records
    assert list(record) == KEYS
    write = RemoteWrite.objects.get(pk=record["write"])
    assert (record["verb"], record["target"]) == (case.name, case.target) == (write.verb, write.target)
    assert (record["state"], record["error"], write.door) == (write.state, write.error, RemoteWrite.Door.COMMAND)
    return record


def requests_of(case: Case, world: World, write: str) -> int:
    """How often a write was sent: each request is one of its attempts, and nothing else is sent."""
    attempts = RemoteWrite.objects.get(pk=write).attempts.exclude(outcome=Outcome.NOT_REACHED).count()
    assert len(world.sent()) == attempts and {method for method, _ in world.sent()} <= {case.method}
    return attempts


@each_verb
def test_a_healthy_afosto_does_it_once_for_those_who_may_and_the_mirror_shows_it(case: Case, world: World) -> None:
    person("viewer", username="vera")
    person("warehouse", username="wati")
    argv = case.argv(world)
    refused = case.run(*argv, "--as", "vera", "--json")
    assert (refused.code, refused.out) == (3, "") and case.permission in refused.err
    assert world.there.calls == [] and not RemoteWrite.objects.exists()
    assert not case.is_done(world)
    record = told(case, ended := case.run(*argv, "--as", "wati", "--json"))
    assert (ended.code, record["state"], record["status"], record["error"]) == (0, "confirmed", case.status, "")
    assert record["remote_id"] and requests_of(case, world, record["write"]) == 1
    assert RemoteWrite.objects.get().actor.username == "wati"
    assert case.is_done(world)
    world.assert_mirrored()
    again = case.run(*argv, "--write", record["write"])
    assert again.code == 0 and "made before" in again.err
    assert len(again.out.splitlines()) == 1 and record["remote_id"] in again.out and again.out.endswith(".\n")
    assert len(world.sent()) == 1


@each_verb
def test_a_refusal_is_exit_3_with_afostos_words_and_changes_nothing(case: Case, world: World) -> None:
    argv, before = case.argv(world), world.state()
    for number, status in enumerate((400, 404, 409, 401), start=1):
        world.trouble("fail", method=case.method, path=case.path, status=status)
        record = told(case, ended := case.run(*argv, "--json"))
        assert (ended.code, record["state"], record["status"]) == (3, "refused", status)
        assert record["error"] in ended.err and record["request_id"].startswith(f"req-{status}-")
        assert world.state() == before
        world.calm()
        again = writes("send_again", record["write"])
        assert again.code == 3, "what was refused is not sent again"
        assert RemoteWrite.objects.count() == number
    assert not case.is_done(world)


@each_verb
def test_waits_without_end_and_an_afosto_that_is_down_are_failures_that_can_be_sent_again(
    case: Case, world: World
) -> None:
    argv, before = case.argv(world), world.state()
    world.trouble("limit", method=case.method, path=case.path)
    record = told(case, ended := case.run(*argv, "--json"))
    assert (ended.code, record["state"], record["status"]) == (1, "failed", 429)
    assert requests_of(case, world, record["write"]) == 3
    world.calm()
    world.trouble("down")
    unreached = told(case, ended := case.run(*argv, "--json"))
    assert (ended.code, unreached["state"], unreached["status"]) == (1, "failed", None)
    assert "not reached" in unreached["error"]
    assert world.state() == before
    world.calm()
    assert f"manage.py writes send_again {unreached['write']}" in ended.err
    again = writes("send_again", record["write"], "--json")
    assert (again.code, again.records[0]["state"], again.records[0]["write"]) == (0, "confirmed", record["write"])
    assert case.is_done(world)
    world.assert_mirrored()


@each_verb
def test_a_short_wait_and_a_slow_afosto_are_waited_for(case: Case, world: World) -> None:
    argv = case.argv(world)
    world.trouble("limit", method=case.method, path=case.path, retry_after="0", times=1)
    world.trouble("latency", method=case.method, path=case.path, ms=40)
    record = told(case, ended := case.run(*argv, "--json"))
    assert (ended.code, record["state"], requests_of(case, world, record["write"])) == (0, "confirmed", 2)
    assert case.is_done(world)


@each_verb
@pytest.mark.parametrize("trouble", ["drop", "503 after the work"])
def test_a_lost_answer_is_repeated_only_where_that_is_safe(case: Case, trouble: str, world: World) -> None:
    argv, how = case.argv(world), {"method": case.method, "path": case.path, "times": 1}
    if trouble == "drop":
        world.trouble("drop", **how)
    else:
        world.trouble("fail", status=503, after_work=True, **how)
    record = told(case, ended := case.run(*argv, "--json"))
    if case.is_repeated:
        assert (ended.code, record["state"], requests_of(case, world, record["write"])) == (0, "confirmed", 2)
    else:
        assert (ended.code, record["state"], requests_of(case, world, record["write"])) == (1, "unknown", 1)
        assert "try again" not in ended.err.lower()  # that is how a second one is made
        found = writes("settle", "--json")
        assert (found.code, found.records[0]["state"]) == (0, "confirmed") and found.records[0]["remote_id"]
        assert requests_of(case, world, record["write"]) == 1
    assert case.is_done(world)
    world.assert_mirrored()


@each_verb
def test_an_answer_that_is_lost_every_time_is_settled_by_looking(case: Case, world: World) -> None:
    argv = case.argv(world)
    world.trouble("drop", method=case.method, path=case.path)
    record = told(case, ended := case.run(*argv, "--json"))
    assert (ended.code, record["state"]) == (1, "unknown")
    sent = requests_of(case, world, record["write"])
    assert sent == (3 if case.is_repeated else 1)
    world.calm()
    settled = writes("settle", "--json")
    assert (settled.code, settled.records[0]["state"]) == (0, "confirmed"), settled
    assert requests_of(case, world, record["write"]) == sent and case.is_done(world)
    world.assert_mirrored()


@each_verb
def test_what_was_never_done_is_proven_so_and_sent_again_once(case: Case, world: World) -> None:
    argv, before = case.argv(world), world.state()
    world.trouble("fail", method=case.method, path=case.path, status=503)
    record = told(case, ended := case.run(*argv, "--json"))
    assert (ended.code, record["state"], record["status"]) == (1, "unknown", 503)
    sent = requests_of(case, world, record["write"])
    assert sent == (3 if case.is_repeated else 1)
    world.calm()
    assert writes("settle").code == 1  # too early: it could still be under way
    assert writes("send_again", record["write"]).code == 3  # never what is unknown
    with later(61):
        settled = writes("settle", record["write"], "--json")
        if not case.is_told:
            assert (settled.code, settled.records[0]["state"]) == (1, "unknown")
            assert "nobody can tell" in RemoteWrite.objects.get().remark
            return
        assert (settled.code, settled.records[0]["state"]) == (0, "failed"), settled
        assert world.state() == before
        assert writes("send_again", record["write"]).code == 0
    assert requests_of(case, world, record["write"]) == sent + 1
    assert case.is_done(world)
