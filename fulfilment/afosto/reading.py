"""Afosto's endpoints that only read, a method each. Contract: Afosto fulfilment 1.0."""

from datetime import datetime
from typing import Any, TypeVar

import msgspec

from backoffice.client import Answer, NumberedPage, Page
from backoffice.errors import RemoteContractError
from backoffice.records import Record, RecordError
from fulfilment.afosto.calls import AfostoCalls, Constraints, one_or_many
from fulfilment.afosto.records import (
    DpdPointRecord,
    FileRecord,
    PointHitRecord,
    PositionRecord,
    SubscriptionRecord,
    TaskRecord,
)

R = TypeVar("R", bound=Record)
Body = tuple[bytes, datetime]
"""One object as JSON, and when it was asked for."""
MAX_PAGES = 200  # of what is read whole for one page of ours: shelves, subscriptions


class AfostoReads(AfostoCalls):
    """All of them raise RemoteError, and nothing else."""

    # -- what sweeps read ---------------------------------------------------------------------------------------------

    def list_locations(self, number: int) -> NumberedPage:
        """Source: ``GET /lcs/locations``."""
        return self.numbered("GET /lcs/locations", number)

    def list_lists(self, number: int) -> NumberedPage:
        """Handling lists with their pieces one by one. Source: ``GET /lcs/lists``."""
        return self.numbered("GET /lcs/lists", number)

    def list_shipments(self, number: int) -> NumberedPage:
        """Shipments without pieces and parcels. Source: ``GET /lcs/shipments``."""
        return self.numbered("GET /lcs/shipments", number)

    def list_parcels(self, number: int) -> NumberedPage:
        """Source: ``GET /lcs/parcels``."""
        return self.numbered("GET /lcs/parcels", number)

    def list_contacts(self, cursor: str | None = None) -> Page:
        """Source: ``GET /rel/contacts``."""
        return self.cursored("GET /rel/contacts", cursor)

    def list_methods(self) -> tuple[list[bytes], datetime]:
        """All shipping methods; not paged. Source: ``GET /lcs/methods``."""
        answer = self.call("GET /lcs/methods", list[msgspec.Raw])
        return [bytes(row) for row in answer.value], answer.sent_at

    # -- one object by its id -----------------------------------------------------------------------------------------

    def retrieve_location(self, location_id: str) -> Body:
        """Source: ``GET /lcs/locations/{id}``."""
        return self._one("GET /lcs/locations/{id}", location_id)

    def retrieve_method(self, method_id: str) -> Body:
        """Source: ``GET /lcs/methods/{id}``."""
        return self._one("GET /lcs/methods/{id}", method_id)

    def retrieve_contact(self, contact_id: str) -> Body:
        """Source: ``GET /rel/contacts/{id}``."""
        return self._one("GET /rel/contacts/{id}", contact_id)

    def retrieve_list(self, list_id: str) -> Body:
        """A handling list with its pieces in groups. Source: ``GET /lcs/lists/{id}``."""
        return self._one("GET /lcs/lists/{id}", list_id)

    def retrieve_shipment(self, shipment_id: str) -> Body:
        """A shipment with its pieces and parcels, its secret among them. Source: ``GET /lcs/shipments/{id}``."""
        return self._one("GET /lcs/shipments/{id}", shipment_id)

    def retrieve_parcel(self, parcel_id: str) -> Body:
        """Source: ``GET /lcs/parcels/{id}``."""
        return self._one("GET /lcs/parcels/{id}", parcel_id)

    # -- searches -----------------------------------------------------------------------------------------------------

    def search_lists(self, constraints: Constraints, number: int = 1) -> NumberedPage:
        """Handling lists with their pieces in groups. Source: ``POST /lcs/lists/search``."""
        return self.searched("POST /lcs/lists/search", constraints, number)

    def search_shipments(self, constraints: Constraints, number: int = 1) -> NumberedPage:
        """Shipment rows. Source: ``POST /lcs/search/shipments``."""
        return self.searched("POST /lcs/search/shipments", constraints, number)

    def search_parcels(self, constraints: Constraints, number: int = 1) -> NumberedPage:
        """Source: ``POST /lcs/search/parcels``."""
        return self.searched("POST /lcs/search/parcels", constraints, number)

    def search_shipment_items(self, constraints: Constraints, number: int = 1) -> NumberedPage:
        """Pieces by SKU and shipment: which are where. Source: ``POST /lcs/search/shipments/items``."""
        return self.searched("POST /lcs/search/shipments/items", constraints, number)

    # -- shelves ------------------------------------------------------------------------------------------------------

    def all_positions(self, location_id: str) -> tuple[list[PositionRecord], datetime]:
        """All shelves of a location in walking order, and when the first was asked for.

        Source: ``GET /lcs/locations/{id}/positions``.
        """
        endpoint, path = "GET /lcs/locations/{id}/positions", {"id": location_id}
        page = self.cursored(endpoint, None, path)
        sent_at, rows = page.sent_at, list(page.rows)
        for _ in range(MAX_PAGES):
            if page.is_last:
                found = [_read(endpoint, row, PositionRecord) for row in rows]
                return sorted(found, key=lambda position: position.sorting or 0), sent_at
            page = self.cursored(endpoint, page.next_cursor, path)
            rows += page.rows
        raise RemoteContractError(endpoint, f"the list has no end within {MAX_PAGES} pages")

    # -- service points -----------------------------------------------------------------------------------------------

    def points(self, carrier: str, country_code: str, postal_code: str) -> list[PointHitRecord]:
        """Service points near a postal code, the distance in metres as it is taken. Source: ``GET /lcs/points/...``."""
        params = {"country_code": country_code, "postal_code": postal_code}
        return self._many("GET /lcs/points/{carrier}", PointHitRecord, path={"carrier": carrier}, params=params)

    def dpd_points(self, country_code: str, postal_code: str) -> list[DpdPointRecord]:
        """The same at DPD, in that carrier's own shape. Source: ``GET /lcs/dpd/points``."""
        params = {"country_code": country_code, "postal_code": postal_code}
        endpoint = "GET /lcs/dpd/points"
        answer = self.call(endpoint, dict[str, list[msgspec.Raw]], params=params)
        return [_read(endpoint, bytes(row), DpdPointRecord) for row in answer.value.get("parcelShop", [])]

    # -- tasks and files -----------------------------------------------------------------------------------------------

    def task(self, task_id: str) -> TaskRecord:
        """What Afosto does in its own time. 404 once it has expired. Source: ``GET /mes/tasks/{id}``."""
        endpoint = "GET /mes/tasks/{id}"
        return _read(endpoint, self._one(endpoint, task_id)[0], TaskRecord)

    def file(self, file_id: str) -> FileRecord:
        """What is known of a file; its bytes are at its ``url``. Source: ``GET /cnt/files/{id}``."""
        endpoint = "GET /cnt/files/{id}"
        rows = one_or_many(self.call(endpoint, msgspec.Raw, path={"id": file_id}).value)
        if not rows:
            raise RemoteContractError(endpoint, "answered without a file")
        return _read(endpoint, rows[0], FileRecord)

    # -- webhooks -----------------------------------------------------------------------------------------------------

    def list_events(self) -> list[str]:
        """The names of all events. Source: ``GET /mes/webhooks/events``."""
        answer = self.call("GET /mes/webhooks/events", list[dict[str, Any]])
        return [str(row["event"]) for row in answer.value if row.get("event")]

    def list_subscriptions(self) -> list[SubscriptionRecord]:
        """All webhook subscriptions, whoever made them; each with its secret, so nothing of it is logged.

        Source: ``GET /mes/webhooks/subscriptions``.
        """
        endpoint = "GET /mes/webhooks/subscriptions"
        found: list[SubscriptionRecord] = []
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            page = self.cursored(endpoint, cursor)
            found += [_read(endpoint, row, SubscriptionRecord) for row in page.rows]
            cursor = page.next_cursor
            if page.is_last:
                return found
        raise RemoteContractError(endpoint, f"the list has no end within {MAX_PAGES} pages")

    # -- parts --------------------------------------------------------------------------------------------------------

    def _one(self, endpoint: str, id: str) -> Body:
        answer: Answer[msgspec.Raw] = self.call(endpoint, msgspec.Raw, path={"id": id})
        return bytes(answer.value), answer.sent_at

    def _many(self, endpoint: str, record: type[R], **call: Any) -> list[R]:
        answer = self.call(endpoint, list[msgspec.Raw], **call)
        return [_read(endpoint, bytes(row), record) for row in answer.value]


def _read(endpoint: str, body: bytes, record: type[R]) -> R:
    try:
        return record.read(body)
    except RecordError as error:
        raise RemoteContractError(endpoint, f"unreadable answer: {error}") from None
