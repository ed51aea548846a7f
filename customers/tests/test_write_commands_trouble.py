"""Each verb from its command, at a Kirim that is well, refuses, asks to wait, is slow, down, or loses the answer."""

from typing import Any

import pytest

from backoffice.models import RemoteWrite, WriteAttempt
from backoffice.tests.shell import Ended
from customers.models import Customer
from customers.tests.write_commands import CASES, KEYS, NEW_NAME, Case, World, writes
from customers.tests.writing import later

pytestmark = pytest.mark.django_db

State = RemoteWrite.State
each_verb = pytest.mark.parametrize("case", CASES, ids=str)


def told(case: Case, ended: Ended) -> dict[str, Any]:
    """The line of the verb's write; its members are those that people script against."""
    keys = [*KEYS, "setup_url"] if case.is_new_link else KEYS
    assert list(ended.records[0]) == keys, ended
    assert len(ended.records) == (2 if case.name == "replace" else 1)
    assert "Traceback" not in ended.err
    record = ended.records[0]
    write = RemoteWrite.objects.get(pk=record["write"])
    assert (record["verb"], record["target"]) == (case.verb, case.target) == (write.verb, write.target)
    assert (record["state"], record["error"]) == (write.state, write.error)
    assert write.door == RemoteWrite.Door.COMMAND
    return record


def requests_of(case: Case, world: World) -> int:
    """How often the verb was sent; each request is an attempt of its write."""
    write = RemoteWrite.objects.filter(verb=case.verb, target=case.target).get()
    count = sum(method == case.method for method, _ in world.sent())
    assert write.attempts.count() == count
    return count


@each_verb
def test_a_healthy_kirim_does_it_once_and_the_mirror_shows_it(case: Case, world: World) -> None:
    assert not case.is_done(world)
    ended = case.run(*case.argv(world), "--json")
    record = told(case, ended)
    assert (ended.code, record["state"], record["status"], record["error"]) == (0, "confirmed", 200, "")
    assert record["request_id"].startswith("req_") and record["remote_id"]
    assert requests_of(case, world) == 1
    assert case.is_done(world)
    world.assert_mirrored()


@each_verb
def test_in_plain_words_stdout_says_what_was_done(case: Case, world: World) -> None:
    ended = case.run(*case.argv(world))
    assert ended.code == 0
    assert len(ended.out.splitlines()) == 1
    if case.is_new_link:
        assert ended.out.startswith("https://") and " " not in ended.out.strip()
        assert "shown this once" in ended.err
    else:
        write = RemoteWrite.objects.get()
        assert write.remote_id in ended.out and ended.out.endswith(".\n")


@each_verb
@pytest.mark.parametrize("status", [400, 401, 404, 409, 422])
def test_a_refusal_is_exit_3_with_kirims_words_and_changes_nothing(case: Case, status: int, world: World) -> None:
    before = world.state()
    world.trouble("fail", method=case.method, path=case.path, status=status)
    ended = case.run(*case.argv(world), "--json")
    record = told(case, ended)
    assert (ended.code, record["state"], record["status"]) == (3, "refused", status)
    assert record["error"] and record["error"] in ended.err
    assert requests_of(case, world) == 1
    assert world.state() == before
    world.assert_mirrored()
    if case.name == "replace":
        assert ended.records[1]["state"] == "refused"
        assert "the old one stays" in ended.records[1]["error"]


@each_verb
def test_asked_to_wait_for_ever_is_exit_1_and_can_be_sent_again(case: Case, world: World) -> None:
    before = world.state()
    world.trouble("limit", method=case.method, path=case.path)
    ended = case.run(*case.argv(world), "--json")
    record = told(case, ended)
    assert (ended.code, record["state"], record["status"]) == (1, "failed", 429)
    assert f"manage.py writes send_again {record['write']}" in ended.err
    assert requests_of(case, world) == 3
    assert world.state() == before
    world.calm()
    again = writes("send_again", record["write"], "--json")
    assert (again.code, again.records[0]["state"]) == (0, "confirmed")
    assert again.records[0]["write"] == record["write"]
    assert requests_of(case, world) == 4
    if case.name != "replace":  # its second half is sent again by itself, or by the same command
        assert case.is_done(world)
    if case.is_new_link:
        assert again.records[0]["setup_url"].rpartition("/")[2] in world.tokens


@each_verb
def test_a_wait_that_is_too_long_is_not_slept_through_and_told(case: Case, world: World) -> None:
    world.trouble("limit", method=case.method, path=case.path, retry_after="3600")
    ended = case.run(*case.argv(world), "--json")
    assert (ended.code, told(case, ended)["state"]) == (1, "failed")
    assert "asks us to wait until" in ended.records[0]["error"]
    assert requests_of(case, world) == 1


@each_verb
def test_a_short_wait_is_waited_for(case: Case, world: World) -> None:
    world.trouble("limit", method=case.method, path=case.path, retry_after="0", times=1)
    ended = case.run(*case.argv(world), "--json")
    assert (ended.code, told(case, ended)["state"]) == (0, "confirmed")
    assert requests_of(case, world) == 2
    assert case.is_done(world)


@each_verb
def test_a_slow_kirim_is_waited_for(case: Case, world: World) -> None:
    world.trouble("latency", method=case.method, path=case.path, ms=120)
    assert case.run(*case.argv(world)).code == 0
    assert requests_of(case, world) == 1
    assert case.is_done(world)


@each_verb
def test_a_kirim_that_is_down_is_exit_1_and_nothing_was_done(case: Case, world: World) -> None:
    before = world.state()
    world.trouble("down")
    ended = case.run(*case.argv(world), "--json")
    record = told(case, ended)
    assert (ended.code, record["state"], record["status"]) == (1, "failed", None)
    assert "not reached" in record["error"]
    assert f"manage.py writes send_again {record['write']}" in ended.err
    assert world.state() == before
    assert not WriteAttempt.objects.exclude(outcome=WriteAttempt.Outcome.NOT_REACHED).exists()


@each_verb
@pytest.mark.parametrize("trouble", ["drop", "500 after the work"])
def test_a_lost_answer_is_repeated_only_where_that_is_safe(case: Case, trouble: str, world: World) -> None:
    how: dict[str, Any] = {"method": case.method, "path": case.path, "times": 1}
    if trouble == "drop":
        world.trouble("drop", **how)
    else:
        world.trouble("fail", status=500, after_work=True, **how)
    ended = case.run(*case.argv(world), "--json")
    record = told(case, ended)
    if case.is_repeated:
        assert (ended.code, record["state"], requests_of(case, world)) == (0, "confirmed", 2)
        assert case.is_done(world)
        return
    assert (ended.code, record["state"], requests_of(case, world)) == (1, "unknown", 1)
    assert f"manage.py writes settle {record['write']}" in ended.err
    assert "try again" not in ended.err.lower()  # that is how a second one is made
    found = writes("settle", "--json")
    assert (found.code, found.records[0]["state"]) == (0, "confirmed")
    assert found.records[0]["remote_id"] and requests_of(case, world) == 1
    if case.name != "replace":
        assert case.is_done(world)
    world.assert_mirrored()


@each_verb
def test_an_answer_that_is_lost_every_time_is_settled_by_looking(case: Case, world: World) -> None:
    world.trouble("drop", method=case.method, path=case.path)
    ended = case.run(*case.argv(world), "--json")
    assert (ended.code, told(case, ended)["state"]) == (1, "unknown")
    assert requests_of(case, world) == (3 if case.is_repeated else 1)
    world.calm()
    settled = writes("settle", "--json")
    if case.name == "sync templates":  # Kirim does not tell; doing it again does
        assert (settled.code, settled.records[0]["state"]) == (1, "unknown")
        assert case.run(*case.argv(world)).code == 0
        settled = writes("settle", "--json")
    assert settled.code == 0
    assert RemoteWrite.objects.filter(verb=case.verb, state=State.CONFIRMED).exists()
    assert not RemoteWrite.objects.filter(state__in=[State.UNKNOWN, State.SENT]).exists()
    world.assert_mirrored()


@each_verb
def test_what_was_never_done_is_proven_so_and_sent_again_once(case: Case, world: World) -> None:
    before = world.state()
    world.trouble("fail", method=case.method, path=case.path, status=500)
    ended = case.run(*case.argv(world), "--json")
    record = told(case, ended)
    assert (ended.code, record["state"], record["status"]) == (1, "unknown", 500)
    assert requests_of(case, world) == (3 if case.is_repeated else 1)
    world.calm()
    assert writes("settle", "--json").code == 1  # too early: it could still be under way
    assert writes("send_again", record["write"]).code == 3  # never what is unknown
    with later(61):
        settled = writes("settle", record["write"], "--json")
        if case.name == "sync templates":
            assert (settled.code, settled.records[0]["state"]) == (1, "unknown")
            return
        assert (settled.code, settled.records[0]["state"]) == (0, "failed")
        assert world.state() == before
        assert writes("send_again", record["write"]).code == 0
    assert requests_of(case, world) == (4 if case.is_repeated else 2)
    if case.name != "replace":
        assert case.is_done(world)


@pytest.mark.parametrize("trouble", ["drop", "fail"])
def test_no_trouble_ever_makes_a_second_customer(trouble: str, world: World) -> None:
    """A shell that does not give up: it runs the same command, settles, and sends again until all is done."""
    world.trouble(trouble, method="POST", path="/customers", times=1, after_work=trouble == "fail")
    first = next(case for case in CASES if case.name == "create")
    id = "4dd2a6cf-4bd1-4d0e-a5a5-6f2a5e4b8a10"
    codes = [first.run(*first.argv(world), "--write", id).code for _ in range(3)]
    assert codes == [1, 1, 1]
    with later(61):
        assert writes("settle").code == 0
    assert first.run(*first.argv(world), "--write", id).code == 0
    assert writes("send_again", id).code == 3
    assert len(world.named(NEW_NAME)) == 1
    assert Customer.objects.filter(name=NEW_NAME).count() == 1
    assert world.sent() == [("POST", "/customers")]
