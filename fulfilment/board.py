"""The work board: which handling lists wait to be picked or sorted, where, and who holds them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import BooleanField, Case, Count, F, Q, QuerySet, Sum, Value, When
from django.utils import timezone

from backoffice import times
from fulfilment.models import HandlingList, Location, Picker
from fulfilment.states import OPEN, OVER

NOBODY = "nobody"
COLUMNS = (
    "remote_id", "number", "state", "sub", "location_remote_id", "location__name", "due_at", "finished_at",
    "is_outbound", "is_on_hold", "is_finished", "is_cancelled", "is_in_progress", "piece_count", "handled_count",
    "missing_count", "remote_created_at", "synced_at", "vanished_at",
)  # fmt: skip
"""What a line of the board needs; payloads stay where they are."""


@dataclass(frozen=True)
class Share:
    """The open work of one location or one person."""

    key: str  # a location's remote id, or a ``sub``; "" for none
    name: str
    lists: int
    overdue: int
    unassigned: int
    pieces_left: int


def is_overdue() -> Q:
    """Lists that should be done by now and are not."""
    return Q(overdue_from__lt=timezone.now())


def is_due_today() -> Q:
    """Lists that should be done by the end of the day, where the installation is; also those of today that are late."""
    return Q(due_at__gte=times.midnight(0), due_at__lt=times.midnight(1)) & is_open()


def is_open() -> Q:
    """Lists with something left to do. The states by name: so an index can find them."""
    return Q(state__in=OPEN)


def open_lists() -> QuerySet[HandlingList]:
    """Those of all that are here."""
    return HandlingList.objects.filter(is_open(), vanished_at=None)


def lists() -> QuerySet[HandlingList]:
    """All lists that are here, the most urgent first: open, overdue, not on hold, held by nobody, due soonest.

    Each knows ``is_overdue``. Those that are over come last, the latest first.
    """
    return (
        HandlingList.objects.filter(vanished_at=None)
        .select_related("location")
        .only(*COLUMNS)
        .annotate(
            is_over=_truth(Q(state__in=OVER)),
            is_overdue=_truth(is_overdue()),
            is_taken=_truth(Q(sub__gt="")),
        )
        .order_by(
            "is_over",
            "-is_overdue",
            "is_on_hold",
            "is_taken",
            F("finished_at").desc(nulls_last=True),
            F("due_at").asc(nulls_last=True),
            F("remote_created_at").asc(nulls_last=True),
            "pk",
        )
    )


def holders() -> Mapping[str, str]:
    """Who is whom: a person's name for each of Afosto's user ids that we know."""
    return {picker.sub: str(picker) for picker in Picker.objects.select_related("user")}


def holder_of(handling_list: HandlingList, names: Mapping[str, str]) -> str:
    """Who holds a list: the name where we know the person, else Afosto's id; "" for nobody."""
    return names.get(handling_list.sub, handling_list.sub)


def locations() -> Mapping[str, str]:
    """The names of the locations that are here, by their ids."""
    here = Location.objects.filter(vanished_at=None)
    return {remote_id: name or remote_id for remote_id, name in here.values_list("remote_id", "name")}


def sub_of(user: User | AnonymousUser) -> str:
    """The person's id at Afosto; "" where nobody has said it."""
    mine = Picker.objects.filter(user__pk=user.pk) if user.pk is not None else Picker.objects.none()
    return mine.values_list("sub", flat=True).first() or ""


def by_location() -> list[Share]:
    """The open work of each location that has some, the most overdue first. One query."""
    found = _counted(("location_remote_id", "location__name"))
    return [_share(row, row["location_remote_id"], row["location__name"] or row["location_remote_id"]) for row in found]


def by_person(names: Mapping[str, str]) -> list[Share]:
    """The open work of each person who holds some; what nobody holds stands first. One query."""
    shares = [_share(row, row["sub"], names.get(row["sub"], row["sub"])) for row in _counted(("sub",))]
    return sorted(shares, key=lambda share: share.key != "")


def _counted(columns: Iterable[str]) -> Iterable[dict[str, Any]]:
    counted: QuerySet[HandlingList, dict[str, Any]] = (
        open_lists()
        .order_by()
        .values(*columns)
        .annotate(
            lists=Count("pk"),
            overdue=Count("pk", filter=is_overdue()),
            unassigned=Count("pk", filter=Q(sub="")),
            pieces_left=Sum(F("piece_count") - F("handled_count")),
        )
        .order_by("-overdue", "-lists", *columns)
    )
    return counted


def _share(row: Mapping[str, Any], key: str, name: str) -> Share:
    left = max(row["pieces_left"] or 0, 0)
    return Share(key, name, row["lists"], row["overdue"], row["unassigned"], left)


def _truth(condition: Q) -> Case:
    """Whether it holds; no where a column is empty, on every database."""
    return Case(When(condition, then=Value(True)), default=Value(False), output_field=BooleanField())
