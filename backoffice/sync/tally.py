"""What a run has met and counted so far."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b

from backoffice.sync.seen import SeenRows


@dataclass(frozen=True)
class Tally:
    """Counts of one run. fetched = created + updated + unchanged + failed; vanished stands beside them."""

    fetched: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    vanished: int = 0

    def plus(self, **counts: int) -> "Tally":
        """A tally with ``counts`` added."""
        return replace(self, **{name: getattr(self, name) + count for name, count in counts.items()})


@dataclass
class Met:
    """What this run has met so far."""

    counted: SeenRows = field(default_factory=SeenRows)  # rows that are in the tally
    swept: SeenRows = field(init=False)  # rows that the sweep in hand has met
    unstored: set[bytes] = field(default_factory=set)  # digests of ids that have no row: rejected, or a dry run's new
    unreadable_ids: int = 0  # in the sweep in hand
    nameless_counted: int = 0  # of those, how many are in the tally: as many as the sweep that met most
    still_vanished: set[int] = field(default_factory=set)  # met by the sweep, but nothing could bring them back
    keyless: list[tuple[bytes, datetime]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.swept = self.counted  # the same until a second sweep begins

    def begin_sweep(self) -> None:
        """Forget what an earlier sweep of this run met, but not what is in the tally."""
        if self.counted.count:
            self.swept = SeenRows()
        self.unreadable_ids = 0
        self.still_vanished = set()
        self.keyless = []

    def first_times(self, pks: Collection[int]) -> int:
        """Mark stored rows as met; how many of them go into the tally."""
        if self.swept is not self.counted:
            self.swept.add_all(pks)
        return self.counted.add_all(pks)

    def note_vanished(self, pk: int, *, is_still: bool) -> None:
        """Whether a row that the sweep has met is nevertheless still marked as gone."""
        (self.still_vanished.add if is_still else self.still_vanished.discard)(pk)

    @property
    def swept_living(self) -> int:
        """How many living rows the sweep has met."""
        return self.swept.count - len(self.still_vanished)

    def first_time_nameless(self) -> bool:
        """Mark a record without a usable id; whether it goes into the tally. A second sweep meets the same ones."""
        self.unreadable_ids += 1
        if self.unreadable_ids <= self.nameless_counted:
            return False
        self.nameless_counted += 1
        return True

    def first_time_unstored(self, remote_id: str) -> bool:
        """The same for one id without a row."""
        digest = blake2b(remote_id.encode(), digest_size=16).digest()
        if digest in self.unstored:
            return False
        self.unstored.add(digest)
        return True
