"""Afosto's endpoints that change something, a method each: they are sent through ``backoffice.writes`` only.

None of them takes an idempotency key. Most answer without a body, so what they changed is read again. Contract: Afosto
fulfilment 1.0; ``x-retry`` there says what may be repeated.
"""

from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, TypeVar

import msgspec

from backoffice.client import Answer, Attempts, Repeats
from backoffice.errors import RemoteContractError
from backoffice.records import Record, RecordError
from fulfilment.afosto.calls import AfostoCalls
from fulfilment.afosto.reading import Body
from fulfilment.afosto.records import (
    Counted,
    HandlingListCreated,
    LocationRecord,
    ParcelRecord,
    ShipmentRecord,
    SubscriptionRecord,
)

Members = Mapping[str, Any]
R = TypeVar("R", bound=Record)


class AfostoWrites(AfostoCalls):
    """All of them raise RemoteError, and what ``attempts.begin`` raises."""

    # -- handling lists -----------------------------------------------------------------------------------------------

    def create_list(self, members: Members, attempts: Attempts) -> HandlingListCreated:
        """A new list of ``shipments`` ([{id, label?}]), perhaps with ``due_at``. Repeated after 429 only.

        Its answer has neither number nor pieces: read it by its id. Source: ``POST /lcs/lists``.
        """
        endpoint = "POST /lcs/lists"
        answer = self._object(endpoint, attempts, Repeats.ONLY_WHEN_LIMITED, body=members)
        return _read(endpoint, answer, HandlingListCreated)

    def set_list_state(self, list_id: str, members: Members, attempts: Attempts) -> None:
        """Set ``sub`` (assign) or ``is_on_hold``. Source: ``PUT /lcs/lists/{id}/state``."""
        self._bodiless("PUT /lcs/lists/{id}/state", attempts, path={"id": list_id}, body=members)

    def set_list_items(self, list_id: str, items: Sequence[Members], attempts: Attempts) -> None:
        """Set members of pieces ([{id, is_handled, ...}]) by their own ids. Source: ``PUT /lcs/lists/{id}/items``."""
        self._bodiless("PUT /lcs/lists/{id}/items", attempts, path={"id": list_id}, body=items)

    def delete_list(self, list_id: str, attempts: Attempts) -> None:
        """Drop a list: it vanishes or turns cancelled. 404 on a repeat is done. Source: ``DELETE /lcs/lists/{id}``."""
        self._bodiless("DELETE /lcs/lists/{id}", attempts, path={"id": list_id})

    # -- shipments ----------------------------------------------------------------------------------------------------

    def update_shipment(self, shipment_id: str, members: Members, attempts: Attempts) -> Body:
        """The changed shipment in full; 400 where it is not editable. Source: ``PUT /lcs/shipments/{id}``."""
        endpoint, path = "PUT /lcs/shipments/{id}", {"id": shipment_id}
        return self._shipment(endpoint, attempts, shipment_id, path=path, body=members)

    def cancel_shipment(self, shipment_id: str, attempts: Attempts) -> None:
        """The record stays and turns cancelled. Source: ``DELETE /lcs/shipments/{id}``."""
        self._bodiless("DELETE /lcs/shipments/{id}", attempts, path={"id": shipment_id})

    def take_default_positions(self, shipment_id: str, attempts: Attempts) -> None:
        """Give its pieces the shelves where their SKUs lie. Source: ``PUT /lcs/shipments/{id}/positions``."""
        self._bodiless("PUT /lcs/shipments/{id}/positions", attempts, path={"id": shipment_id})

    def set_backorders(self, shipment_id: str, items: Sequence[Members], attempts: Attempts) -> Body:
        """Replace all backorders ([{sku, quantity, ...}]). Source: ``PUT /lcs/shipments/{id}/items/backorders``."""
        endpoint, path = "PUT /lcs/shipments/{id}/items/backorders", {"id": shipment_id}
        return self._shipment(endpoint, attempts, shipment_id, path=path, body=items)

    def set_overage(self, shipment_id: str, items: Sequence[Members], attempts: Attempts) -> Body:
        """Replace all overage ([{sku, quantity, ...}]). Source: ``PUT /lcs/shipments/{id}/items/overage``."""
        endpoint, path = "PUT /lcs/shipments/{id}/items/overage", {"id": shipment_id}
        return self._shipment(endpoint, attempts, shipment_id, path=path, body=items)

    def set_missing(self, shipment_id: str, items: Sequence[Members], attempts: Attempts) -> None:
        """Say which pieces ([{id, is_missing}]) were not found. Source: ``PUT /lcs/shipments/{id}/items/missing``."""
        self._bodiless("PUT /lcs/shipments/{id}/items/missing", attempts, path={"id": shipment_id}, body=items)

    # -- parcels ------------------------------------------------------------------------------------------------------

    def create_parcel(self, members: Members, attempts: Attempts) -> Body:
        """The new parcel: ``shipment_id``, ``item_ids``, perhaps weight and size. Repeated after 429 only.

        Source: ``POST /lcs/parcels``.
        """
        endpoint = "POST /lcs/parcels"
        answer = self._object(endpoint, attempts, Repeats.ONLY_WHEN_LIMITED, body=members)
        _read(endpoint, answer, ParcelRecord)
        return bytes(answer.value), answer.sent_at

    def update_parcel(self, parcel_id: str, members: Members, attempts: Attempts) -> None:
        """Set weight, size, position, tracking. Source: ``PUT /lcs/parcels/{id}``."""
        self._bodiless("PUT /lcs/parcels/{id}", attempts, path={"id": parcel_id}, body=members)

    def delete_parcel(self, parcel_id: str, attempts: Attempts) -> None:
        """Unpack it. 404 on a repeat is done. Source: ``DELETE /lcs/parcels/{id}``."""
        self._bodiless("DELETE /lcs/parcels/{id}", attempts, path={"id": parcel_id})

    def add_parcel_items(self, parcel_id: str, ids: Sequence[str], attempts: Attempts) -> Counted:
        """Put pieces into it; some may fail. Source: ``POST /lcs/parcels/{id}/items``."""
        return self._counted("POST /lcs/parcels/{id}/items", attempts, {"id": parcel_id}, {"ids": list(ids)})

    def remove_parcel_items(self, parcel_id: str, ids: Sequence[str], attempts: Attempts) -> Counted:
        """Take pieces out of it; some may fail. Source: ``DELETE /lcs/parcels/{id}/items``, with a body."""
        return self._counted("DELETE /lcs/parcels/{id}/items", attempts, {"id": parcel_id}, {"ids": list(ids)})

    def mark_parcel_in_transit(self, parcel_id: str, attempts: Attempts) -> None:
        """Repeated after 429 only: read ``is_in_transit`` first. Source: ``PUT /lcs/parcels/{id}/transit``."""
        repeats = Repeats.ONLY_WHEN_LIMITED
        self._bodiless("PUT /lcs/parcels/{id}/transit", attempts, repeats, path={"id": parcel_id})

    def mark_parcel_finished(self, parcel_id: str, attempts: Attempts) -> None:
        """Repeated after 429 only: read ``is_finished`` first. Source: ``PUT /lcs/parcels/{id}/finished``."""
        repeats = Repeats.ONLY_WHEN_LIMITED
        self._bodiless("PUT /lcs/parcels/{id}/finished", attempts, repeats, path={"id": parcel_id})

    def request_label(self, parcel_id: str, attempts: Attempts) -> str:
        """The id of the task that makes the label, "" where none was told. A second request may cost money.

        Repeated after 429 only. Source: ``POST /lcs/parcels/{id}/label``.
        """
        return self._tasked("POST /lcs/parcels/{id}/label", parcel_id, attempts)

    def request_slip(self, parcel_id: str, attempts: Attempts) -> str:
        """The same for the packing slip. Source: ``POST /lcs/parcels/{id}/slip``."""
        return self._tasked("POST /lcs/parcels/{id}/slip", parcel_id, attempts)

    # -- locations ----------------------------------------------------------------------------------------------------

    def create_location(self, members: Members, attempts: Attempts) -> Body:
        """The new location: ``name``, ``address_id``. Repeated after 429 only. Source: ``POST /lcs/locations``."""
        endpoint = "POST /lcs/locations"
        answer = self._object(endpoint, attempts, Repeats.ONLY_WHEN_LIMITED, body=members)
        _read(endpoint, answer, LocationRecord)
        return bytes(answer.value), answer.sent_at

    def update_location(self, location_id: str, members: Members, attempts: Attempts) -> Body:
        """The changed location; all members are sent. Source: ``PUT /lcs/locations/{id}``."""
        endpoint, path = "PUT /lcs/locations/{id}", {"id": location_id}
        answer = self._object(endpoint, attempts, Repeats.SAFE, path=path, body=members)
        if _read(endpoint, answer, LocationRecord).id != location_id:
            raise _another(endpoint, answer)
        return bytes(answer.value), answer.sent_at

    def set_walk_order(self, location_id: str, codes: Sequence[str], attempts: Attempts) -> Counted:
        """Put the shelves into this order. Source: ``PUT /lcs/locations/{id}/positions``."""
        return self._counted("PUT /lcs/locations/{id}/positions", attempts, {"id": location_id}, list(codes))

    def set_skus(self, location_id: str, skus: Sequence[Members], attempts: Attempts) -> Counted:
        """Say on which shelves SKUs ([{sku, position}]) lie. Source: ``PUT /lcs/locations/{id}/skus``."""
        return self._counted("PUT /lcs/locations/{id}/skus", attempts, {"id": location_id}, list(skus))

    # -- webhooks ------------------------------------------------------------------------------------------------------

    def create_subscription(self, members: Members, attempts: Attempts) -> SubscriptionRecord:
        """The new subscription (``events``, ``endpoint``) with the secret that Afosto made. Repeated after 429 only.

        Source: ``POST /mes/webhooks/subscriptions``.
        """
        endpoint = "POST /mes/webhooks/subscriptions"
        answer = self._object(endpoint, attempts, Repeats.ONLY_WHEN_LIMITED, body=members, is_secret=True)
        return _read(endpoint, answer, SubscriptionRecord)

    def update_subscription(self, subscription_id: str, members: Members, attempts: Attempts) -> SubscriptionRecord:
        """Set ``events`` and ``endpoint``. Source: ``PUT /mes/webhooks/subscriptions/{id}``."""
        endpoint, path = "PUT /mes/webhooks/subscriptions/{id}", {"id": subscription_id}
        answer = self._object(endpoint, attempts, Repeats.SAFE, path=path, body=members, is_secret=True)
        return _read(endpoint, answer, SubscriptionRecord)

    def delete_subscription(self, subscription_id: str, attempts: Attempts) -> None:
        """Remove it; 404 on a repeat is done. Source: ``DELETE /mes/webhooks/subscriptions/{id}``."""
        self._bodiless("DELETE /mes/webhooks/subscriptions/{id}", attempts, path={"id": subscription_id})

    # -- parts --------------------------------------------------------------------------------------------------------

    def _object(self, endpoint: str, attempts: Attempts, repeats: Repeats, **call: Any) -> Answer[msgspec.Raw]:
        return self.send(endpoint, msgspec.Raw, attempts=attempts, repeats=repeats, **call)

    def _bodiless(
        self, endpoint: str, attempts: Attempts, repeats: Repeats = Repeats.SAFE, **call: Any
    ) -> Answer[None]:
        return self.send(endpoint, NoneType, attempts=attempts, repeats=repeats, **call)

    def _counted(self, endpoint: str, attempts: Attempts, path: dict[str, str], body: Any) -> Counted:
        return self.send(endpoint, Counted, attempts=attempts, repeats=Repeats.SAFE, path=path, body=body).value

    def _tasked(self, endpoint: str, parcel_id: str, attempts: Attempts) -> str:
        answer = self._bodiless(endpoint, attempts, Repeats.ONLY_WHEN_LIMITED, path={"id": parcel_id})
        return answer.headers.get("x-task-id", "").strip()

    def _shipment(self, endpoint: str, attempts: Attempts, shipment_id: str, **call: Any) -> Body:
        answer = self._object(endpoint, attempts, Repeats.SAFE, **call)
        if _read(endpoint, answer, ShipmentRecord).id != shipment_id:
            raise _another(endpoint, answer)
        return ShipmentRecord.storable(bytes(answer.value)), answer.sent_at


def _read(endpoint: str, answer: Answer[msgspec.Raw], record: type[R]) -> R:
    try:
        return record.read(bytes(answer.value))
    except RecordError as error:
        raise RemoteContractError(endpoint, f"unreadable answer: {error}", answer.status) from None


def _another(endpoint: str, answer: Answer[msgspec.Raw]) -> RemoteContractError:
    return RemoteContractError(endpoint, "answered with another object; nothing of it was stored", answer.status)
