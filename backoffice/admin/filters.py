"""Filters that several lists share. The URL is the whole state; each is a field of the filter form."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from backoffice import freshness
from backoffice.distinct import values_of
from backoffice.records import REPLACEMENT
from backoffice.sync.resource import RESOURCES
from backoffice.texts import Text

MAX_CHOICES = 200


class Filter(DropdownFilter):  # type: ignore[misc]  # unfold is untyped
    """A drop-down; its first choice changes nothing."""

    is_dear: ClassVar[bool] = False
    """Whether each row has to be looked up in another table: then rows are counted less far."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        return ()

    def value(self) -> str | None:
        """The choice, without what no database takes; what held that is no choice of any filter."""
        chosen: str | None = super().value()
        return chosen.replace("\x00", REPLACEMENT) if chosen else chosen

    @property
    def ordering(self) -> Sequence[str]:
        """The order in which the rows of its choice stand, where nobody asks for another; () for the list's own."""
        return ()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return self.narrow(queryset, value) if value else queryset

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        """The rows with that choice; an unknown one finds nothing."""
        raise NotImplementedError


class ChoiceFilter(Filter):
    """The words that a column can have."""

    column: ClassVar[str]
    words: ClassVar[Sequence[tuple[str, Text]]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        return self.words

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(**{f"{self.column}__in": [value]})  # "NOT column" for no would keep SQLite from its index


def choice_filter(name: str, title: Text, words: Sequence[tuple[str, Text]], column: str = "") -> type[ChoiceFilter]:
    """A filter over the words of a column, by default of the filter's own name."""
    told = {"column": column or name, "words": words, "title": title, "parameter_name": name}
    return type(f"{name.title()}Filter", (ChoiceFilter,), told)


class ValueFilter(Filter):
    """The values that a column has now."""

    column: ClassVar[str]

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        values = values_of(model_admin.model, self.column, MAX_CHOICES)
        return [(value, str(value)[:60]) for value in values if value]

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(**{self.column: value})


def value_filter(name: str, title: Text) -> type[ValueFilter]:
    """A filter over the values of one column."""
    return type(f"{name.title()}Filter", (ValueFilter,), {"column": name, "title": title, "parameter_name": name})


class ResourceFilter(Filter):
    """Rows of one resource."""

    title, parameter_name = _("resource"), "resource"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        return [(name, resource.label) for name, resource in RESOURCES.items()]

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(resource=value)


class VanishedFilter(Filter):
    """Rows that are gone at the remote are left out unless they are asked for."""

    title, parameter_name = _("presence"), "presence"
    all_option = ("", _("Present"))

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        return [("gone", _("Gone")), ("all", _("Present and gone"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        return queryset.filter(vanished_at__isnull=self.value() != "gone")


class AgeFilter(Filter):
    """How old what we know of a row is; a row's age is the later of its own reading and the last complete sweep."""

    title, parameter_name = _("age of data"), "age"
    steps: ClassVar = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
    sweep_reads_all: ClassVar[bool] = True

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        return [("fresh", _("Up to 1 hour")), ("hour", _("Older than 1 hour")), ("day", _("Older than 1 day"))]

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        since = timezone.now() - self.steps.get(value, timedelta(hours=1))
        if value not in {"fresh", *self.steps}:
            return rows.none()
        swept_from = freshness.swept_from_of(self.model)
        if self.sweep_reads_all and swept_from and swept_from >= since:
            return rows if value == "fresh" else rows.none()
        return rows.filter(self.read_since(since)) if value == "fresh" else rows.filter(self.not_read_since(since))

    def read_since(self, moment: Any) -> Q:
        """Rows that are known to have been so at ``moment`` or later, where no sweep says so of all."""
        return Q(synced_at__gte=moment)

    def not_read_since(self, moment: Any) -> Q:
        """The others."""
        return Q(synced_at__lt=moment)

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        self.model = model
        super().__init__(request, params, model, model_admin)
