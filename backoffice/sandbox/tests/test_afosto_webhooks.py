"""Webhooks: subscriptions with a secret of the server, signed messages in a log, ten attempts at each."""

import json
from typing import Any

import httpx
import pytest

from backoffice.sandbox import Sandbox, Switch
from backoffice.sandbox.afosto.assumptions import ATTEMPT_DELAYS_S, EVENTS
from backoffice.sandbox.afosto.events import SIGNATURE_HEADER, signature_of
from backoffice.sandbox.afosto.state import Afosto
from backoffice.sandbox.courier import Courier
from backoffice.sandbox.outbox import Delivery
from backoffice.sandbox.tests import afosto_shapes as shapes
from backoffice.sandbox.tests.afosto_shapes import body_of, done, refused
from backoffice.sandbox.tests.conftest import MovableClock
from backoffice.sandbox.tests.endpoint import endpoint, wait_for

URL = "https://backoffice.example.com/webhooks/afosto/"


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
        """Event and id of each delivery, which are checked on the way."""
        bodies = [json.loads(delivery.body) for delivery in self.taken]
        for body in bodies:
            shapes.check(body, shapes.DELIVERY)
        return [(body["event"], body["entity_id"]) for body in bodies]


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def subscription(desk: httpx.Client) -> dict[str, Any]:
    """One for every event there is."""
    body: dict[str, Any] = body_of(
        desk.post("/mes/webhooks/subscriptions", json={"events": list(EVENTS), "endpoint": URL}), shapes.SUBSCRIPTION
    )
    return body


def test_the_signature_is_the_one_of_the_documented_example() -> None:
    body = b'{"event":"DELIVERED","message_id":"m1"}'
    assert signature_of(body, "whs_example") == "e514588332dba058aeb9dabb6ca545f4a33b611302e33319447de0a06f131887"


def test_work_is_told_by_its_order_and_its_parcels(
    desk: httpx.Client, afosto: Afosto, inbox: Inbox, subscription: dict[str, Any]
) -> None:
    shipment = afosto.new_shipment({"MUG-BLK-300": 1})
    parcel = afosto.new_parcel(shipment["id"])
    done(desk.put(f"/lcs/parcels/{parcel['id']}/transit"))
    afosto.deliver(parcel["id"])
    done(desk.put(f"/lcs/parcels/{parcel['id']}/finished"))
    untold = afosto.new_shipment({"MUG-BLK-300": 1}, order_id=None)
    afosto.planning.cancel(untold["id"])
    assert afosto.events.deliver(inbox) == 7
    order = ("ORDER_UPDATED", shipment["order_id"])
    assert inbox.told == [
        ("ORDER_OPENED", shipment["order_id"]),
        order,  # packed
        ("IN_TRANSIT", parcel["id"]),
        order,
        ("DELIVERED", parcel["id"]),
        order,
        ("ORDER_CLOSED", shipment["order_id"]),
    ]
    for delivery in inbox.taken:
        assert delivery.url == URL
        assert delivery.headers[SIGNATURE_HEADER] == signature_of(delivery.body, subscription["secret"])
    first, third = (json.loads(inbox.taken[number].body) for number in (0, 2))
    assert (first["entity_type"], third["entity_type"]) == ("order", "delivery")
    assert third["data"] == {"id": parcel["id"]} and first["triggered_at"] == 1_767_268_800_000
    assert len({json.loads(its.body)["message_id"] for its in inbox.taken}) == 7


def test_subscriptions_are_made_read_changed_and_removed(
    desk: httpx.Client, afosto: Afosto, inbox: Inbox, subscription: dict[str, Any]
) -> None:
    names = [its["event"] for its in body_of(desk.get("/mes/webhooks/events"))]
    assert names == subscription["events"] == list(EVENTS)
    path = f"/mes/webhooks/subscriptions/{subscription['id']}"
    assert body_of(desk.get(path)) == subscription == body_of(desk.get("/mes/webhooks/subscriptions"))[0]
    change = {"events": ["IN_TRANSIT"], "endpoint": f"{URL}2", "delivery_rate": 2}
    changed = body_of(desk.put(path, json=change), shapes.SUBSCRIPTION)
    assert change.items() <= changed.items() and changed["secret"] == subscription["secret"]
    afosto.new_shipment({"MUG-BLK-300": 1})
    assert afosto.events.pending() == []
    other = {"events": ["ORDER_OPENED"], "endpoint": URL}
    assert body_of(desk.post("/mes/webhooks/subscriptions", json=other))["secret"] != subscription["secret"]
    afosto.new_shipment({"MUG-BLK-300": 1})
    done(desk.delete(f"/mes/webhooks/subscriptions/{subscription['id'] + 1}"))
    assert afosto.events.pending() == [] and afosto.events.deliver(inbox) == 0
    refused(desk.delete(f"/mes/webhooks/subscriptions/{subscription['id'] + 1}"), 404)
    for wrong in ({"events": []}, {"events": ["NEVER_HEARD_OF"]}, {"endpoint": None}, {"delivery_rate": 0}):
        refused(desk.post("/mes/webhooks/subscriptions", json={**other, **wrong}), 400)


def test_each_attempt_is_logged_and_the_tenth_is_the_last(
    desk: httpx.Client, afosto: Afosto, inbox: Inbox, subscription: dict[str, Any], clock: MovableClock
) -> None:
    delays = body_of(desk.get("/mes/webhooks/delays"))
    assert [its["delay"] for its in delays] == list(ATTEMPT_DELAYS_S) and len(delays) == 10
    assert (delays[1]["total_delay"], delays[-1]["total_delay"]) == (9, 88_569)  # 24.6 hours
    afosto.events.emit("DELIVERED", "delivery", "x", {})
    inbox.status = 500
    for number, delay in enumerate(ATTEMPT_DELAYS_S, start=1):
        if delay:
            clock.forward(seconds=delay - 1)
            assert afosto.events.deliver(inbox) == 0
            clock.forward(seconds=1)
        assert afosto.events.deliver(inbox) == 1
        assert len(inbox.taken) == number
    assert afosto.events.pending() == []
    desk.headers["Authorization"] = f"Bearer {afosto.tokens.issue()}"
    (message,) = body_of(desk.get("/mes/webhooks/messages", params={"is_delivered": "0"}), shapes.MESSAGE)
    assert (message["is_pending"], message["attempts"]) == (False, 10)
    path = f"/mes/webhooks/messages/{message['id']}"
    attempts = body_of(desk.get(f"{path}/attempts"), shapes.ATTEMPT)
    assert [its["number"] for its in attempts] == list(range(10, 0, -1))
    assert {(its["is_success"], its["response_code"]) for its in attempts} == {(False, 500)}

    inbox.status = 200
    again = body_of(desk.post(path), shapes.TEST_MESSAGE)
    assert again["is_pending"] and again["attempt"]["number"] == 11
    assert afosto.events.deliver(inbox) == 1 and inbox.taken[-1].body == inbox.taken[0].body
    delivered = body_of(desk.get(path), shapes.MESSAGE)
    assert (delivered["is_delivered"], delivered["is_pending"], delivered["attempts"]) == (True, False, 11)
    assert delivered["payload"].encode() == inbox.taken[0].body
    assert body_of(desk.get("/mes/webhooks/messages", params={"is_pending": "1"})) == []
    clock.forward(days=31)
    afosto.tick()
    assert len(afosto.events.messages.where({"id = ?": str(message["id"])})) == 0


def test_a_test_event_goes_to_one_subscription(
    desk: httpx.Client, afosto: Afosto, inbox: Inbox, subscription: dict[str, Any]
) -> None:
    afosto.events.add_subscription("https://other.example.com/", EVENTS)
    path = f"/mes/webhooks/subscriptions/{subscription['id']}/trigger"
    sent = body_of(desk.post(path, json={"event": "IN_TRANSIT", "entity_id": "abc"}), shapes.TEST_MESSAGE)
    assert sent["signature"] == signature_of(sent["payload"].encode(), subscription["secret"])
    assert afosto.events.deliver(inbox) == 1 and inbox.told == [("IN_TRANSIT", "abc")]
    refused(desk.post(path, json={"event": "NO", "entity_id": "abc"}), 400, "invalid value", "events")
    refused(desk.post("/mes/webhooks/subscriptions/99/trigger", json={"event": "DELIVERED", "entity_id": "x"}), 404)


def test_events_are_lost_repeated_and_shuffled_on_demand(
    sandbox: Sandbox, afosto: Afosto, inbox: Inbox, subscription: dict[str, Any]
) -> None:
    switches = sandbox.switches["afosto"]
    for kind, path in (("lose", "ORDER_CLOSED"), ("redeliver", "IN_TRANSIT"), ("shuffle", "ORDER_OPENED")):
        switches.turn_on(Switch(kind, path=path, times=1))
    for event in ("ORDER_OPENED", "ORDER_CLOSED", "IN_TRANSIT", "DELIVERED"):
        afosto.events.emit(event, "delivery", "x", {})
    assert afosto.events.deliver(inbox) == 4
    assert [event for event, _ in inbox.told] == ["IN_TRANSIT", "IN_TRANSIT", "DELIVERED", "ORDER_OPENED"]
    assert afosto.events.pending() == []


def test_the_subscription_of_the_demo_stays_one_wherever_its_back_office_is(afosto: Afosto) -> None:
    first = afosto.events.keep(URL, EVENTS, "whs_one")
    second = afosto.events.keep(f"{URL}moved", ["DELIVERED"], "whs_two")
    assert first["id"] == second["id"] and len(afosto.events.subscriptions) == 1
    assert (second["endpoint"], second["secret"], second["events"]) == (f"{URL}moved", "whs_two", ["DELIVERED"])
    made = afosto.events.add_subscription("https://third.example.com/", EVENTS)
    assert len(afosto.events.subscriptions) == 2 and made["id"] != first["id"]


def test_a_courier_delivers_over_the_network(sandbox: Sandbox, afosto: Afosto) -> None:
    with endpoint(200) as server:
        its = afosto.events.add_subscription(f"http://127.0.0.1:{server.server_address[1]}/", EVENTS)
        afosto.events.emit("DELIVERED", "delivery", "x", {})
        with Courier(afosto.events):
            wait_for(lambda: not afosto.events.pending())
        assert server.headers_of[0][SIGNATURE_HEADER.lower()] == signature_of(server.bodies[0], its["secret"])
