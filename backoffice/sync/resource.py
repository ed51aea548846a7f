"""What the engine has to be told about a kind of remote object, and the registry of all of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet

from backoffice.client import Page, Patience, RemoteClient
from backoffice.errors import RemoteContractError, RemoteError
from backoffice.mirror import MirrorModel
from backoffice.records import Record

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


class Resource:
    """One kind of remote object and its mirror table. Subclasses declare; the engine does the work."""

    name: ClassVar[str]  # "kirim.customers"
    upstream: ClassVar[str]
    label: ClassVar[str]  # in the plural, for people
    model: ClassVar[type[MirrorModel]]
    record: ClassVar[type[Record]]
    key: ClassVar[str] = "id"  # the member that is the remote id
    keyless_is_normal: ClassVar[bool] = False  # a null key is no fault; such rows are stored by ``store_keyless``
    has_hot_set: ClassVar[bool] = False
    every_minutes: ClassVar[int] = 10  # the schedule a new installation starts with; staff edit it in the admin
    proves_absence: ClassVar[bool] = True  # a complete sweep without a row says something about the row

    def client(self, patience: Patience) -> RemoteClient:
        """A client for the upstream. Raises NotConfigured, UpstreamChanged."""
        raise NotImplementedError

    def streams(self, api: Any, *, full: bool, checkpoint: dict[str, Any] | None) -> Iterator[Iterable[Batch]]:
        """The sweep, as streams that are read one after another.

        This iterator may query the database; the streams run on a thread of their own and may not.
        """
        raise NotImplementedError

    def read(self, api: Any, remote_id: str) -> tuple[bytes, datetime]:
        """One object by id, in the list's shape, and when it was asked for. Raises RemoteNotFound.

        Overridden where the remote has such a read; ``can_read`` tells.
        """
        raise NotImplementedError

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
                raise RemoteContractError(self._listing, "more records were promised but no cursor leads to them")
            if cursor in met:
                raise RemoteContractError(self._listing, "the same cursor came twice, so the list never ends")
            if repeated >= MAX_REPEATED_PAGES:
                raise RemoteContractError(self._listing, "the same pages come again and again, so the list never ends")
            if empty >= MAX_EMPTY_PAGES:
                raise RemoteContractError(self._listing, f"{empty} empty pages in a row promised more")
            met.add(cursor)

    @property
    def _listing(self) -> str:
        return f"Listing {self.label.lower()}"


RESOURCES: dict[str, Resource] = {}
"""All resources by name, in dependency order."""


def register(resource: type[Resource]) -> type[Resource]:
    """Class decorator: make a resource known. Modules register in dependency order."""
    RESOURCES[resource.name] = resource()
    return resource
