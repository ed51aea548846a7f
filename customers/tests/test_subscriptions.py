"""Our webhook subscription at Kirim: made, repaired, replaced, and its secret printed once and kept nowhere."""

import base64
import logging
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.apps import apps
from django.utils import timezone

from backoffice.errors import RemoteContractError
from backoffice.models import RemoteWrite
from backoffice.sandbox import Sandbox, Switch
from backoffice.tests.factories import person
from backoffice.tests.shell import Ended, command, run
from backoffice.writes.plan import plan
from customers.kirim import KirimAPI, NewSubscription
from customers.services.subscriptions import SubscriptionService
from customers.subscriptions.kirim import EVENTS, KirimSubscriber
from customers.tests.writing import OPERATOR, PERSON, look
from customers.verbs import kirim as verbs

pytestmark = pytest.mark.django_db

URL = "http://testserver/webhooks/kirim/"
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
State = RemoteWrite.State


@pytest.fixture
def subscribed(settings: Any) -> str:
    """A secret is set, as after an earlier ``webhooks subscribe``."""
    settings.KIRIM_WEBHOOK_SECRET = SECRET
    return SECRET


def subscribe(*argv: str) -> Ended:
    return run(command("backoffice.management.commands.webhooks"), "subscribe", *argv)


def ours(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [dict(row) for row in sandbox.kirim.subscriptions if row["url"] == URL]


def add(sandbox: Sandbox, events: Any = EVENTS, **values: Any) -> str:
    made = sandbox.kirim.subscriptions.add(URL, list(events))
    if values:
        sandbox.kirim.subscriptions.change(made["id"], **values)
    return made["id"]


def writes() -> list[tuple[str, str, str]]:
    return list(RemoteWrite.objects.order_by("planned_at").values_list("verb", "remote_id", "state"))


def secret_in(ended: Ended) -> str:
    found = re.fullmatch(r"KIRIM_WEBHOOK_SECRET=(whsec_\S+)\n", ended.out)
    assert found, ended
    return found[1]


def every_table() -> str:
    return "\n".join(str(row) for model in apps.get_models() for row in model._base_manager.values())


# -- what the command finds, and what it does -----------------------------------------------------------------------


def test_without_a_subscription_one_is_made_and_its_secret_printed_as_a_line_of_the_environment(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.kirim.subscriptions.add("https://somebody.example/", ["customer.created"])
    with caplog.at_level(logging.DEBUG):
        ended = subscribe("kirim")
    (its,) = ours(sandbox)
    secret = secret_in(ended)
    assert ended.code == 0
    assert secret == sandbox.kirim.subscriptions.secret(its["id"])
    assert (its["events"], its["status"]) == (list(EVENTS), "active")
    assert writes() == [("create", its["id"], State.CONFIRMED)]
    assert "shown only now" in ended.err and "start web and workers again" in ended.err
    for place in (ended.err, every_table(), caplog.text):
        assert secret not in place


def test_the_events_are_those_that_our_inbox_takes() -> None:
    assert set(EVENTS) == {
        "customer.created", "customer.updated", "customer.archived", "customer.onboarded",
        "customer.setup_link.created", "customer.setup_link.consumed",
    }  # fmt: skip


def test_with_json_the_secret_is_a_member_of_its_writes_line_and_only_there(sandbox: Sandbox) -> None:
    ended = subscribe("--json")
    (line,) = ended.records
    write = RemoteWrite.objects.get()
    assert list(line) == ["write", "verb", "target", "state", "remote_id", "status", "request_id", "error", "secret"]
    assert (line["write"], line["verb"], line["target"]) == (str(write.pk), "create", "webhook_subscription")
    assert (line["state"], line["status"], line["error"]) == ("confirmed", 200, "")
    assert line["secret"] == sandbox.kirim.subscriptions.secret(line["remote_id"])
    assert line["secret"] not in ended.err


def test_one_that_is_as_it_should_be_is_left_alone(sandbox: Sandbox, subscribed: str) -> None:
    add(sandbox)
    before = ours(sandbox)
    ended = subscribe("kirim")
    assert (ended.code, ended.out, writes()) == (0, "", [])
    assert ended.err == f"Kirim delivers to {URL} as it should.\n"
    assert ours(sandbox) == before


def test_one_that_is_as_it_should_be_is_replaced_where_that_is_asked_for(sandbox: Sandbox, subscribed: str) -> None:
    old = add(sandbox)
    ended = subscribe("kirim", "--replace", "--yes")
    (its,) = ours(sandbox)
    assert ended.code == 0 and its["id"] != old
    assert secret_in(ended) == sandbox.kirim.subscriptions.secret(its["id"])
    assert writes() == [("create", its["id"], State.CONFIRMED), ("delete", old, State.CONFIRMED)]


@pytest.mark.parametrize(
    ("events", "status", "expected"),
    [
        (EVENTS[:2], "active", [*EVENTS]),
        (EVENTS, "paused", [*EVENTS]),
        (["contact.created", EVENTS[3]], "paused", ["contact.created", EVENTS[3], *EVENTS[:3], *EVENTS[4:]]),
    ],
)
def test_one_that_lacks_events_or_is_paused_is_repaired_and_keeps_what_others_added(
    sandbox: Sandbox, subscribed: str, events: Any, status: str, expected: list[str]
) -> None:
    its = add(sandbox, events, status=status)
    ended = subscribe("kirim", "--json")
    (row,) = ours(sandbox)
    assert ended.code == 0
    assert (row["id"], row["status"], row["events"]) == (its, "active", expected)
    assert [(line["verb"], line["state"]) for line in ended.records] == [("update", "confirmed")]
    write = RemoteWrite.objects.get()
    assert (
        set(write.sends)
        == set(write.before)
        == {name for name, is_wrong in (("events", events != EVENTS), ("status", status == "paused")) if is_wrong}
    )
    assert subscribe("kirim").out == "" and len(writes()) == 1


def test_one_whose_secret_is_not_set_here_is_replaced_the_new_one_first(sandbox: Sandbox) -> None:
    old = add(sandbox)
    ended = subscribe("kirim", "--yes")
    (new,) = ours(sandbox)
    assert ended.code == 0
    assert secret_in(ended) == sandbox.kirim.subscriptions.secret(new["id"])
    assert writes() == [("create", new["id"], State.CONFIRMED), ("delete", old, State.CONFIRMED)]
    created, removed = RemoteWrite.objects.order_by("planned_at")
    assert removed.follows == created and f"{old} was removed" in ended.err


def test_a_disabled_one_is_replaced(sandbox: Sandbox, subscribed: str) -> None:
    old = add(sandbox, status="disabled")
    ended = subscribe("kirim", "--yes", "--json")
    (new,) = ours(sandbox)
    assert [(line["verb"], line["state"]) for line in ended.records] == [
        ("create", "confirmed"),
        ("delete", "confirmed"),
    ]
    assert ended.code == 0 and new["id"] != old


def test_one_that_turns_out_to_be_disabled_when_it_is_repaired_is_replaced(
    sandbox: Sandbox, subscribed: str, settings: Any
) -> None:
    """Kirim's word for it is not stated: only the 409 tells."""
    old = add(sandbox, status="disabled")
    answered = settings.REMOTE_TRANSPORT

    def other_word(request: httpx.Request) -> httpx.Response:
        answer = answered.handle_request(request)
        answer.read()
        content = answer.content.replace(b'"disabled"', b'"switched_off"')
        return httpx.Response(answer.status_code, headers={"Content-Type": "application/json"}, content=content)

    settings.REMOTE_TRANSPORT = httpx.MockTransport(other_word)
    ended = subscribe("kirim", "--yes", "--json")
    (new,) = ours(sandbox)
    told = [(line["verb"], line["state"], line["status"]) for line in ended.records]
    assert told == [("update", "refused", 409), ("create", "confirmed", 200), ("delete", "confirmed", 200)]
    assert new["id"] != old
    assert ended.code == 3  # the worst of the three, as over several always


def test_of_several_the_one_that_we_made_last_stays(sandbox: Sandbox, settings: Any) -> None:
    add(sandbox)
    made = secret_in(subscribe("kirim", "--yes"))
    settings.KIRIM_WEBHOOK_SECRET = made
    (kept,) = ours(sandbox)
    others = [add(sandbox), add(sandbox)]
    ended = subscribe("kirim", "--yes", "--json")
    assert [row["id"] for row in ours(sandbox)] == [kept["id"]]
    assert {line["remote_id"] for line in ended.records} == set(others)


def test_of_several_that_others_made_none_can_be_trusted(sandbox: Sandbox, subscribed: str) -> None:
    old = {add(sandbox), add(sandbox)}
    ended = subscribe("kirim", "--yes")
    (new,) = ours(sandbox)
    assert new["id"] not in old and secret_in(ended) == sandbox.kirim.subscriptions.secret(new["id"])


# -- asking, permissions, refusals ------------------------------------------------------------------------------------


def test_before_one_is_removed_the_command_asks(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    old = add(sandbox)
    refused = subscribe("kirim")
    assert (refused.code, writes()) == (2, []) and "--yes" in refused.err

    class Terminal:
        answer = "n\n"

        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return self.answer

    monkeypatch.setattr("sys.stdin", Terminal())
    refused = subscribe("kirim")
    assert (refused.code, writes()) == (3, [])
    assert f"Remove {old} (active) at Kirim?" in refused.err
    Terminal.answer = "y\n"
    assert subscribe("kirim").code == 0
    assert [row["id"] for row in ours(sandbox)] != [old]


@pytest.mark.parametrize(("group", "code"), [("viewer", 3), ("customer desk", 3), ("supervisor", 0)])
def test_it_takes_the_permission(sandbox: Sandbox, group: str, code: int) -> None:
    user = person(group)
    ended = subscribe("kirim", "--as", user.username)
    assert ended.code == code
    assert len(ours(sandbox)) == (code == 0)
    if code:
        assert "backoffice.subscribe_upstreamstate" in ended.err and writes() == []
    else:
        assert RemoteWrite.objects.get().actor == user


@pytest.mark.parametrize(
    ("public", "why"),
    [
        ("http://127.0.0.1:8000", "only this machine"),
        ("https://localhost", "only this machine"),
        ("http://desk.example", "not https"),
    ],
)
def test_an_address_that_a_live_kirim_could_never_reach_is_refused(
    settings: Any, remote: Any, public: str, why: str
) -> None:
    settings.PUBLIC_BASE_URL = public
    ended = subscribe("kirim")
    assert ended.code == 3 and why in ended.err and "PUBLIC_BASE_URL" in ended.err
    assert remote.requests == [] and writes() == []


def test_wrong_usage_and_an_upstream_that_is_off(settings: Any) -> None:
    assert subscribe("nobody").code == 2
    settings.KIRIM_API_KEY = ""
    ended = subscribe()
    assert ended.code == 1 and "set KIRIM_API_KEY" in ended.err


# -- a Kirim that refuses, is down, or loses answers -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("switch", "code", "state"),
    [
        (Switch("down"), 1, None),
        (Switch("fail", path="/webhook_subscriptions", method="POST", status=422), 3, State.REFUSED),
        (Switch("limit", path="/webhook_subscriptions", method="POST"), 1, State.FAILED),
        (Switch("fail", path="/webhook_subscriptions", method="POST", status=500), 1, State.UNKNOWN),
    ],
)
def test_nothing_is_printed_and_nothing_removed_when_it_cannot_be_made(
    sandbox: Sandbox, switch: Switch, code: int, state: str | None
) -> None:
    old = add(sandbox)
    sandbox.switches["kirim"].turn_on(switch)
    ended = subscribe("kirim", "--yes")
    assert (ended.code, ended.out) == (code, "")
    assert [row["id"] for row in ours(sandbox)] == [old]
    assert [made for _, _, made in writes()] == ([state] if state else [])
    assert "Traceback" not in ended.err and ended.err


def test_one_whose_answer_was_lost_is_found_and_replaced_by_running_the_command_again(
    sandbox: Sandbox, subscribed: str
) -> None:
    sandbox.switches["kirim"].turn_on(Switch("drop", method="POST", times=1))
    first = subscribe("kirim", "--yes")
    (lost,) = ours(sandbox)
    assert (first.code, first.out) == (1, "")
    second = subscribe("kirim", "--yes")
    (new,) = ours(sandbox)
    assert second.code == 0 and new["id"] != lost["id"]
    assert secret_in(second) == sandbox.kirim.subscriptions.secret(new["id"])
    assert writes()[0] == ("create", lost["id"], State.CONFIRMED)
    assert not RemoteWrite.objects.filter(secret_lost=True).exists()  # it is gone, so it needs nobody any more


def test_while_it_is_not_known_what_became_of_one_no_other_is_made(sandbox: Sandbox) -> None:
    sandbox.switches["kirim"].turn_on(Switch("fail", method="POST", status=500, times=1))
    subscribe("kirim")
    again = subscribe("kirim", "--json")
    assert again.code == 1 and [line["state"] for line in again.records] == ["unknown"]
    assert len(writes()) == 1 and ours(sandbox) == []
    look(RemoteWrite.objects.get())
    assert writes() == [("create", "", State.FAILED)]
    assert subscribe("kirim").code == 0 and len(ours(sandbox)) == 1


def test_one_whose_process_is_gone_is_looked_for_where_no_worker_runs(sandbox: Sandbox) -> None:
    sends = {"url": URL, "events": list(EVENTS), "description": "Back office"}
    gone, _ = plan(verbs.CREATE_SUBSCRIPTION, OPERATOR, sends=sends)
    long_ago = timezone.now() - timedelta(minutes=2)
    RemoteWrite.objects.filter(pk=gone.pk).update(state=State.SENT, sent_at=long_ago)
    lost = add(sandbox)
    ended = subscribe("kirim", "--yes")
    gone.refresh_from_db()
    assert (ended.code, gone.state, gone.remote_id) == (0, State.CONFIRMED, lost)
    (new,) = ours(sandbox)
    assert new["id"] != lost and sandbox.kirim.subscriptions.secret(new["id"]) == secret_in(ended)


def test_a_removal_whose_answer_was_lost_is_repeated_and_a_404_is_its_end(sandbox: Sandbox) -> None:
    old = add(sandbox)
    sandbox.switches["kirim"].turn_on(Switch("drop", method="DELETE", times=1))
    ended = subscribe("kirim", "--yes")
    assert ended.code == 0
    assert writes()[1] == ("delete", old, State.CONFIRMED)
    assert RemoteWrite.objects.get(verb="delete").attempts.count() == 2


def test_a_removal_that_does_not_succeed_is_done_by_the_next_run(sandbox: Sandbox, settings: Any) -> None:
    old = add(sandbox)
    sandbox.switches["kirim"].turn_on(Switch("fail", method="DELETE", status=503))
    ended = subscribe("kirim", "--yes")
    settings.KIRIM_WEBHOOK_SECRET = secret_in(ended)
    assert ended.code == 1 and len(ours(sandbox)) == 2
    sandbox.switches["kirim"].turn_off("fail")
    ended = subscribe("kirim", "--yes")
    assert (ended.code, ended.out) == (0, "")
    assert old not in [row["id"] for row in ours(sandbox)] and len(ours(sandbox)) == 1


# -- looking ----------------------------------------------------------------------------------------------------------


def unknown(verb: Any, **wanted: Any) -> RemoteWrite:
    write, _ = plan(verb, OPERATOR, **wanted)
    RemoteWrite.objects.filter(pk=write.pk).update(state=State.UNKNOWN, sent_at=timezone.now())
    write.refresh_from_db()
    return write


def test_a_lost_creation_is_told_from_those_that_were_there_before(sandbox: Sandbox) -> None:
    before = add(sandbox)
    write = unknown(verbs.CREATE_SUBSCRIPTION, sends={"url": URL}, before={"subscription_ids": [before]})
    assert look(write, after_s=0).state == State.UNKNOWN
    new = add(sandbox)
    look(write, after_s=0)
    assert (write.state, write.remote_id, write.secret_lost) == (State.CONFIRMED, new, True)
    assert "again replaces it" in write.remark


def test_a_lost_change_is_compared_with_what_was_sent(sandbox: Sandbox) -> None:
    its = add(sandbox, EVENTS[:1])
    sends = {"events": list(EVENTS), "status": "active"}
    done, undone = (unknown(verbs.UPDATE_SUBSCRIPTION, remote_id=its, sends=sends) for _ in range(2))
    assert look(undone, after_s=0).state == State.UNKNOWN
    assert look(undone).state == State.FAILED
    sandbox.kirim.subscriptions.change(its, events=list(reversed(EVENTS)))
    assert look(done, after_s=0).state == State.CONFIRMED
    gone = unknown(verbs.UPDATE_SUBSCRIPTION, remote_id="whs_gone", sends=sends)
    assert look(gone).state == State.UNKNOWN


def test_a_lost_removal_is_settled_by_the_list(sandbox: Sandbox) -> None:
    its = add(sandbox)
    write = unknown(verbs.DELETE_SUBSCRIPTION, remote_id=its)
    assert look(write, after_s=0).state == State.UNKNOWN
    sandbox.kirim.subscriptions.remove(its)
    assert look(write, after_s=0).state == State.CONFIRMED
    kept = unknown(verbs.DELETE_SUBSCRIPTION, remote_id=add(sandbox))
    assert look(kept).state == State.FAILED


# -- the client -------------------------------------------------------------------------------------------------------


def test_the_record_of_a_new_one_shows_no_secret() -> None:
    new = NewSubscription(id="whs_1", url=URL, events=[], initial_secret=SECRET)
    assert SECRET not in repr(new) + str(new) + f"{new}"


def test_an_answer_that_cannot_be_read_is_unknown_and_quoted_nowhere(
    sandbox: Sandbox, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answered = settings.REMOTE_TRANSPORT

    def odd(request: httpx.Request) -> httpx.Response:
        answer = answered.handle_request(request)
        if request.method != "POST":
            return answer  # type: ignore[no-any-return]
        answer.read()
        members = answer.json()["data"] | {"events": SECRET}
        return httpx.Response(200, json={"data": members, "request_id": "req_1"})

    settings.REMOTE_TRANSPORT = httpx.MockTransport(odd)
    with caplog.at_level(logging.DEBUG):
        ended = subscribe("kirim")
    secret = sandbox.kirim.subscriptions.secret(ours(sandbox)[0]["id"])
    assert ended.code == 1 and RemoteWrite.objects.get().state == State.UNKNOWN
    for hidden in (secret, SECRET):
        assert hidden not in ended.out + ended.err + caplog.text + every_table()


def test_all_pages_of_the_list_are_read(sandbox: Sandbox) -> None:
    for _ in range(205):  # a page holds 200
        sandbox.kirim.subscriptions.add("https://somebody.example/", ["customer.created"])
    first = list(sandbox.kirim.subscriptions)[0]["id"]
    sandbox.kirim.subscriptions.change(first, url=URL)
    with KirimAPI.from_settings(PERSON) as api:
        assert [one.id for one in SubscriptionService(api).at(URL)] == [first]


def test_a_list_that_never_ends_is_no_list(settings: Any) -> None:
    page = {"data": [], "has_more": True, "next_cursor": "same", "request_id": "req_1"}
    settings.REMOTE_TRANSPORT = httpx.MockTransport(lambda request: httpx.Response(200, json=page))
    with KirimAPI.from_settings(PERSON) as api, pytest.raises(RemoteContractError):
        api.list_subscriptions()


# -- what the doctor is told -----------------------------------------------------------------------------------------


def test_trouble_is_told_in_a_sentence(sandbox: Sandbox, settings: Any) -> None:
    trouble = KirimSubscriber().trouble
    assert trouble() == f"Kirim has no subscription that delivers to {URL}."
    its = add(sandbox, EVENTS[:1])
    assert "cannot be used" in trouble()
    settings.KIRIM_WEBHOOK_SECRET = SECRET
    assert "not as it should be: events" in trouble()
    sandbox.kirim.subscriptions.change(its, events=list(EVENTS))
    assert trouble() == ""
    sandbox.kirim.subscriptions.change(its, status="disabled")
    assert "cannot be used" in trouble()
