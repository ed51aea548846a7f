"""What the engine has to be told about a kind of remote object, and the registry of all of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils import timezone

from backoffice.client import NumberedPage, OffsetPage, Page, Patience, RemoteClient
from backoffice.errors import RemoteContractError, RemoteError, RemoteNotFound
from backoffice.mirror import MirrorModel
from backoffice.records import Record
from backoffice.sync.ahead import in_order
from backoffice.sync.numbered import numbered
from backoffice.sync.offset import placed
from backoffice.texts import Text, source

LOOKS_IN_FLIGHT = 8
MAX_EMPTY_PAGES = 3  # in a row, that still promise more
MAX_REPEATED_PAGES = 3  # with the very rows of an earlier page, whatever their cursors


@dataclass(frozen=True)
class Batch:
    """Rows that were read with one request, and where to go on once they are stored."""

    rows: list[bytes]
    sent_at: datetime
    checkpoint: dict[str, Any] | None = None
    owner: str = ""
    """Remote id of the record that these rows hang on, for resources that are read record by record."""
    error: RemoteError | None = None
    """This owner's rows could not be read; the others could."""
    is_detail: bool = False
    """They are single reads, which tell more than the list's rows."""
    stated: int | None = None
    """How many rows the remote says its whole list has; told with the end of one that was read from its beginning."""
    has_slipped: bool = False
    """Rows in front of these moved since the batch before was read, so others may have been missed."""


class Resource:
    """One kind of remote object and its mirror table. Subclasses declare; the engine does the work."""

    name: ClassVar[str]  # "kirim.customers"
    upstream: ClassVar[str]
    label: ClassVar[Text]  # in the plural, for people
    model: ClassVar[type[MirrorModel]]
    record: ClassVar[type[Record]]
    detail: ClassVar[type[Record] | None] = None  # of the single read, where that tells more than a list's row
    key: ClassVar[str] = "id"  # the member that is the remote id
    decides_by_detail: ClassVar[bool] = False  # whether what is done to one is decided by that, not by a list's row
    endpoint: ClassVar[str] = ""  # of ``read``, as the contract names it
    keyless_is_normal: ClassVar[bool] = False  # a null key is no fault; such rows are stored by ``store_keyless``
    has_hot_set: ClassVar[bool] = False
    every_minutes: ClassVar[int] = 10  # the schedule a new installation starts with; staff edit it in the admin
    hot_every_minutes: ClassVar[int] = 2  # the same for the hot set
    proves_absence: ClassVar[bool] = True  # a complete sweep without a row says something about the row

    @property
    def listing(self) -> str:
        """The reading of its list, as errors name it."""
        return f"Listing {source(self.label).lower()}"

    def client(self, patience: Patience) -> RemoteClient:
        """A client for the upstream. Raises NotConfigured, UpstreamChanged."""
        raise NotImplementedError

    def streams(self, api: Any, *, full: bool, checkpoint: dict[str, Any] | None) -> Iterator[Iterable[Batch]]:
        """The sweep, as streams that are read one after another.

        This iterator may query the database; the streams run on a thread of their own and may not.
        """
        raise NotImplementedError

    def hot_streams(self, api: Any) -> Iterator[Iterable[Batch]]:
        """The same for what changes all the time, where ``has_hot_set``. Absence from it proves nothing."""
        raise NotImplementedError

    def hot(self) -> QuerySet[Any]:
        """The mirrored rows that are in the hot set as far as is known here; those not met are read one by one."""
        raise NotImplementedError

    def read(self, api: Any, remote_id: str) -> tuple[bytes, datetime]:
        """One object by id and when it was asked for; in the list's shape, or as ``detail``. Raises RemoteNotFound.

        Overridden where the remote has such a read; ``can_read`` tells.
        """
        raise NotImplementedError

    def look(self, api: Any, remote_id: str, checkpoint: dict[str, Any] | None = None) -> Batch:
        """The same as a batch."""
        body, sent_at = self.read(api, remote_id)
        return Batch([body], sent_at, checkpoint, is_detail=self.detail is not None)

    def looks(self, api: Any, remote_ids: Iterable[str]) -> Iterator[Batch]:
        """Objects read one by one, several at a time, in their order; empty for one that is not there any more."""
        return in_order((partial(self._look_kindly, api, remote_id) for remote_id in remote_ids), LOOKS_IN_FLIGHT)

    def _look_kindly(self, api: Any, remote_id: str) -> Batch:
        asked_at = timezone.now()
        try:
            return self.look(api, remote_id)
        except RemoteNotFound:  # what becomes of its row is settled by the next complete sweep
            return Batch([], asked_at)
        except RemoteError as error:
            if error.is_for_all:
                raise
            return Batch([], asked_at, error=error)

    def list_shape(self, detail: bytes, stored: Mapping[str, Any] | None) -> bytes:
        """The list's shape of a single read, with what only lists tell taken from the stored payload. Pure.

        Overridden where there is a ``detail``. A body that cannot be read is answered as it is: the store says why.
        """
        raise NotImplementedError

    def details_due(self, *, full: bool) -> QuerySet[Any]:
        """The mirrored rows whose detail a run reads after its sweep; overridden where there is a ``detail``."""
        return self.model._default_manager.none()

    @property
    def can_read(self) -> bool:
        """Whether one object can be read by its id."""
        return type(self).read is not Resource.read

    def read_owned(self, api: Any, owner_remote_id: str) -> Batch:
        """All rows that hang on one record, for resources that are read record by record. Raises RemoteNotFound.

        Overridden where the remote has such a read; ``can_read_owned`` tells.
        """
        raise NotImplementedError

    @property
    def can_read_owned(self) -> bool:
        """Whether the rows of one owner can be read by themselves."""
        return type(self).read_owned is not Resource.read_owned

    def sweepable(self) -> QuerySet[Any]:
        """The mirrored rows that a complete sweep has to meet, were they all still there."""
        return self.model._default_manager.filter(vanished_at=None)

    def may_vanish(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Those of ``rows`` whose absence from a sweep means something."""
        return rows

    def withheld(self) -> frozenset[str]:
        """Remote ids of the rows of which only a part may be kept, whatever the remote sends; asked each commit."""
        return frozenset()

    def reduced(self, body: bytes) -> bytes:
        """What may be kept of a row that is ``withheld``, an object with a readable id. Pure."""
        raise NotImplementedError

    def batches_stored(self, batches: Sequence[Batch]) -> None:
        """Called in the transaction that stored ``batches``, for what a resource keeps beside its rows."""

    def store_keyless(self, rows: list[tuple[bytes, datetime]], store: Any) -> dict[str, int]:
        """Called in a transaction after a complete sweep, with the rows whose key was null.

        Only for resources with ``keyless_is_normal``. Returns how many were updated, unchanged and failed.
        """
        raise NotImplementedError


class CursorResource(Resource):
    """A resource that is listed page by page with an opaque cursor."""

    parts: ClassVar[tuple[str, ...]] = ("all",)
    """Lists that together hold every row, read one after another."""

    def page(self, api: Any, part: str, cursor: str | None) -> Page:
        """One page of one part."""
        raise NotImplementedError

    def streams(self, api: Any, *, full: bool, checkpoint: dict[str, Any] | None) -> Iterator[Iterable[Batch]]:
        start = checkpoint or {"part": self.parts[0], "cursor": None}
        first = self.parts.index(start["part"]) if start["part"] in self.parts else 0
        for index, part in enumerate(self.parts[first:], first):
            if start.get("ended") and index == first:
                continue
            yield self._pages(api, part, start["cursor"] if index == first else None)

    def _pages(self, api: Any, part: str, cursor: str | None) -> Iterator[Batch]:
        """Pages until the remote states the end. Raises RemoteContractError when paging stops to advance."""
        met = {cursor}
        pages: set[int] = set()
        empty = repeated = 0
        while True:
            page = self.page(api, part, cursor)
            cursor = page.next_cursor
            yield Batch(page.rows, page.sent_at, {"part": part, "cursor": cursor, "ended": page.is_last})
            if page.is_last:
                return
            empty = 0 if page.rows else empty + 1
            content = hash((len(page.rows), *page.rows[:1], *page.rows[-1:]))
            repeated += content in pages and bool(page.rows)
            pages.add(content)
            if cursor is None:
                raise RemoteContractError(self.listing, "more records were promised but no cursor leads to them")
            if cursor in met:
                raise RemoteContractError(self.listing, "the same cursor came twice, so the list never ends")
            if repeated >= MAX_REPEATED_PAGES:
                raise RemoteContractError(self.listing, "the same pages come again and again, so the list never ends")
            if empty >= MAX_EMPTY_PAGES:
                raise RemoteContractError(self.listing, f"{empty} empty pages in a row promised more")
            met.add(cursor)


class NumberedResource(Resource):
    """A resource that is listed in numbered pages, several of them at once."""

    IN_FLIGHT: ClassVar[int] = 8

    def page(self, api: Any, number: int) -> NumberedPage:
        """One page, the first is 1."""
        raise NotImplementedError

    def streams(self, api: Any, *, full: bool, checkpoint: dict[str, Any] | None) -> Iterator[Iterable[Batch]]:
        yield self.pages(partial(self.page, api), (checkpoint or {}).get("page", 1))

    def pages(self, read: Callable[[int], NumberedPage], first: int = 1, *, is_detail: bool = False) -> Iterator[Batch]:
        """Pages until an empty one. Raises RemoteContractError when paging stops to advance."""
        stated: int | None = None
        for number, page in numbered(read, first, self.IN_FLIGHT, self.listing):
            stated = stated if page.count is None else page.count
            whole = stated if not page.rows and first == 1 else None
            yield Batch(page.rows, page.sent_at, {"page": number + 1}, is_detail=is_detail, stated=whole)


class OffsetResource(Resource):
    """A resource that is listed from a place in its list on, several pages at once."""

    IN_FLIGHT: ClassVar[int] = 4
    LIMIT: ClassVar[int] = 100  # rows that ``page`` asks for

    def page(self, api: Any, offset: int) -> OffsetPage:
        """One page, the first begins at 0."""
        raise NotImplementedError

    def streams(self, api: Any, *, full: bool, checkpoint: dict[str, Any] | None) -> Iterator[Iterable[Batch]]:
        yield self.pages(api, (checkpoint or {}).get("offset", 0))

    def pages(self, api: Any, first: int = 0) -> Iterator[Batch]:
        """Pages to the end of the list. Raises RemoteContractError when paging stops to advance."""
        stated: int | None = None
        for place in placed(partial(self.page, api), first, self.LIMIT, self.IN_FLIGHT, self.listing):
            stated = stated if place.page.total is None else place.page.total
            whole = stated if place.is_last and first == 0 else None
            checkpoint = {"offset": place.following}
            yield Batch(place.rows, place.page.sent_at, checkpoint, stated=whole, has_slipped=place.has_slipped)


RESOURCES: dict[str, Resource] = {}
"""All resources by name, in dependency order."""


def register(resource: type[Resource]) -> type[Resource]:
    """Class decorator: make a resource known. Modules register in dependency order."""
    RESOURCES[resource.name] = resource()
    return resource
