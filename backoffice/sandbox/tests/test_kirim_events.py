"""Events: written down with what they tell of, signed, delivered in order, tried again, and troubled on demand."""

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import time_machine
from standardwebhooks.webhooks import Webhook

from backoffice.sandbox import Sandbox
from backoffice.sandbox.courier import Courier
from backoffice.sandbox.kirim.assumptions import DELIVERY_PAUSES_S, EVENTS
from backoffice.sandbox.kirim.events import Delivery
from backoffice.sandbox.tests import shapes
from backoffice.sandbox.tests.conftest import MovableClock, client_of
from backoffice.sandbox.tests.endpoint import endpoint, wait_for
from backoffice.sandbox.tests.shapes import data_of

URL = "https://backoffice.example.com/webhooks/kirim/"


class Inbox:
    """Takes deliveries and answers with ``status``."""

    def __init__(self) -> None:
        self.taken: list[Delivery] = []
        self.status: int | None = 204

    def __call__(self, delivery: Delivery) -> int | None:
        self.taken.append(delivery)
        return self.status

    @property
    def told(self) -> list[tuple[str, str]]:
        """Type and the id of the object of each delivery."""
        return [(body["type"], body["data"]["id"]) for body in map(body_of, self.taken)]


def body_of(delivery: Delivery) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(delivery.body)
    return body


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def subscription(sandbox: Sandbox) -> str:
    """One for every event there is."""
    return sandbox.kirim.subscriptions.add(URL, sorted(EVENTS))["id"]


def test_each_change_is_told_once_with_the_object_as_it_is_then(
    sandbox: Sandbox, api: httpx.Client, inbox: Inbox, subscription: str
) -> None:
    customer = data_of(api.post("/customers", json={"name": "Toko"}))
    path = f"/customers/{customer['id']}"
    changed = data_of(api.patch(path, json={"name": "Toko Baru"}))
    link = data_of(api.post(f"{path}/setup_links"))
    sandbox.kirim.complete_onboarding(link["id"])
    api.delete(path)
    api.delete(path)  # a second time changes nothing
    sandbox.kirim.events.deliver(inbox)
    assert inbox.told == [
        ("customer.created", customer["id"]),
        ("customer.updated", customer["id"]),
        ("customer.setup_link.created", link["id"]),
        ("customer.setup_link.consumed", link["id"]),
        ("customer.updated", customer["id"]),  # it became active
        ("customer.onboarded", customer["id"]),
        ("customer.archived", customer["id"]),
    ]
    bodies = [body_of(delivery) for delivery in inbox.taken]
    assert [body["data"] for body in bodies[:2]] == [customer, changed]
    for body in bodies:
        assert body.keys() == {"type", "timestamp", "data"} and shapes.moment(body["timestamp"])
        shapes.check(body["data"], shapes.LINK if "setup_link" in body["type"] else shapes.CUSTOMER)
    assert not [delivery for delivery in inbox.taken if link["token"].encode() in delivery.body]


def test_what_is_no_event_is_not_told(sandbox: Sandbox, api: httpx.Client, subscription: str) -> None:
    customer = sandbox.kirim.customers.add("x")
    kept, gone = sandbox.kirim.links.add(customer["id"]), sandbox.kirim.links.add(customer["id"])
    before = len(sandbox.kirim.events.pending())
    api.patch(f"/customers/{customer['id']}", json={})
    api.delete(f"/customers/{customer['id']}/setup_links/{gone['id']}")  # the contract knows no such event
    sandbox.kirim.links.expire(kept["id"])
    assert api.patch(f"/customers/{customer['id']}", json={"name": ""}).status_code == 400
    assert len(sandbox.kirim.events.pending()) == before


def test_life_is_told_too(clock: MovableClock, inbox: Inbox) -> None:
    with Sandbox(customers=60, now=clock) as sandbox:
        sandbox.kirim.subscriptions.add(URL, sorted(EVENTS))
        for _ in range(40):
            sandbox.kirim.tick()
        sandbox.kirim.events.deliver(inbox)
    told = {type for type, _ in inbox.told}
    assert told == {name for name in EVENTS if name.startswith("customer.")} - {"customer.archived"}


def test_a_change_that_is_rolled_back_was_never_told(sandbox: Sandbox, subscription: str) -> None:
    with pytest.raises(RuntimeError), sandbox.kirim.storage.transaction():
        sandbox.kirim.customers.add("never")
        raise RuntimeError
    assert sandbox.kirim.events.pending() == []


def test_filling_a_new_state_is_no_event_and_nothing_is_kept_for_nobody(clock: MovableClock) -> None:
    with Sandbox(customers=30, now=clock) as sandbox:
        sandbox.kirim.customers.add("unheard")
        sandbox.kirim.subscriptions.add(URL, ["customer.archived"])
        paused = sandbox.kirim.subscriptions.add(URL, ["customer.created"])["id"]
        sandbox.kirim.subscriptions.change(paused, status="paused")
        sandbox.kirim.customers.add("unheard too")
        assert sandbox.kirim.events.pending() == []


def test_a_delivery_is_signed_as_standard_webhooks_are(
    sandbox: Sandbox, clock: MovableClock, inbox: Inbox, subscription: str
) -> None:
    sandbox.kirim.customers.add("名前")
    sandbox.kirim.events.deliver(inbox)
    (delivery,) = inbox.taken
    assert delivery.url == URL
    assert delivery.headers["webhook-timestamp"] == str(int(clock.moment.timestamp()))
    assert shapes.identifier("msg")(delivery.headers["webhook-id"])
    with time_machine.travel(clock.moment, tick=False):
        body = Webhook(sandbox.kirim.subscriptions.secret(subscription)).verify(delivery.body, dict(delivery.headers))
    assert body["data"]["name"] == "名前"
    assert sandbox.kirim.subscriptions.secret(subscription) not in repr(delivery)


def test_every_subscription_is_told_and_signed_with_its_own_secret(sandbox: Sandbox, inbox: Inbox) -> None:
    for n in range(2):
        sandbox.kirim.subscriptions.add(f"{URL}{n}", ["customer.created"])
    sandbox.kirim.customers.add("x")
    sandbox.kirim.events.deliver(inbox)
    first, second = inbox.taken
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert {first.url, second.url} == {f"{URL}0", f"{URL}1"}


@pytest.mark.parametrize("status", [None, 302, 400, 410, 500, 503])
def test_what_is_not_taken_is_tried_again_with_growing_pauses_and_at_last_given_up(
    sandbox: Sandbox, clock: MovableClock, inbox: Inbox, subscription: str, status: int | None
) -> None:
    sandbox.kirim.customers.add("x")
    inbox.status = status
    assert sandbox.kirim.events.deliver(inbox) == 1
    for number, pause_s in enumerate(DELIVERY_PAUSES_S, start=1):
        clock.forward(seconds=pause_s - 1)
        assert sandbox.kirim.events.deliver(inbox) == 0
        clock.forward(seconds=1)
        assert sandbox.kirim.events.deliver(inbox) == 1 and len(inbox.taken) == number + 1
    assert list(DELIVERY_PAUSES_S) == sorted(set(DELIVERY_PAUSES_S))
    assert len({delivery.headers["webhook-id"] for delivery in inbox.taken}) == 1
    assert len({delivery.headers["webhook-timestamp"] for delivery in inbox.taken}) == len(inbox.taken)
    assert sandbox.kirim.events.pending() == []


def test_what_waits_for_another_try_does_not_hold_up_what_comes_later(
    sandbox: Sandbox, clock: MovableClock, inbox: Inbox, subscription: str
) -> None:
    first = sandbox.kirim.customers.add("1")
    inbox.status = 500
    sandbox.kirim.events.deliver(inbox)
    inbox.status = 204
    second = sandbox.kirim.customers.add("2")
    sandbox.kirim.events.deliver(inbox)
    clock.forward(seconds=DELIVERY_PAUSES_S[0])
    sandbox.kirim.events.deliver(inbox)
    assert [id for _, id in inbox.told] == [first["id"], second["id"], first["id"]]


def test_a_paused_subscription_gets_later_what_it_was_told_before_and_a_removed_one_nothing(
    sandbox: Sandbox, api: httpx.Client, inbox: Inbox, subscription: str
) -> None:
    sandbox.kirim.customers.add("x")
    one = f"/webhook_subscriptions/{subscription}"
    api.patch(one, json={"status": "paused"})
    assert sandbox.kirim.events.deliver(inbox) == 0
    api.patch(one, json={"status": "active", "url": f"{URL}moved"})
    assert sandbox.kirim.events.deliver(inbox) == 1 and inbox.taken[0].url == f"{URL}moved"
    sandbox.kirim.customers.add("y")
    api.delete(one)
    assert sandbox.kirim.events.pending() == []


def test_a_restart_goes_on_with_what_was_not_delivered(tmp_path: Path, inbox: Inbox) -> None:
    with Sandbox(customers=0, state_path=tmp_path) as sandbox:
        sandbox.kirim.subscriptions.add(URL, ["customer.created"])
        customer = sandbox.kirim.customers.add("x")
    with Sandbox(state_path=tmp_path) as sandbox:
        sandbox.kirim.events.deliver(inbox)
        assert inbox.told == [("customer.created", customer["id"])]


def test_events_are_lost_repeated_and_shuffled_on_demand(sandbox: Sandbox, inbox: Inbox, subscription: str) -> None:
    control = httpx.Client(transport=httpx.WSGITransport(app=sandbox.wsgi), base_url="http://sandbox/sandbox/control/")
    control.post("kirim/lose", json={"times": 1, "path": "customer.created"})
    lost, kept = sandbox.kirim.customers.add("lost"), sandbox.kirim.customers.add("kept")
    sandbox.kirim.events.deliver(inbox)
    assert inbox.told == [("customer.created", kept["id"])] and sandbox.kirim.events.pending() == []

    inbox.taken.clear()
    control.post("kirim/redeliver", json={"path": "*.updated"})
    sandbox.kirim.customers.change(lost["id"], name="found")
    sandbox.kirim.customers.add("once")
    sandbox.kirim.events.deliver(inbox)
    assert [type for type, _ in inbox.told] == ["customer.updated", "customer.updated", "customer.created"]
    assert inbox.taken[0].headers["webhook-id"] == inbox.taken[1].headers["webhook-id"]

    inbox.taken.clear()
    control.post("kirim/reset")
    control.post("kirim/shuffle", json={})
    made = [sandbox.kirim.customers.add(str(number))["id"] for number in range(60)]
    sandbox.kirim.events.deliver(inbox)
    told = [id for _, id in inbox.told]
    assert told != made and sorted(told) == sorted(made)


def test_an_installation_keeps_one_subscription_of_its_own_wherever_it_is(sandbox: Sandbox) -> None:
    keep = sandbox.kirim.subscriptions.keep
    secrets = ["whsec_" + letter * 43 + "=" for letter in "AB"]
    by_hand = sandbox.kirim.subscriptions.add(URL, ["customer.created"])
    first = keep(URL, ["customer.created", "customer.updated"], "ours", secrets[0])
    assert (first["id"], first["events"]) == (by_hand["id"], ["customer.created", "customer.updated"])
    sandbox.kirim.subscriptions.change(first["id"], status="disabled")
    moved = keep(f"{URL}2", ["customer.created"], "ours", secrets[1])
    assert (moved["id"], moved["url"], moved["status"]) == (first["id"], f"{URL}2", "active")
    assert sandbox.kirim.subscriptions.secret(moved["id"]) == secrets[1]
    assert keep(f"{URL}2", ["customer.created"], "ours", secrets[1]) == moved
    assert len(list(sandbox.kirim.subscriptions)) == 1


def test_a_courier_delivers_beside_the_calls_over_one_connection(tmp_path: Path) -> None:
    with endpoint() as server, Sandbox(customers=0, state_path=tmp_path) as sandbox:
        address = f"http://127.0.0.1:{server.server_address[1]}/webhooks/kirim/"
        sandbox.kirim.subscriptions.add(address, ["customer.created"])
        sandbox.kirim.subscriptions.add("http://127.0.0.1:1/", ["customer.created"])  # nobody there
        sandbox.kirim.subscriptions.add("mailto:somebody@example.com", ["customer.created"])  # no web address
        with Courier(sandbox.kirim.events):
            client_of(sandbox).post("/customers", json={"name": "first"})
            wait_for(lambda: len(server.taken) == 1)
            for number in range(20):
                sandbox.kirim.customers.add(str(number))
            wait_for(lambda: len(server.taken) == 21)
            wait_for(lambda: {row["tries"] for row in sandbox.kirim.events.pending()} == {1})  # those for nobody
        assert len(set(server.clients)) == 1
        assert len(set(server.taken)) == 21
        sandbox.kirim.customers.add("after the end")
        time.sleep(0.1)
        assert len(server.taken) == 21


def test_a_courier_follows_no_redirect() -> None:
    with endpoint(302) as server, Sandbox(customers=0) as sandbox:
        sandbox.kirim.subscriptions.add(f"http://127.0.0.1:{server.server_address[1]}/", ["customer.created"])
        with Courier(sandbox.kirim.events):
            sandbox.kirim.customers.add("x")
            wait_for(lambda: [row["tries"] for row in sandbox.kirim.events.pending()] == [1])
        assert len(server.taken) == 1
