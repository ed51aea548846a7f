"""Picking a list by scanning: the line that comes next, and what a scan means. Pure: no query, no request."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fulfilment.pieces import PickLine
from fulfilment.stations.scanning import Codes, Verdict, among, cleaned


@dataclass(frozen=True)
class Stop(PickLine):
    """One line of a list as it is walked to."""

    in_hand: frozenset[str] = frozenset()  # written down as handled, and nobody knows yet how that ended

    @classmethod
    def of(cls, line: PickLine, in_hand: AbstractSet[str]) -> "Stop":
        """A line, with those of the pieces ``in_hand`` that are its own."""
        told = {one.name: getattr(line, one.name) for one in fields(line)}
        return cls(**told, in_hand=frozenset(in_hand).intersection(line.ids) - line.handled_ids - line.missing_ids)

    @property
    def key(self) -> str:
        """What pages call the line."""
        return self.ids[0]

    @cached_property
    def left(self) -> tuple[str, ...]:
        """The pieces that are to be handled still."""
        return tuple(id for id in self.ids if id not in self.handled_ids | self.missing_ids | self.in_hand)

    @property
    def place(self) -> str:
        """Where to go."""
        return self.position or _("no position")

    @property
    def bin(self) -> str:
        """Where its pieces are put."""
        return self.sorting_label or self.shipment_number

    @property
    def counted(self) -> int:
        """How many pieces are handled, those in hand included."""
        return len(self.handled_ids.intersection(self.ids)) + len(self.in_hand)

    def piece_by(self, scan: str) -> str:
        """The piece that has this id or reference; "" for none."""
        folded = scan.casefold()
        found = [id for id in self.ids if folded in {id.casefold(), self.references.get(id, "").casefold()}]
        return found[0] if found else ""

    def codes(self) -> Iterable[str]:
        """All that can be scanned for it."""
        yield from Codes(self.sku, self.position).names()
        yield from self.ids
        yield from self.references.values()


@dataclass(frozen=True)
class Scan:
    """What a scan means. ``piece`` is what it marks as handled, only where it was *taken*."""

    verdict: Verdict
    sentence: str
    piece: str = ""
    stop: Stop | None = None  # the line that it belongs to, where that is not the one that was expected


def current(stops: Sequence[Stop], key: str = "") -> Stop | None:
    """The line to pick now: ``key`` while it has pieces left, else the next after it; None where all is done."""
    start = next((place for place, stop in enumerate(stops) if stop.key == key), 0)
    ahead = [*stops[start:], *stops[:start]]
    return next((stop for stop in ahead if stop.left), None)


def read(scan: str, stops: Sequence[Stop], expected: Stop) -> Scan:
    """What a scan means while ``expected`` is the line to pick."""
    text = cleaned(scan)
    if not text:
        return Scan(Verdict.NOTED, _("Nothing was scanned. {expected}").format(expected=_expects(expected)))
    meant = among(text, stops, Stop.codes)
    if not meant:
        return _unknown(text, stops, expected)
    if expected in meant:
        return _of_expected(text, expected)
    done = [stop for stop in meant if not stop.left]
    if done:
        told = _("{sku}: {count}. Nothing was sent. {expected}")
        count = _count(done[0])
        return Scan(Verdict.AGAIN, told.format(sku=done[0].sku, count=count, expected=_expects(expected)))
    other = meant[0]
    told = _("That is {sku} of {place}, which comes later. Nothing was sent. {expected}")
    sentence = told.format(sku=other.sku, place=other.place, expected=_expects(expected))
    return Scan(Verdict.WRONG, sentence, stop=other)


def _of_expected(text: str, stop: Stop) -> Scan:
    piece = stop.piece_by(text)
    if piece in stop.missing_ids:
        told = _("That piece of {sku} is marked as missing. Nothing was sent: put it aside and tell the desk.")
        return Scan(Verdict.WRONG, told.format(sku=stop.sku))
    if not stop.left or (piece and piece not in stop.left):
        told = _("{sku}: {count}. Nothing was sent.")
        return Scan(Verdict.AGAIN, told.format(sku=stop.sku, count=_count(stop)))
    return Scan(Verdict.TAKEN, "", piece or stop.left[0])


def _unknown(text: str, stops: Sequence[Stop], expected: Stop) -> Scan:
    folded = text.casefold()
    if expected.position and folded == expected.position.casefold():
        return Scan(Verdict.NOTED, _("Right shelf. Now scan {sku}.").format(sku=expected.sku))
    if any(stop.position and folded == stop.position.casefold() for stop in stops):
        told = _("Wrong shelf: that is {scan}. Nothing was sent. {expected}")
    else:
        told = _("{scan} is not on this list. Nothing was sent. {expected}")
    return Scan(Verdict.WRONG, told.format(scan=text[:60], expected=_expects(expected)))


def _expects(stop: Stop) -> str:
    return _("Expected: {sku} at {place}.").format(sku=stop.sku, place=stop.place)


def _count(stop: Stop) -> str:
    done, total, missing = stop.counted, len(stop.ids), len(stop.missing_ids)
    told = _("{done} of {total} done already")
    if missing:
        told = ngettext(
            "{done} of {total} done already, {missing} missing",
            "{done} of {total} done already, {missing} missing",
            missing,
        )
    return told.format(done=done, total=total, missing=missing)
