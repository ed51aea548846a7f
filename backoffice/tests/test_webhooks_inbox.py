"""The inbox at its door: what is refused and how, what is kept, and that nothing of it is kept twice (FAULTS 62, 63,
65, 66).
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from backoffice.models import UpstreamState, WebhookDelivery
from backoffice.tests.at_once import at_once
from backoffice.tests.signed import SECRET, URL, body_of, deliver, headers, new_id, post
from backoffice.webhooks import bell as bell_module
from backoffice.webhooks.bell import Bell

pytestmark = pytest.mark.django_db

OTHER_SECRET = "whsec_YW5vdGhlci1zZWNyZXQtb2YtMzItYnl0ZXMtZXhhY3Q="
TOKEN = "kst_aB3dE5fG7hJ9kLmNx7QdToken"
BODY = body_of("customer.updated", {"id": "cus_00000000000000000000000001"})


@pytest.fixture(autouse=True)
def secret(settings: Any) -> None:
    settings.KIRIM_WEBHOOK_SECRET = SECRET


def refusals() -> int:
    return sum(UpstreamState.objects.values_list("refused_deliveries", flat=True))


# -- signatures -------------------------------------------------------------------------------------------------------


def contract_example() -> dict[str, Any]:
    """The test value of the contract's README, byte for byte."""
    return {
        "data": b'{"type":"customer.updated","timestamp":"2026-11-22T12:00:00Z",'
        b'"data":{"id":"cus_01J9ZK3M5N7P8Q2R4S6T8V0W1X"}}',
        "content_type": "application/json",
        "headers": {
            "webhook-id": "msg_01J9ZK3M5N7P8Q2R4S6T8V0W1X",
            "webhook-timestamp": "1795348800",
            "webhook-signature": "v1,XCvyCppnGw3FHQKRdFVaResuHyN8PySkef0LRsag6uM=",
        },
    }


@time_machine.travel("2026-11-22T12:00:00Z", tick=False)
def test_the_contracts_test_value_is_taken(client: Client) -> None:
    assert client.post(URL, **contract_example()).status_code == 204
    row = WebhookDelivery.objects.get()
    assert (row.upstream, row.event_id, row.event) == ("kirim", "msg_01J9ZK3M5N7P8Q2R4S6T8V0W1X", "customer.updated")
    assert json.loads(row.payload)["data"] == {"id": "cus_01J9ZK3M5N7P8Q2R4S6T8V0W1X"}
    assert (row.state, row.received_at, row.tries) == ("received", datetime(2026, 11, 22, 12, tzinfo=UTC), 0)
    assert len(row.correlation_id) == 36
    assert refusals() == 0


@pytest.mark.parametrize(("moment", "status"), [(299, 204), (-299, 204), (302, 400), (-302, 400), (86400, 400)])
def test_a_signature_holds_for_five_minutes_around_its_time(client: Client, moment: int, status: int) -> None:
    with time_machine.travel(datetime(2026, 11, 22, 12, tzinfo=UTC) + timedelta(seconds=moment), tick=False):
        assert client.post(URL, **contract_example()).status_code == status
    assert (WebhookDelivery.objects.count(), refusals()) == ((1, 0) if status == 204 else (0, 1))


GOOD = "v1,XCvyCppnGw3FHQKRdFVaResuHyN8PySkef0LRsag6uM="


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": ""},
        {"webhook-id": "msg_another"},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "1795348801"},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "1e400"},
        {"webhook-timestamp": "yesterday"},
        {"webhook-signature": ""},
        {"webhook-signature": GOOD.removeprefix("v1,")},
        {"webhook-signature": GOOD.replace("v1,", "v2,")},
        {"webhook-signature": GOOD.replace("X", "Y", 1)},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1,%%%=,x v1 , ,, v1,é"},
        {"webhook-signature": SECRET},
        {"authorization": f"Bearer {SECRET}", "webhook-signature": ""},
    ],
    ids=str,
)
@time_machine.travel("2026-11-22T12:00:00Z", tick=False)
def test_what_is_not_signed_as_agreed_is_refused_and_only_counted(client: Client, changed: dict[str, str]) -> None:
    example = contract_example()
    answer = client.post(URL, **{**example, "headers": {**example["headers"], **changed}})
    assert (answer.status_code, answer.content) == (400, b"The signature does not hold.\n")
    assert not WebhookDelivery.objects.exists()
    state = UpstreamState.objects.get(upstream="kirim")
    assert (state.refused_deliveries, state.delivery_refused_at) == (1, datetime(2026, 11, 22, 12, tzinfo=UTC))


@time_machine.travel("2026-11-22T12:00:00Z", tick=False)
def test_a_body_that_was_changed_on_the_way_is_refused(client: Client) -> None:
    example = contract_example()
    assert client.post(URL, **{**example, "data": example["data"] + b" "}).status_code == 400
    assert client.post(URL, **{**example, "data": b"\xff\xfe"}).status_code == 400
    assert client.post(URL, **{**example, "data": b""}).status_code == 400
    assert (WebhookDelivery.objects.count(), refusals()) == (0, 3)


@time_machine.travel("2026-11-22T12:00:00Z", tick=False)
def test_one_matching_signature_among_others_is_enough(client: Client) -> None:
    example = contract_example()
    example["headers"]["webhook-signature"] = f"v1a,x v1,junk v1,{'A' * 43}= {GOOD}"
    assert client.post(URL, **example).status_code == 204


def test_while_a_new_secret_takes_over_both_verify_and_afterwards_only_the_new_one(
    client: Client, settings: Any
) -> None:
    settings.KIRIM_WEBHOOK_SECRET = f"{SECRET}, {OTHER_SECRET}"
    assert post(client, BODY, secret=SECRET).status_code == 204
    assert post(client, BODY, secret=OTHER_SECRET).status_code == 204
    settings.KIRIM_WEBHOOK_SECRET = OTHER_SECRET
    assert post(client, BODY, secret=SECRET).status_code == 400
    assert post(client, BODY, secret=OTHER_SECRET).status_code == 204


@pytest.mark.parametrize("value", ["", " , ", "whsec_", "whsec_x", "whsec_=="])
def test_without_a_usable_secret_the_inbox_says_503_and_counts_nothing(
    client: Client, settings: Any, value: str
) -> None:
    settings.KIRIM_WEBHOOK_SECRET = value
    answer = post(client, BODY)
    assert (answer.status_code, b"no secret" in answer.content) == (503, True)
    assert (WebhookDelivery.objects.count(), refusals()) == (0, 0)


def test_one_unusable_secret_does_not_close_the_inbox(client: Client, settings: Any) -> None:
    settings.KIRIM_WEBHOOK_SECRET = f"whsec_x,{SECRET}"
    assert post(client, BODY).status_code == 204


# -- the door ---------------------------------------------------------------------------------------------------------


def test_it_takes_neither_a_session_nor_a_form_token() -> None:
    assert post(Client(enforce_csrf_checks=True), BODY).status_code == 204


def test_an_unknown_upstream_is_404_and_other_methods_are_405(client: Client) -> None:
    assert client.post("/webhooks/nobody/", BODY, content_type="application/json").status_code == 404
    for method in ("get", "head", "put", "delete", "options", "patch"):
        answer = getattr(client, method)(URL)
        assert (answer.status_code, answer["Allow"]) == (405, "POST"), method
    assert (WebhookDelivery.objects.count(), refusals()) == (0, 0)


class Endless(BytesIO):
    """A body that never ends, and how much of it was read."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        assert size and size > 0, "it was read to its end"
        self.taken += size
        return b"x" * size


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 5 * 1024 * 1024, 10**30])
def test_a_body_over_one_mebibyte_is_refused_before_it_is_read(client: Client, size: int) -> None:
    body = Endless()
    answer = client.generic("POST", URL, **{"CONTENT_LENGTH": str(size), "wsgi.input": body})  # type: ignore[arg-type]
    assert (answer.status_code, answer.content) == (413, b"A delivery may have at most 1,048,576 bytes.\n")
    assert body.taken == 0
    assert (WebhookDelivery.objects.count(), refusals()) == (0, 0)


def test_of_a_body_in_chunks_no_more_than_that_is_read(client: Client) -> None:
    body = Endless()
    chunked = {"CONTENT_LENGTH": "", "wsgi.input": body, "wsgi.input_terminated": True}
    assert client.generic("POST", URL, **chunked).status_code == 413  # type: ignore[arg-type]
    assert body.taken == 1024 * 1024 + 1


class BrokenOff(BytesIO):
    """A body whose sender goes away."""

    def read(self, size: int | None = -1) -> bytes:
        raise ConnectionResetError("the peer went away")


@pytest.mark.parametrize("how", [{"CONTENT_LENGTH": "100"}, {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}])
def test_a_body_that_breaks_off_is_refused_in_peace(client: Client, how: dict[str, Any]) -> None:
    assert client.generic("POST", URL, **{**how, "wsgi.input": BrokenOff()}).status_code == 400  # type: ignore[arg-type]
    assert (WebhookDelivery.objects.count(), refusals()) == (0, 0)


def test_a_small_body_in_chunks_is_taken(client: Client) -> None:
    chunked = {"CONTENT_LENGTH": "", "wsgi.input": BytesIO(BODY), "wsgi.input_terminated": True}
    answer = client.generic("POST", URL, headers=headers(BODY, new_id()), **chunked)  # type: ignore[arg-type]
    assert answer.status_code == 204
    assert WebhookDelivery.objects.count() == 1


def test_a_body_of_just_one_mebibyte_is_taken(client: Client) -> None:
    empty = len(body_of("customer.updated", {"note": ""}))
    body = body_of("customer.updated", {"note": "x" * (1024 * 1024 - empty)})
    assert len(body) == 1024 * 1024
    assert post(client, body).status_code == 204


@contextmanager
def writing_fails() -> Iterator[None]:
    def fail(execute: Any, sql: str, *args: Any) -> Any:
        if sql.lstrip().startswith(("INSERT", "UPDATE")):
            raise OperationalError("disk I/O error")
        return execute(sql, *args)

    with connection.execute_wrapper(fail):
        yield


def test_what_cannot_be_kept_now_is_not_acknowledged(client: Client) -> None:
    with writing_fails():
        answer = post(client, BODY)
        refused = post(client, BODY, secret=OTHER_SECRET)
    assert (answer.status_code, answer.content) == (503, b"It cannot be kept now; deliver it again.\n")
    assert refused.status_code == 400


# -- bodies -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b'"text"', b"5", b"{", b"{}", b"not json", b'{"type": 5}', b'{"type": null}',
        b'{"type": ""}', b'{"data": {"id": "cus_1"}}', b'{"type": "a"}}', b'{"type": "x", "n": NaN}', b"[" * 100_000,
        b'{"type": "x", "data": ' + b"[" * 5000 + b"]" * 5000 + b"}", b'{"type": "' + b"x" * 256 + b'"}',
        b'{"type": "line\\nbreak"}',
    ],
    ids=lambda body: body[:24].decode(),
)  # fmt: skip
def test_signed_junk_is_refused_and_neither_kept_nor_counted_as_badly_signed(client: Client, body: bytes) -> None:
    answer = post(client, body)
    assert (answer.status_code, answer.content.startswith(b"Not taken: ")) == (400, True), answer.content
    assert (WebhookDelivery.objects.count(), refusals()) == (0, 0)


@pytest.mark.parametrize("id", ["x" * 256, "tab\there", "caf\xe9" * 64])
def test_an_event_id_that_cannot_be_kept_is_refused(client: Client, id: str) -> None:
    assert post(client, BODY, id).status_code == 400
    assert not WebhookDelivery.objects.exists()


def test_an_event_id_as_long_as_the_column_is_kept(client: Client) -> None:
    assert deliver(client, "customer.updated", id="x" * 255).event_id == "x" * 255


def test_characters_that_no_database_keeps_are_replaced(client: Client) -> None:
    body = b'{"type": "customer.updated", "data": {"id": "cus_1", "name": "a\\u0000b\\ud800c \xf0\x9f\x8c\xb4"}}'
    assert post(client, body).status_code == 204
    assert json.loads(WebhookDelivery.objects.get().payload)["data"]["name"] == "a�b�c 🌴"


def test_secret_members_are_taken_out_at_any_depth(client: Client) -> None:
    told = {
        "type": "customer.setup_link.created",
        "token": TOKEN,
        "data": {"id": "csl_1", "token": TOKEN, "token_last4": "7QdT", "links": [{"setup_url": f"https://x/{TOKEN}"}]},
        "more": {"deep": [[{"initial_secret": TOKEN, "kept": 1}]]},
    }
    body = json.dumps(told).replace('"setup_url"', '"setup\\u005furl"').encode()
    assert post(client, body).status_code == 204
    payload = WebhookDelivery.objects.get().payload
    assert TOKEN not in payload
    assert json.loads(payload) == {
        "type": "customer.setup_link.created",
        "data": {"id": "csl_1", "token_last4": "7QdT", "links": [{}]},
        "more": {"deep": [[{"kept": 1}]]},
    }


def test_a_key_of_ours_that_is_echoed_is_not_kept(client: Client) -> None:
    deliver(client, "customer.updated", {"id": "cus_1", "note": "the key is kirim-test-key"})
    assert json.loads(WebhookDelivery.objects.get().payload)["data"]["note"] == "the key is •••"


# -- once -------------------------------------------------------------------------------------------------------------


def test_a_delivery_that_comes_again_is_acknowledged_and_changes_nothing(client: Client) -> None:
    row = deliver(client, "customer.updated", {"id": "cus_1"}, id="msg_again")
    WebhookDelivery.objects.update(state="processed", tries=1)
    assert post(client, body_of("customer.archived", {"id": "cus_2"}), "msg_again").status_code == 204
    again = WebhookDelivery.objects.get()
    assert (again.pk, again.event, again.payload, again.state) == (row.pk, "customer.updated", row.payload, "processed")


def test_an_event_that_nobody_knows_is_kept(client: Client) -> None:
    assert deliver(client, "customer.teleported", {"id": "cus_1"}).state == "received"


@pytest.mark.django_db(transaction=True)
def test_equal_deliveries_at_the_same_moment_make_one_row_and_all_are_acknowledged() -> None:
    """Event ids that no event has are ignored, so that this needs no Kirim."""
    body = body_of("nothing.happened", None)
    requests = [headers(body, f"msg_{number % 10}") for number in range(80)]

    def work(mine: list[dict[str, str]]) -> list[int]:
        client = Client()
        return [client.post(URL, body, content_type="application/json", headers=one).status_code for one in mine]

    statuses = at_once(work, [requests[start::8] for start in range(8)])
    assert sum(statuses, []) == [204] * 80
    assert sorted(WebhookDelivery.objects.values_list("event_id", flat=True)) == [f"msg_{n}" for n in range(10)]
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"ignored"}


@pytest.mark.django_db(transaction=True)
def test_the_work_is_handed_over_once_the_row_is_committed(client: Client) -> None:
    """Tasks are carried out at once in tests, so the delivery is done when its sender has the answer."""
    assert deliver(client, "contact.created").state == "ignored"


# -- the bell ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def with_workers(settings: Any) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = False


def wait_for(event: threading.Event) -> None:
    assert event.wait(5), "waited in vain"


def test_a_burst_is_told_to_the_workers_with_few_messages_and_the_last_one_follows_the_last_row(
    with_workers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bell_module, "EVERY_S", 0.1)
    rows = 0
    seen: list[int] = []
    complete = threading.Event()

    def publish() -> bool:
        seen.append(rows)
        if rows == 500:
            complete.set()
        return True

    bell = Bell(publish)
    for _ in range(500):
        rows += 1  # committed
        bell.ring()
    wait_for(complete)
    assert len(seen) <= 5


def test_whoever_delivers_does_not_wait_for_a_broker_that_hangs(with_workers: None) -> None:
    hanging, released = threading.Event(), threading.Event()

    def publish() -> bool:
        hanging.set()
        return released.wait(5)

    bell = Bell(publish)
    begun = timezone.now()
    bell.ring()
    wait_for(hanging)
    for _ in range(100):
        bell.ring()
    assert timezone.now() - begun < timedelta(seconds=1)
    released.set()


def test_what_the_broker_did_not_take_is_told_to_it_again_without_another_delivery(
    with_workers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bell_module, "BROKER_PAUSE_S", 0.01)
    answers, taken = [False, False, True], threading.Event()

    def publish() -> bool:
        answer = answers.pop(0)
        if answer:
            taken.set()
        return answer

    Bell(publish).ring()
    wait_for(taken)


def test_a_bell_whose_thread_was_lost_rings_again(with_workers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a fork, or after an error that nobody thought of; pytest must not take the latter for its own."""
    monkeypatch.setattr(threading, "excepthook", lambda told: None)
    rung = threading.Event()
    faults = [RuntimeError("of the broker's library")]

    def publish() -> bool:
        if faults:
            raise faults.pop()
        rung.set()
        return True

    bell = Bell(publish)
    bell.ring()
    thread = bell._thread
    assert thread is not None
    thread.join(5)
    bell.ring()
    wait_for(rung)
