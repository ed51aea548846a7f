"""From one of Afosto's deliveries to the mirror: what each reads again, whatever the order and the trouble
(FAULTS 38, 63, 64, 65).
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from backoffice import tasks
from backoffice.models import RowChange, WebhookDelivery
from backoffice.sandbox.outbox import Delivery
from backoffice.tests.factories import person
from backoffice.tests.signed import processed
from backoffice.webhooks.access import visible_deliveries
from fulfilment.models import Parcel, Shipment
from fulfilment.tests import syncing
from fulfilment.tests.signed import SECRET, URL, deliver
from fulfilment.tests.syncing import Upstream, mirrored

pytestmark = pytest.mark.django_db
State = WebhookDelivery.State
SHIPMENTS, PARCELS = "afosto.shipments", "afosto.parcels"
EVENTS = ("ORDER_OPENED", "ORDER_UPDATED", "ORDER_CLOSED", "IN_TRANSIT", "DELIVERED")


@pytest.fixture
def there(settings: Any) -> Iterator[Upstream]:
    """A mirrored Afosto with a shipment in a parcel: ``there.shipment``, ``there.parcel``."""
    settings.AFOSTO_WEBHOOK_SECRET = SECRET
    with syncing.upstream(settings, lists=2, parcels=2) as there:
        there.shipment = there.afosto.new_shipment({"MUG-BLK-300": 2})  # type: ignore[attr-defined]
        there.parcel = there.afosto.new_parcel(there.shipment["id"])  # type: ignore[attr-defined]
        syncing.sync_all()
        there.calls.clear()
        yield there


def here(there: Any) -> tuple[str, str]:
    """The states of its parcel and its shipment in the mirror."""
    parcel = Parcel.objects.get(remote_id=there.parcel["id"])
    return parcel.state, Shipment.objects.get(remote_id=there.parcel["shipment_id"]).state


def test_the_life_of_a_parcel_is_mirrored_by_what_afosto_sends(client: Client, there: Any, settings: Any) -> None:
    """Signed and worded by the sandbox, not by our tests."""
    afosto = there.afosto
    afosto.events.add_subscription(f"http://testserver{URL}", EVENTS)
    secret = next(iter(afosto.events.subscriptions))["secret"]

    def send(delivery: Delivery) -> int:
        answer = client.post(URL, delivery.body, content_type="application/json", headers=dict(delivery.headers))
        return answer.status_code

    def all_delivered() -> None:
        while afosto.events.deliver(send):
            pass
        tasks.process_deliveries()

    settings.AFOSTO_WEBHOOK_SECRET = secret
    assert here(there) == ("packed", "packed")
    afosto.send_off(there.parcel["id"])
    all_delivered()
    assert here(there) == ("in transit", "in transit")
    afosto.deliver(there.parcel["id"])
    all_delivered()
    assert here(there)[0] == "delivered"
    made = afosto.new_shipment({"TEAPOT-1L": 1})
    all_delivered()
    assert Shipment.objects.get(remote_id=made["id"]).order_id == made["order_id"]
    afosto.planning.cancel(made["id"])
    all_delivered()
    assert Shipment.objects.get(remote_id=made["id"]).state == "cancelled"
    assert set(WebhookDelivery.objects.values_list("state", "error")) == {(State.PROCESSED, "")}
    for resource in (SHIPMENTS, PARCELS):
        assert mirrored(resource) == there.bodies(resource)


@pytest.mark.parametrize("event", ["IN_TRANSIT", "DELIVERED"])
@pytest.mark.parametrize("entity_type", ["delivery", "parcel", "Parcel", "consignment", ""])
def test_a_parcel_is_read_again_and_its_shipment_with_it(
    client: Client, there: Any, event: str, entity_type: str
) -> None:
    there.afosto.send_off(there.parcel["id"])
    delivery = processed(deliver(client, event, entity_type, there.parcel["id"]))
    assert (delivery.state, delivery.error, delivery.tries) == (State.PROCESSED, "", 1)
    assert there.paths() == [f"/lcs/parcels/{there.parcel['id']}", f"/lcs/shipments/{there.shipment['id']}"]
    assert here(there) == ("in transit", "in transit")
    assert set(RowChange.objects.values_list("delivery", flat=True)) == {delivery.pk}


@pytest.mark.parametrize("entity_type", ["shipment", "delivery"])
def test_a_shipment_is_read_again_and_its_parcels_with_it_also_where_it_is_called_a_delivery(
    client: Client, there: Any, entity_type: str
) -> None:
    there.afosto.send_off(there.parcel["id"])
    assert processed(deliver(client, "IN_TRANSIT", entity_type, there.shipment["id"])).state == State.PROCESSED
    assert here(there) == ("in transit", "in transit")
    assert there.paths("POST") == ["/lcs/search/parcels"] * 2  # the second page is the end


@pytest.mark.parametrize("event", ["ORDER_OPENED", "ORDER_UPDATED", "ORDER_CLOSED"])
def test_an_order_is_its_shipments_as_they_are_mirrored(client: Client, there: Any, event: str) -> None:
    there.afosto.send_off(there.parcel["id"])
    delivery = processed(deliver(client, event, "order", there.shipment["order_id"]))
    assert (delivery.state, delivery.error) == (State.PROCESSED, "")
    assert there.paths() == [f"/lcs/shipments/{there.shipment['id']}"]
    assert here(there) == ("in transit", "in transit")


def test_an_order_that_is_not_known_makes_us_look_for_new_shipments_once_a_round(client: Client, there: Any) -> None:
    made = [there.afosto.new_shipment({"TEAPOT-1L": 1}) for _ in range(2)]
    deliveries = [deliver(client, "ORDER_OPENED", "order", one["order_id"]) for one in made]
    deliveries += [deliver(client, "ORDER_OPENED", "order", f"nobody-{number}") for number in range(3)]
    tasks.process_deliveries()
    for one in made:
        assert Shipment.objects.get(remote_id=one["id"]).state == "open"
    assert there.calls.count(("POST", "/lcs/search/shipments/items", "1")) == 1
    assert set(WebhookDelivery.objects.values_list("state", "error")) == {(State.PROCESSED, "")}
    later = deliver(client, "ORDER_UPDATED", "order", "nobody-0")
    processed(later)
    assert there.calls.count(("POST", "/lcs/search/shipments/items", "1")) == 2


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2, 1, 0]], ids=str)
def test_whatever_the_order_and_however_often_the_mirror_ends_as_afosto_is(
    client: Client, there: Any, order: list[int]
) -> None:
    there.afosto.send_off(there.parcel["id"])
    there.afosto.deliver(there.parcel["id"])
    for number in order:
        what = ("IN_TRANSIT", "DELIVERED", "ORDER_UPDATED")[number]
        entity = ("order", there.shipment["order_id"]) if number == 2 else ("delivery", there.parcel["id"])
        processed(deliver(client, what, *entity, message_id=f"m{number}"))
    assert here(there)[0] == "delivered"
    assert WebhookDelivery.objects.filter(state=State.PROCESSED).count() == 3
    for resource in (SHIPMENTS, PARCELS):
        assert mirrored(resource) == there.bodies(resource)


def test_twenty_events_of_one_parcel_are_one_reading(client: Client, there: Any) -> None:
    for _ in range(20):
        deliver(client, "IN_TRANSIT", "delivery", there.parcel["id"])
    tasks.process_deliveries()
    assert len(there.paths()) == 2
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {State.PROCESSED}


def test_an_event_that_nobody_knows_is_kept_and_ignored_with_the_reason(client: Client, there: Any) -> None:
    delivery = processed(deliver(client, "PARCEL_TELEPORTED", "parcel", there.parcel["id"]))
    assert delivery.state == State.IGNORED and "has no such event" in delivery.error
    assert there.calls == []


@pytest.mark.parametrize("id", [None, "", [], {"a": 1}, True, "x" * 256, "tab\there", "é"])
def test_what_names_nothing_has_failed_with_a_sentence_and_asks_nobody(client: Client, there: Any, id: Any) -> None:
    delivery = processed(deliver(client, "DELIVERED", "delivery", id))
    assert delivery.state == State.FAILED and "names no parcel" in delivery.error
    assert there.calls == []


def test_what_afosto_no_longer_knows_is_left_to_the_next_sweep(client: Client, there: Any) -> None:
    there.afosto.parcels.remove(there.parcel["id"])
    delivery = processed(deliver(client, "DELIVERED", "delivery", there.parcel["id"]))
    assert delivery.state == State.PROCESSED and "Afosto no longer knows it" in delivery.error
    assert Parcel.objects.get(remote_id=there.parcel["id"]).vanished_at is None


def test_ids_that_would_name_another_path_ask_nothing_else(client: Client, there: Any) -> None:
    for id in ("..", ".", "../lists", "a/b?c#d"):
        processed(deliver(client, "DELIVERED", "parcel", id))
    assert {path.count("/") for path in there.paths()} <= {3, 4} and "/lcs/lists" not in there.paths()


def test_what_cannot_be_read_now_is_tried_again(client: Client, there: Any) -> None:
    there.turn_on("down")
    delivery = processed(deliver(client, "DELIVERED", "delivery", there.parcel["id"]))
    assert delivery.state == State.RECEIVED and delivery.error.startswith("It is tried again by itself.")


def test_a_refused_client_is_told_and_its_secret_never_shown(client: Client, there: Any, settings: Any) -> None:
    settings.AFOSTO_CLIENT_SECRET = "another-client-secret"
    delivery = processed(deliver(client, "DELIVERED", "delivery", there.parcel["id"]))
    assert delivery.state == State.FAILED and delivery.error.startswith("Afosto refuses")
    assert "another-client-secret" not in delivery.error


def test_only_who_may_see_parcels_sees_what_is_told_of_them(client: Client, there: Any) -> None:
    for event in (*EVENTS, "PARCEL_TELEPORTED"):
        deliver(client, event, "", "1")
    assert visible_deliveries(None).count() == visible_deliveries(person("viewer")).count() == 6
    clerk = User.objects.create(username="clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=["view_webhookdelivery", "view_shipment"]))
    events = visible_deliveries(clerk).values_list("event", flat=True)
    assert set(events) == {"ORDER_OPENED", "ORDER_UPDATED", "ORDER_CLOSED"}
