"""``manage.py webhooks list`` and ``replay`` at their door: what they print, whom they obey, how they end."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from backoffice import checks
from backoffice.models import UpstreamState, WebhookDelivery
from backoffice.tests.factories import person
from backoffice.tests.shell import Ended, command, run
from customers.models import Customer
from customers.tests.kirim import FakeKirim, customer, refusal

pytestmark = pytest.mark.django_db(transaction=True)

KEYS = ["delivery", "upstream", "event_id", "state", "error"]


def webhooks(*argv: str) -> Ended:
    return run(command("backoffice.management.commands.webhooks"), *argv)


def kept(number: int, state: str = "failed", event: str = "customer.updated", **values: Any) -> WebhookDelivery:
    payload = json.dumps({"type": event, "data": {"id": customer(number)["id"]}})
    told = {"event_id": f"msg_{number}", "error": "" if state != "failed" else "It failed.", **values}
    return WebhookDelivery.objects.create(
        upstream="kirim", event=event, state=state, payload=payload, correlation_id="c", **told
    )


@pytest.fixture(autouse=True)
def three(kirim: FakeKirim) -> None:
    kirim.customers = [customer(number) for number in (1, 2, 3)]


def states() -> dict[str, str]:
    return dict(WebhookDelivery.objects.order_by("pk").values_list("event_id", "state"))


# -- list -------------------------------------------------------------------------------------------------------------


def test_list_prints_the_newest_first_as_lines_or_json() -> None:
    kept(1, received_at=timezone.now() - timedelta(hours=1)), kept(2, "processed")
    ended = webhooks("list")
    assert ended.code == 0
    newest, oldest = ended.out.splitlines()
    assert "msg_2" in newest and "processed" in newest
    assert "msg_1" in oldest and "failed" in oldest and "It failed." in oldest and "customer.updated" in oldest
    records = webhooks("list", "--json").records
    assert [record["event_id"] for record in records] == ["msg_2", "msg_1"]
    assert list(records[0]) == [*KEYS, "event", "received_at", "processed_at"]


def test_list_narrows_and_says_what_it_leaves_out() -> None:
    kept(1), kept(2, "processed"), kept(3)
    assert [record["event_id"] for record in webhooks("list", "--state", "failed", "--json").records] == [
        "msg_3", "msg_1",
    ]  # fmt: skip
    ended = webhooks("list", "--limit", "2")
    assert len(ended.out.splitlines()) == 2 and "2 of 3 deliveries" in ended.err
    assert webhooks("list", "--state", "ignored").err == "No delivery fits.\n"
    assert webhooks("list", "--state", "nonsense").code == 2


def test_remote_text_cannot_command_the_terminal() -> None:
    kept(1, event="customer.\x1b[2J", event_id="msg\x1b]0;x\x07")
    ended = webhooks("list")
    assert "\x1b" not in ended.out and "\\x1b[2J" in ended.out


# -- replay -----------------------------------------------------------------------------------------------------------


def test_replay_without_ids_takes_all_that_are_not_done(kirim: FakeKirim) -> None:
    kept(1), kept(2, "received"), kept(3, "processed")
    ended = webhooks("replay", "--json")
    assert ended.code == 0
    assert [list(record) for record in ended.records] == [KEYS, KEYS]
    assert [(record["event_id"], record["state"], record["error"]) for record in ended.records] == [
        ("msg_1", "processed", ""), ("msg_2", "processed", ""),
    ]  # fmt: skip
    assert len(kirim.requests) == 2 == Customer.objects.count()
    assert webhooks("replay").err == "There is none to replay.\n"


def test_replay_failed_takes_only_those() -> None:
    kept(1), kept(2, "received")
    assert [record["event_id"] for record in webhooks("replay", "--failed", "--json").records] == ["msg_1"]
    assert states() == {"msg_1": "processed", "msg_2": "received"}


def test_replay_takes_event_ids_and_keys_also_of_done_ones() -> None:
    one, two = kept(1, "processed"), kept(2)
    kept(3)
    ended = webhooks("replay", one.event_id, str(two.pk), "--json")
    assert [record["delivery"] for record in ended.records] == [one.pk, two.pk]
    assert states()["msg_3"] == "failed"


def test_a_dry_run_prints_and_does_nothing(kirim: FakeKirim) -> None:
    kept(1), kept(2, "received")
    ended = webhooks("replay", "--dry-run", "--json")
    assert ended.code == 0
    assert [(record["event_id"], record["state"]) for record in ended.records] == [
        ("msg_1", "failed"), ("msg_2", "received"),
    ]  # fmt: skip
    assert "2 would be replayed. Nothing was done." in ended.err
    assert states() == {"msg_1": "failed", "msg_2": "received"} and kirim.requests == []


def test_what_fails_again_or_must_wait_ends_with_1_and_is_told(kirim: FakeKirim) -> None:
    def mischief(request: Any) -> Any:
        return refusal(400, "invalid", "malformed id") if customer(1)["id"] in request.url.path else None

    kirim.mischief = mischief
    kept(1), kept(2)
    ended = webhooks("replay", "--json")
    assert ended.code == 1
    assert [record["state"] for record in ended.records] == ["failed", "processed"]
    assert "Kirim refused it: malformed id" in ended.records[0]["error"]


def test_what_a_worker_has_in_hand_is_not_taken_from_it(kirim: FakeKirim) -> None:
    kept(1, "received", claim="12345678-1234-1234-1234-123456789012", claimed_at=timezone.now())
    ended = webhooks("replay")
    assert ended.code == 1
    assert "msg_1: a worker has it in hand at this moment." in ended.err
    assert kirim.requests == []


@pytest.mark.parametrize("argv", [["msg_x"], ["msg_1", "99999999999999999999999"], ["0"], ["1" * 5000]])
def test_an_unknown_id_ends_with_1_before_anything_is_done(kirim: FakeKirim, argv: list[str]) -> None:
    kept(1)
    ended = webhooks("replay", *argv)
    assert (ended.code, "There is no delivery" in ended.err, ended.out) == (1, True, "")
    assert states() == {"msg_1": "failed"} and kirim.requests == []


def test_ids_and_failed_together_are_wrong_usage() -> None:
    kept(1)
    assert webhooks("replay", "msg_1", "--failed").code == 2
    assert states() == {"msg_1": "failed"}


# -- whom they obey ---------------------------------------------------------------------------------------------------


def test_list_takes_the_permission_to_see_them() -> None:
    kept(1)
    person("viewer", username="vera"), person("warehouse", username="will")
    assert len(webhooks("list", "--as", "vera").out.splitlines()) == 1
    ended = webhooks("list", "--as", "will")
    assert (ended.code, ended.out) == (3, "") and "backoffice.view_webhookdelivery" in ended.err
    assert webhooks("list", "--as", "nobody").code == 2


@pytest.mark.parametrize("role", ["viewer", "customer desk", "warehouse"])
def test_replay_is_for_supervisors(kirim: FakeKirim, role: str) -> None:
    kept(1)
    person(role, username="somebody")
    for extra in ([], ["--dry-run"], ["msg_1"]):
        assert webhooks("replay", *extra, "--as", "somebody").code == 3
    assert states() == {"msg_1": "failed"} and kirim.requests == []
    person("supervisor", username="sue")
    assert webhooks("replay", "--as", "sue").code == 0


def test_a_person_replays_only_what_the_person_may_see(kirim: FakeKirim) -> None:
    kept(1), kept(2, event="customer.setup_link.created")
    user = person(username="half")
    held = ["view_webhookdelivery", "replay_webhookdelivery", "view_customer"]
    user.user_permissions.set(Permission.objects.filter(codename__in=held))
    assert [record["event_id"] for record in webhooks("list", "--json", "--as", "half").records] == ["msg_1"]
    ended = webhooks("replay", "msg_2", "--as", "half")
    assert ended.code == 1 and "There is no delivery msg_2 that you may see." in ended.err
    assert webhooks("replay", "--as", "half").code == 0
    assert states() == {"msg_1": "processed", "msg_2": "failed"}


# -- doctor -----------------------------------------------------------------------------------------------------------


def finding() -> checks.Finding:
    (found,) = checks.check_deliveries()
    return found


def test_doctor_tells_what_waits_what_failed_and_what_was_refused() -> None:
    assert (finding().state, finding().text) == ("ok", "0 wait, 0 failed")
    UpstreamState.objects.create(
        upstream="kirim", refused_deliveries=3, delivery_refused_at=timezone.now() - timedelta(minutes=5)
    )
    late = kept(1, "received")
    assert finding().state == "ok"
    assert finding().text == "1 wait, 0 failed; kirim: 3 refused for their signature, the last 5 min ago"
    WebhookDelivery.objects.filter(pk=late.pk).update(received_at=timezone.now() - timedelta(minutes=11))
    assert (finding().state, finding().fix) == ("warn", "start a worker: manage.py run")
    late.delete()
    kept(2)
    assert finding().state == "warn" and "webhooks replay --failed" in finding().fix
