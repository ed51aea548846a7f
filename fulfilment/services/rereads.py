"""Reading Afosto's objects again: for a person who asks, before a change is decided, after one without an answer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from backoffice.errors import RemoteContractError, RemoteError
from backoffice.mirror import MirrorModel
from backoffice.models import RejectedRecord
from backoffice.records import id_in
from backoffice.sync import single
from backoffice.sync.changes import BY_HAND, Cause
from backoffice.sync.resource import RESOURCES, Batch
from fulfilment.afosto import AfostoAPI
from fulfilment.afosto.reading import Body
from fulfilment.models import HandlingList, Location, Parcel, Recipient, Shipment
from fulfilment.pieces import Piece, contents_of

M = TypeVar("M", bound=MirrorModel)
IDS_A_SEARCH = 100


RESOURCE_OF: Mapping[type[MirrorModel], str] = {
    Recipient: "afosto.contacts",
    Location: "afosto.locations",
    HandlingList: "afosto.handling_lists",
    Shipment: "afosto.shipments",
    Parcel: "afosto.parcels",
}


def fetch(api: AfostoAPI, model: type[M], remote_id: str, cause: Cause = BY_HAND) -> M:
    """Mirror one object by its id. Raises as ``single.fetch``."""
    row = single.fetch(RESOURCE_OF[model], api, remote_id, cause)
    assert isinstance(row, model)  # noqa: S101  the resource's own model
    return row


def keep(model: type[MirrorModel], answer: Body, cause: Cause) -> None:
    """Mirror the answer to a change; one that we cannot keep does not undo what was done."""
    resource = RESOURCES[RESOURCE_OF[model]]
    with suppress(RemoteContractError):
        single.take(resource.name, Batch([answer[0]], answer[1], is_detail=resource.detail is not None), cause)


def after(api: AfostoAPI, model: type[MirrorModel], remote_ids: Iterable[str], cause: Cause) -> None:
    """Read objects again that a change has touched; what cannot be read now is brought by the next sync."""
    for remote_id in filter(None, dict.fromkeys(remote_ids)):
        try:
            fetch(api, model, remote_id, cause)
        except RemoteError as error:
            if error.is_for_all:
                return


def shipments_by_id(api: AfostoAPI, remote_ids: Iterable[str], cause: Cause) -> list[Shipment]:
    """Mirror the rows of many shipments with few requests; those that Afosto has and we can read, in no order.

    Source: ``POST /lcs/search/shipments``. Raises RemoteError.
    """
    resource, ids, found = RESOURCE_OF[Shipment], list(dict.fromkeys(remote_ids)), set[str]()
    if api.leaves_out("POST /lcs/search/shipments"):
        return list(Shipment.objects.filter(remote_id__in=ids))
    for start in range(0, len(ids), IDS_A_SEARCH):
        for batch in _found(api, ids[start : start + IDS_A_SEARCH]):
            single.take(resource, batch, cause)
            found.update(map(id_in, batch.rows))
    unreadable = RejectedRecord.objects.filter(resource=resource, remote_id__in=found, resolved_at=None)
    found.difference_update(unreadable.values_list("remote_id", flat=True))
    return list(Shipment.objects.filter(remote_id__in=found.intersection(ids)))


def _found(api: AfostoAPI, ids: Sequence[str]) -> Iterator[Batch]:
    """Pages until all are found or one is empty; so at most as many as there are ids."""
    found, number = 0, 1
    while found < len(ids):
        page = api.search_shipments({"ids": ids}, number)
        yield Batch(page.rows, page.sent_at)
        if not page.rows:
            return
        found, number = found + len(page.rows), number + 1


def mark_gone(model: type[MirrorModel], remote_id: str, asked_at: datetime, cause: Cause) -> None:
    """Mark a row as vanished, because a read that was asked for after we had it removed found nothing."""
    single.mark_gone(RESOURCE_OF[model], remote_id, asked_at, cause)


def tell_flags(list_remote_id: str, shipment: Shipment, cause: Cause) -> None:
    """Take the flags of the pieces of a list from a shipment's single read: of the list, only its row tells those."""
    handling_list = HandlingList.objects.filter(remote_id=list_remote_id).first()
    if handling_list is None:
        return
    pieces = {piece.id: piece for piece in contents_of(shipment).pieces}
    stored = handling_list.payload.get("items") or []
    items = [{**item, **_differing(item, pieces.get(item["id"]))} for item in stored]
    if items != stored:
        row = msgspec.json.encode({**handling_list.payload, "items": items})
        single.take(RESOURCE_OF[HandlingList], Batch([row], handling_list.synced_at), cause)


def _differing(item: Mapping[str, Any], piece: Piece | None) -> dict[str, bool]:
    """The flags of a piece that say something else than the list's item; no flag there is as good as false."""
    flags = {"is_missing": piece.is_missing, "is_boxed": piece.is_boxed} if piece else {}
    return {name: flag for name, flag in flags.items() if bool(item.get(name)) is not flag}
