"""The commands that write in processes of their own: killed, interrupted, with nobody left to read what they print."""

import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from django.utils import timezone

from backoffice.models import RemoteWrite
from backoffice.sandbox.switches import Switch
from backoffice.tests.shell import LiveSandbox, ended, live_sandbox
from customers.models import Customer, SetupLink

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

State = RemoteWrite.State
NAME = "Made once"


@pytest.fixture
def live(tmp_path: Path, settings: Any) -> Iterator[LiveSandbox]:
    with live_sandbox(tmp_path, customers=12) as live:
        live.mirror(settings)
        live.calls.clear()
        live.done.clear()
        yield live


def slow(live: LiveSandbox, ms: int, method: str = "POST") -> None:
    live.sandbox.switches["kirim"].turn_on(Switch("latency", method=method, ms=ms))


def named(live: LiveSandbox, name: str = NAME) -> list[str]:
    return [row["id"] for row in live.sandbox.kirim.customers if row["name"] == name]


def wait_until_done(live: LiveSandbox, count: int) -> None:
    give_up_at = monotonic() + 20
    while len(live.done) < count:
        assert monotonic() < give_up_at
        sleep(0.02)


def wait_until_made(live: LiveSandbox) -> None:
    give_up_at = monotonic() + 20
    while not named(live):
        assert monotonic() < give_up_at
        sleep(0.02)


def move_back(seconds: float) -> None:
    """Let time pass since the writes were sent."""
    RemoteWrite.objects.update(sent_at=timezone.now() - timedelta(seconds=seconds))


def test_killed_in_the_middle_of_a_create_settling_finds_exactly_one_customer(live: LiveSandbox) -> None:
    live.hold("POST")
    process = live.start("customers", "create", "--name", NAME, "--email", "once@shop.example")
    live.wait_for_calls(1)
    process.kill()
    process.communicate()
    assert RemoteWrite.objects.get().state == State.SENT
    live.release()
    wait_until_made(live)
    early = live.run("writes", "settle", "--json")
    assert early.code == 1 and "process is gone" in early.err  # it may still be under way
    move_back(61)
    settled = live.run("writes", "settle", "--json")
    (record,) = settled.records
    assert (settled.code, record["state"]) == (0, "confirmed")
    assert [record["remote_id"]] == named(live)
    assert Customer.objects.get(name=NAME).remote_id == record["remote_id"]
    again = live.run("customers", "create", "--name", NAME, "--email", "once@shop.example", "--write", record["write"])
    assert again.code == 0
    assert len(named(live)) == 1
    attempt = RemoteWrite.objects.get().attempts.get()
    assert (attempt.outcome, attempt.error) == ("lost", "The process ended before the answer.")


def test_killed_before_kirim_did_it_settling_proves_it_absent_and_it_is_sent_again(live: LiveSandbox) -> None:
    live.sandbox.switches["kirim"].turn_on(Switch("fail", method="POST", status=500))
    live.hold("POST")
    process = live.start("customers", "create", "--name", NAME)
    live.wait_for_calls(1)
    process.kill()
    process.communicate()
    live.release()
    wait_until_done(live, 1)
    live.sandbox.switches["kirim"].turn_off("fail")
    move_back(61)
    settled = live.run("writes", "settle", "--json")
    assert (settled.code, settled.records[0]["state"]) == (0, "failed")
    assert named(live) == []
    sent = live.run("writes", "send_again", settled.records[0]["write"], "--json")
    assert (sent.code, [sent.records[0]["remote_id"]]) == (0, named(live))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_within_seconds_as_unknown_and_says_so(live: LiveSandbox, number: signal.Signals) -> None:
    live.hold("POST")
    process = live.start("customers", "create", "--name", NAME, "--json")
    live.wait_for_calls(1)
    told = monotonic()
    process.send_signal(number)
    stopped = ended(process)
    assert monotonic() - told < 9  # the client itself would wait 10 s, and no answer comes before we let it
    (record,) = stopped.records
    assert (stopped.code, record["state"]) == (1, "unknown")
    assert "Stopped." in stopped.err and f"writes settle {record['write']}" in stopped.err
    assert "Traceback" not in stopped.err
    assert named(live) == []
    live.release()
    wait_until_made(live)
    assert live.run("writes", "settle").code == 0
    assert Customer.objects.filter(name=NAME).count() == len(named(live)) == 1


def test_a_second_ctrl_c_ends_at_once_and_leaves_no_write_as_if_it_were_being_sent(live: LiveSandbox) -> None:
    live.hold("POST")
    process = live.start("customers", "create", "--name", NAME)
    live.wait_for_calls(1)
    process.send_signal(signal.SIGINT)
    sleep(0.05)
    process.send_signal(signal.SIGINT)
    stopped = ended(process)
    assert stopped.code == 1
    assert "Traceback" not in stopped.err and "writes settle" in stopped.err
    assert RemoteWrite.objects.get().state == State.UNKNOWN


def test_a_signal_before_anything_was_sent_leaves_it_failed(live: LiveSandbox) -> None:
    live.hold("GET")  # an update reads first
    customer = Customer.objects.filter(status="active").earliest("pk")
    process = live.start("customers", "update", customer.remote_id, "--name", NAME, "--json")
    live.wait_for_calls(1)
    process.send_signal(signal.SIGTERM)
    stopped = ended(process)
    assert (stopped.code, stopped.records[0]["state"]) == (1, "failed")
    assert "Nothing was sent." in stopped.err
    assert named(live) == []


def test_a_signal_between_the_halves_of_a_replacement_leaves_both_links_and_says_how_to_go_on(
    live: LiveSandbox,
) -> None:
    link = SetupLink.objects.filter(status="active").exclude(customer__status="archived").earliest("pk")
    live.hold("DELETE")
    process = live.start("setup_link", "replace", link.remote_id, "--json")
    live.wait_for_calls(3)  # the list, the new link, the revocation
    process.send_signal(signal.SIGTERM)
    stopped = ended(process)
    creation, revocation = stopped.records
    assert (stopped.code, creation["state"], revocation["state"]) == (1, "confirmed", "unknown")
    assert creation["setup_url"]
    live.release()
    wait_until_done(live, 3)  # Kirim does it all the same
    done = live.run("setup_link", "replace", link.remote_id, "--json")
    assert (done.code, [line["state"] for line in done.records]) == (0, ["confirmed", "confirmed"])
    there = {row["id"]: row["status"] for row in live.sandbox.kirim.links.newest(link.customer_remote_id)}
    assert (there[link.remote_id], there[creation["remote_id"]]) == ("revoked", "active")


def test_an_answer_that_takes_too_long_is_unknown_and_found_later(live: LiveSandbox) -> None:
    live.hold("POST")
    late = live.run("customers", "create", "--name", NAME, "--json")
    assert (late.code, late.records[0]["state"]) == (1, "unknown")
    live.release()
    wait_until_made(live)
    assert live.run("writes", "settle").code == 0
    assert len(named(live)) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_looking_can_be_broken_off_and_changes_nothing(live: LiveSandbox, number: signal.Signals) -> None:
    live.sandbox.switches["kirim"].turn_on(Switch("drop", method="POST"))
    live.run("customers", "create", "--name", NAME)
    slow(live, 25_000, "GET")
    live.calls.clear()
    process = live.start("writes", "settle")
    live.wait_for_calls(1)
    told = monotonic()
    process.send_signal(number)
    stopped = ended(process)
    assert monotonic() - told < 8  # the client itself would wait 10 s, the remote answers after 25 s
    assert (stopped.code, stopped.out, stopped.err) == (1, "", "Stopped.\n")
    assert RemoteWrite.objects.get().state == State.UNKNOWN


@pytest.mark.parametrize("argv", [["create"], ["replace", "--json"]])
def test_a_url_that_nobody_could_read_is_marked_as_lost_and_the_old_link_stays(
    live: LiveSandbox, argv: list[str]
) -> None:
    link = SetupLink.objects.filter(status="active").exclude(customer__status="archived").earliest("pk")
    slow(live, 300)
    object_id = link.customer_remote_id if argv[0] == "create" else link.remote_id
    process = live.start("setup_link", argv[0], object_id, *argv[1:])
    assert process.stdout and process.stderr
    process.stdout.close()
    told = process.stderr.read()
    process.stderr.close()
    assert process.wait(30) == 1
    made = RemoteWrite.objects.get(verb="create")
    assert (made.state, made.secret_lost) == (State.CONFIRMED, True)
    assert f"{made.remote_id} could not be printed and is lost" in told
    assert "Traceback" not in told and "sandbox-token" not in told
    assert SetupLink.objects.get(remote_id=made.remote_id)
    there = {row["id"]: row["status"] for row in live.sandbox.kirim.links.newest(link.customer_remote_id)}
    assert there[link.remote_id] == "active"


def test_two_processes_with_the_same_id_send_once(live: LiveSandbox) -> None:
    live.hold("POST")
    id = "0d4c0e62-1b6f-4bb4-9a3b-5f6f0a0c6f11"
    both = [live.start("customers", "create", "--name", NAME, "--write", id, "--json") for _ in range(2)]
    give_up_at = monotonic() + 30
    while all(process.poll() is None for process in both):
        assert monotonic() < give_up_at
        sleep(0.02)
    live.release()
    codes = sorted(ended(process).code for process in both)
    assert codes == [0, 1]  # the other one finds it being sent, and says so
    assert len(named(live)) == 1
