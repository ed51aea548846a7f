"""The filters of the work board. The address is the whole state."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from django_filters.fields import ChoiceField
from unfold.widgets import UnfoldAdminSelectWidget

from fulfilment.board import NOBODY, is_due_today, is_open, is_overdue
from fulfilment.models import HandlingList
from fulfilment.states import LIST

ALL, ME = "all", "me"
MAX_ID_CHARS = 255
DUE = [
    ("overdue", "Overdue"),
    ("today", "Today"),
    ("day", "In the next 24 hours"),
    ("week", "In the next 7 days"),
    ("none", "Without a time"),
]
_NEXT = {"day": timedelta(days=1), "week": timedelta(days=7)}


def _choice(
    label: str, empty: str, choices: list[tuple[str, str]] | None = None, kind: type[ChoiceFilter] = ChoiceFilter
) -> ChoiceFilter:
    return kind(label=label, empty_label=empty, choices=choices or [], method="narrow", widget=UnfoldAdminSelectWidget)


class _IdField(ChoiceField):  # type: ignore[misc]  # django-filter is untyped
    """An id: one that is no choice any more is looked for all the same."""

    def valid_value(self, value: Any) -> bool:
        return len(str(value)) <= MAX_ID_CHARS and "\x00" not in str(value)


class _IdFilter(ChoiceFilter):  # type: ignore[misc]
    field_class = _IdField


class BoardFilter(FilterSet):  # type: ignore[misc]  # django-filter is untyped
    """Without any choice the board shows the open work. A choice that there is not finds nothing."""

    state = _choice("State", "Open work", [*((word, word.capitalize()) for word in LIST), (ALL, "All, also over")])
    location = _choice("Location", "All locations", kind=_IdFilter)
    assignee = _choice("Held by", "Anybody or nobody", kind=_IdFilter)
    due = _choice("Due", "Any time", DUE)
    direction = _choice("Direction", "Pick and sort", [("pick", "Pick lists"), ("sort", "Sort lists")])

    class Meta:
        model = HandlingList
        fields: list[str] = []

    def __init__(
        self,
        data: Any,
        queryset: QuerySet[HandlingList],
        *,
        sub: str = "",
        locations: Mapping[str, str] | None = None,
        people: Mapping[str, str] | None = None,
    ) -> None:
        """
        Args:
            sub: the id at Afosto of the person who looks; "" where there is none.
            locations, people: the names to choose from, by their ids at Afosto.
        """
        super().__init__(data, queryset)
        self.sub = sub
        mine = [(ME, "Me")] if sub else []
        self._offer("location", locations or {})
        self._offer("assignee", people or {}, (NOBODY, "Nobody"), *mine)

    def _offer(self, name: str, names: Mapping[str, str], *first: tuple[str, str]) -> None:
        """The choices of one filter by name; what is asked for stands among them."""
        choices = [
            *first,
            *sorted(((key, text[:60]) for key, text in names.items() if key), key=lambda one: one[1].lower()),
        ]
        asked = (self.data.get(name) or "")[:MAX_ID_CHARS]
        if asked and asked not in dict(choices):
            choices.append((asked, asked[:60]))
        self.filters[name].extra["choices"] = choices

    @property
    def is_refused(self) -> bool:
        """Whether the address asks for a choice that there is not."""
        return not self.form.is_valid()

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the open work as a whole is asked for."""
        return any(self.data.get(name) for name in self.filters)

    def filter_queryset(self, queryset: QuerySet[HandlingList]) -> QuerySet[HandlingList]:
        if self.is_refused:
            return queryset.none()
        narrowed: QuerySet[HandlingList] = super().filter_queryset(queryset)
        return narrowed if self.form.cleaned_data["state"] else narrowed.filter(is_open())

    def narrow(self, rows: QuerySet[HandlingList], name: str, value: str) -> QuerySet[HandlingList]:
        """The rows with one choice."""
        if name == "state":
            return rows if value == ALL else rows.filter(state=value)
        if name == "location":
            return rows.filter(location_remote_id=value)
        if name == "assignee":
            return rows.filter(sub={NOBODY: "", ME: self.sub}.get(value, value))
        if name == "direction":
            return rows.filter(is_outbound=value == "pick")
        return self._due(rows, value)

    def _due(self, rows: QuerySet[HandlingList], value: str) -> QuerySet[HandlingList]:
        if value == "overdue":
            return rows.filter(is_overdue())
        if value == "today":
            return rows.filter(is_due_today())
        if value == "none":
            return rows.filter(due_at=None)
        now = timezone.now()
        return rows.filter(due_at__gte=now, due_at__lt=now + _NEXT[value])
