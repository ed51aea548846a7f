"""The filters of the work board. The address is the whole state."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters import ChoiceFilter, FilterSet
from django_filters.fields import ChoiceField
from unfold.widgets import UnfoldAdminSelectWidget

from backoffice.texts import Text
from fulfilment.board import NOBODY, is_due_today, is_open, is_overdue
from fulfilment.models import HandlingList
from fulfilment.states import LIST, choices

ALL, ME = "all", "me"
MAX_ID_CHARS = 255
DUE: list[tuple[str, Text]] = [
    ("overdue", _("Overdue")),
    ("today", _("Today")),
    ("day", _("In the next 24 hours")),
    ("week", _("In the next 7 days")),
    ("none", _("Without a time")),
]
_NEXT = {"day": timedelta(days=1), "week": timedelta(days=7)}


def _choice(
    label: Text, empty: Text, offered: list[tuple[str, Text]] | None = None, kind: type[ChoiceFilter] = ChoiceFilter
) -> ChoiceFilter:
    return kind(label=label, empty_label=empty, choices=offered or [], method="narrow", widget=UnfoldAdminSelectWidget)


class _IdField(ChoiceField):  # type: ignore[misc]  # django-filter is untyped
    """An id: one that is no choice any more is looked for all the same."""

    def valid_value(self, value: Any) -> bool:
        return len(str(value)) <= MAX_ID_CHARS and "\x00" not in str(value)


class _IdFilter(ChoiceFilter):  # type: ignore[misc]
    field_class = _IdField


class BoardFilter(FilterSet):  # type: ignore[misc]  # django-filter is untyped
    """Without any choice the board shows the open work. A choice that there is not finds nothing."""

    state = _choice(_("State"), _("Open work"), [*choices(LIST), (ALL, _("All, also over"))])
    location = _choice(_("Location"), _("All locations"), kind=_IdFilter)
    assignee = _choice(_("Held by"), _("Anybody or nobody"), kind=_IdFilter)
    due = _choice(_("Due"), _("Any time"), DUE)
    direction = _choice(_("Direction"), _("Pick and sort"), [("pick", _("Pick lists")), ("sort", _("Sort lists"))])

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
        mine = [(ME, _("Me"))] if sub else []
        self._offer("location", locations or {})
        self._offer("assignee", people or {}, (NOBODY, _("Nobody")), *mine)

    def _offer(self, name: str, names: Mapping[str, str], *first: tuple[str, Text]) -> None:
        """The choices of one filter by name; what is asked for stands among them."""
        offered: list[tuple[str, Text]] = [
            *first,
            *sorted(((key, text[:60]) for key, text in names.items() if key), key=lambda one: one[1].lower()),
        ]
        asked = (self.data.get(name) or "")[:MAX_ID_CHARS]
        if asked and asked not in dict(offered):
            offered.append((asked, asked[:60]))
        self.filters[name].extra["choices"] = offered

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
