"""Which columns a list shows: those that its address names, by default all. The first one always stays."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.utils import label_for_field
from django.contrib.admin.views.main import ORDER_VAR
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.views import ChangeList

COLUMNS_VAR, VIEW_VAR = "columns", "view"
CHECKBOX = "action_checkbox"


@dataclass(frozen=True)
class Column:
    """One that the list can show."""

    name: str
    label: str
    is_shown: bool


def name_of(column: Any) -> str:
    """A column's name in addresses; its function's where it is one."""
    return column if isinstance(column, str) else column.__name__


def asked_for(request: HttpRequest) -> list[str]:
    """The columns that the address names, as often as it names any."""
    return [name for value in request.GET.getlist(COLUMNS_VAR) for name in value.split(".") if name]


def in_one(request: HttpRequest) -> None:
    """A form names each column by itself. The page's links and other forms carry one value of a name only."""
    if len(request.GET.getlist(COLUMNS_VAR)) > 1:
        query = request.GET.copy()
        query[COLUMNS_VAR] = ".".join(asked_for(request))
        request.GET = query  # type: ignore[assignment]


def shown(columns: Sequence[Any], names: Iterable[str]) -> list[Any]:
    """Those of ``columns`` that ``names`` names, in the list's own order; all of them where it names none."""
    wanted = set(names)
    first = next((column for column in columns if column != CHECKBOX), None)
    if not wanted & {name_of(column) for column in columns if column != CHECKBOX}:
        return list(columns)
    return [column for column in columns if column in (CHECKBOX, first) or name_of(column) in wanted]


class ColumnsChangeList(ChangeList):  # type: ignore[misc]  # unfold is untyped
    """A list of which columns can be left out. Its address counts columns for the order as if all were shown."""

    def __init__(self, request: HttpRequest, model: Any, list_display: Sequence[Any], *args: Any, **rest: Any) -> None:
        self.all_columns: list[Any] = list(list_display)
        self.list_display: list[Any]
        super().__init__(request, model, shown(self.all_columns, asked_for(request)), *args, **rest)

    @property
    def columns(self) -> list[Column]:
        """All that the list has, but for the box that selects a row."""
        return [
            Column(
                name_of(column),
                str(label_for_field(column, self.model, self.model_admin)),
                column in self.list_display,
            )
            for column in self.all_columns
            if column != CHECKBOX
        ]

    @property
    def hidden_columns(self) -> int:
        """How many columns are left out."""
        return len(self.all_columns) - len(self.list_display)

    @property
    def address_params(self) -> list[tuple[str, str]]:
        """Everything in the address but page and columns, for a form that changes these."""
        return [(name, value) for name, values in self.filter_params.items() for value in values if name != COLUMNS_VAR]

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        lookups: dict[str, Any] = super().get_filters_params(params)
        return {name: value for name, value in lookups.items() if name not in (COLUMNS_VAR, VIEW_VAR)}

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        with self._whole():
            return super().get_ordering(request, queryset)

    def get_ordering_field_columns(self) -> dict[int, str]:
        with self._whole():
            found = super().get_ordering_field_columns()
        places = {self.all_columns.index(column): place for place, column in enumerate(self.list_display)}
        return {places[column]: direction for column, direction in found.items() if column in places}

    def get_query_string(self, new_params: Any = None, remove: Any = None) -> str:
        if new_params and new_params.get(ORDER_VAR):
            places = (self._in_all(place) for place in new_params[ORDER_VAR].split("."))
            new_params = {**new_params, ORDER_VAR: ".".join(places)}
        query: str = super().get_query_string(new_params, remove)
        return query

    def _in_all(self, place: str) -> str:
        """ "-2", the third column that is shown, as it counts among all."""
        _, sign, number = place.rpartition("-")
        return f"{sign}{self.all_columns.index(self.list_display[int(number)])}"

    @contextmanager
    def _whole(self) -> Iterator[None]:
        kept, self.list_display = self.list_display, self.all_columns
        try:
            yield
        finally:
            self.list_display = kept
