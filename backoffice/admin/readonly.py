"""ReadOnlyAdmin: a list with export, and a page of facts, for rows that are never edited by hand."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin import ShowFacets, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field, unquote
from django.contrib.admin.views.main import ALL_VAR, PAGE_VAR
from django.core.exceptions import PermissionDenied
from django.core.paginator import InvalidPage
from django.db.models import Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import lazy
from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from backoffice import audit, columns, export, limits, listed, savedviews
from backoffice.admin import paging
from backoffice.admin.headings import heading
from backoffice.returning import NEXT
from backoffice.texts import Text, capital, number, written


@dataclass(frozen=True)
class Fact:
    """One line of a record's page. ``value`` is escaped unless it is safe already."""

    label: Text
    value: Any
    hint: Text = ""


@dataclass(frozen=True)
class Section:
    """One block of a record's page: its own template and what that needs."""

    title: Text
    template: str
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Button:
    """A POST that the person may do (or a page with its form, where ``is_link``), or the reason why it is off."""

    label: Text
    url: str
    icon: str = ""
    off: Text = ""
    is_main: bool = False
    is_link: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    """What a POST carries besides its token."""

    def leading_back(self, url: str) -> "Button":
        """The same, after which one is on the page ``url`` again."""
        if self.is_link:
            return replace(self, url=f"{self.url}{'&' if '?' in self.url else '?'}{urlencode({NEXT: url})}")
        return replace(self, fields={**self.fields, NEXT: url})

    @property
    def off_id(self) -> str:
        """Of the reason on its page, by which the button names it."""
        return f"off-{blake2b(f'{self.label} {self.url}'.encode(), digest_size=6).hexdigest()}"


@dataclass(frozen=True)
class Step:
    """One step of the way through a list's pages; without an address a gap, or the page that is shown."""

    label: str
    url: str = ""
    is_here: bool = False


class ReadOnlyChangeList(columns.ColumnsChangeList):
    """A list that knows what to say when it is empty, and what may be done with it."""

    empty_sentence: Text = _("There is nothing here.")
    note: Any = ""
    narrowed_to: str = ""
    """Which rows the filters leave, in words: they stand in a drawer that is closed."""
    buttons: Sequence[Button] = ()
    exports: Sequence[tuple[str, str]] = ()
    page_form: Any = None
    views: savedviews.Bar

    result_list: Any
    full_result_count: Any
    sortable_by: Any
    page_num: int
    is_paged_by_us = True
    page_steps: Sequence[Step] = ()
    unsorted: Sequence[str] = ()
    """Columns that a list as long as this one cannot be ordered by."""
    search_met = 0
    """More rows than so many are what the search finds, and are not known one by one."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.preserved_filters = ""  # no page of a record reads them; in each row's link they cost a tenth of the list
        if not self.is_narrowed:
            self.full_result_count = self.result_count  # the heading then does not offer to show all
        self.model_admin.prepare_list(request, self)

    @property
    def is_narrowed(self) -> bool:
        """Whether a search or a filter is on."""
        return bool(self.query or self.has_active_filters)

    def get_results(self, request: HttpRequest) -> None:
        self.search_met = getattr(request, "search_met", 0)
        met = 0 if self.has_active_filters else self.search_met
        is_narrowed = self.is_narrowed or bool(limits.narrowing(self.model))
        size = paging.size_of(self.queryset, is_whole=not is_narrowed, most=self._counted_to, at_least=met)
        rows = self._sortable(self.queryset, size)
        pages = paging.Pages(rows, size, self.list_per_page, is_narrowed=is_narrowed)
        self.result_count = size
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.full_result_count = None
        self.can_show_all = size.is_exact and size <= self.list_max_show_all
        self.multi_page = size > self.list_per_page
        self.paginator = pages
        if (self.show_all and self.can_show_all) or not self.multi_page:
            self.result_list = rows
            if pages.few is not None:
                found = self.apply_select_related(self.root_queryset.filter(pk__in=pages.few))
                self.result_list = found.order_by(*rows.query.order_by)
            return
        try:
            self.page_num = pages.number(self.page_num)
            keys, has_more = pages.keys(self.page_num)
        except InvalidPage:
            raise IncorrectLookupParameters from None
        self.page_steps = [self._step(one) for one in paging.shown(self.page_num, pages.last, has_more=has_more)]
        found = self.apply_select_related(self.root_queryset.filter(pk__in=keys)).in_bulk()
        self.result_list = [found[key] for key in keys if key in found]

    @property
    def _counted_to(self) -> int:
        """As far as its rows are counted one by one."""
        is_dear = any(getattr(spec, "is_dear", False) and spec.value() for spec in self.filter_specs)
        return min(paging.SOME, paging.MOST) if is_dear else paging.MOST

    def _step(self, number: int | None) -> Step:
        if number is None or number == self.page_num:
            return Step("…" if number is None else paging.label(number), is_here=number is not None)
        return Step(paging.label(number), self.get_query_string({PAGE_VAR: number}))

    @property
    def why_unsorted(self) -> str:
        """What the list cannot be ordered by, and what helps; "" where nothing is left out."""
        if not self.unsorted:
            return ""
        if self.search_met:
            return gettext("So many match that the newest stand first: add a rarer word to order them otherwise.")
        columns = [str(label_for_field(name, self.model, self.model_admin)) for name in self.unsorted]
        told = gettext("Narrow the list to {count} rows to order it by {columns}.")
        names = pgettext("between columns of which any", " or ").join(columns)
        return told.format(count=number(self._counted_to), columns=names)

    @property
    def result_count_told(self) -> str:
        """How many rows there are, for people."""
        return str(self.result_count)

    @property
    def show_all_url(self) -> str:
        """The list on one page."""
        return str(self.get_query_string({ALL_VAR: ""}))

    def _sortable(self, rows: QuerySet[Any], size: paging.Size) -> QuerySet[Any]:
        """The rows; those of a long list in an order that an index holds, and without the offer of any other."""
        if size.is_exact and size <= self._counted_to:
            return rows
        fields = {str(name): str(self.get_ordering_field(name) or "") for name in self.list_display}
        # What a search meets may stand together anywhere in the order of a column, the end included.
        names = [name for name, field in fields.items() if field and (self.search_met or LOOKUP_SEP in field)]
        self.sortable_by = [name for name in self.sortable_by or self.list_display if name not in names]
        self.unsorted = names
        if self.search_met:
            by_time = self._own_ordering[0] == "-remote_created_at"
            return rows.order_by(*(self._own_ordering if by_time else ["-pk"]))
        if any(LOOKUP_SEP in str(part) for part in rows.query.order_by):
            rows = rows.order_by(*self._get_deterministic_ordering(self._get_default_ordering()))
        return rows

    def _get_default_ordering(self) -> Sequence[str]:
        given = (spec.ordering for spec in self.filter_specs if getattr(spec, "ordering", ()))
        return next(given, self._own_ordering)

    @property
    def _own_ordering(self) -> Sequence[str]:
        """The list's own, whatever filter is on."""
        own: Sequence[str] = super()._get_default_ordering()
        return own

    def _get_deterministic_ordering(self, ordering: Sequence[Any]) -> list[Any]:
        """Rows that are equal stand as in the list's own order, or against it: so one index serves both directions."""
        if not ordering or not all(isinstance(part, str) for part in ordering):
            whole: list[Any] = super()._get_deterministic_ordering(ordering)
            return whole
        falls = ordering[0].startswith("-")
        own = [part.lstrip("-") for part in self._own_ordering]
        given = {part.lstrip("-") for part in ordering}
        rest = [name for name in own if name not in given]
        whole = super()._get_deterministic_ordering([*ordering, *(f"-{name}" if falls else name for name in rest)])
        return [*whole[:-1], "-pk" if falls else "pk"] if whole[-1] == "-pk" else whole


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """View only: no add, change or delete, whatever permissions a person was given."""

    actions = None
    list_per_page = 50
    list_max_show_all = 200
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # a count per choice is a query per choice
    list_filter_submit = True
    list_before_template = "admin/parts/_list_tools.html"
    record_template = "admin/record.html"
    list_about: Text = ""
    """What the list holds, for who has never seen one: a sentence or two, shown above it."""
    export_columns: ClassVar[Sequence[tuple[str, str | Callable[[Any], Any]]]] = ()
    """Header and attribute, or function of the row, of each exported column. No raw payload."""
    url_lookups: ClassVar[frozenset[str]] = frozenset()
    """What a list may be asked for in its address besides its filters, search, order and page."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Django allows every lookup on a model's own fields: one could ask a hidden payload letter by letter."""
        filters = self.get_list_filter(request) if request else self.list_filter
        own = {item.parameter_name for item in filters if isinstance(item, type) and issubclass(item, SimpleListFilter)}
        return lookup in own or lookup in self.url_lookups

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ReadOnlyChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        columns.in_one(request)
        title = capital(self.opts.verbose_name_plural)
        answer: HttpResponseBase = super().changelist_view(request, {"title": title, **(extra_context or {})})
        return answer

    def prepare_list(self, request: HttpRequest, changes: ReadOnlyChangeList) -> None:
        """Called with each list before it is drawn."""
        changes.views = savedviews.Bar(request, self)
        changes.note = self.list_about
        if changes.has_active_filters:
            changes.narrowed_to = capital(listed.in_words(self, changes, only_chosen=True))
        if changes.is_narrowed:
            told = gettext("No {things} match this search and these filters.")
            changes.empty_sentence = told.format(things=self.opts.verbose_name_plural)
        if self.export_columns:
            query = f"?{request.GET.urlencode()}" if request.GET else ""
            changes.exports = [(kind.upper(), f"export/{kind}/{query}") for kind in ("csv", "xlsx")]

    # -- the record's page --------------------------------------------------------------------------------------------

    def facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        """What stands at the top of the record's page."""
        return ()

    def sections(self, request: HttpRequest, obj: Any) -> Iterable[Section]:
        """The blocks below the facts."""
        return ()

    def buttons(self, request: HttpRequest, obj: Any) -> Iterable[Button]:
        """What the person may do with the record."""
        return ()

    def notices(self, request: HttpRequest, obj: Any) -> Iterable[Any]:
        """Sentences that stand above everything."""
        return ()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            gone: HttpResponseBase = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return gone
        return self.record_page(request, obj)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """To the record's page, where its history stands; Django's own would only say that there is none."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return redirect(self._url("change"), object_id)

    def record_page(self, request: HttpRequest, obj: Any) -> HttpResponseBase:
        """The page of one record that the person may see."""
        context = {
            **self.admin_site.each_context(request),
            "title": str(obj)[:120],
            "opts": self.opts,
            "original": obj,
            "list_url": reverse(self._url("changelist")),
            "notices": list(self.notices(request, obj)),
            "facts": list(self.facts(request, obj)),
            "sections": list(self.sections(request, obj)),
            "buttons": list(self.buttons(request, obj)),
        }
        return TemplateResponse(request, self.record_template, context)

    # -- export -------------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        own = path("export/<str:kind>/", view, name=f"{self.opts.app_label}_{self.opts.model_name}_export")
        return [own, *super().get_urls()]

    def export_view(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        """The filtered list as a file. The same permission as the list itself."""
        if not self.has_view_permission(request) or not self.export_columns:
            raise PermissionDenied
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return redirect(self._url("changelist"))
        if kind not in {"csv", "xlsx"}:
            return HttpResponse(gettext("Export is offered as csv and xlsx."), status=404, content_type="text/plain")
        if rows[export.MOST_AT_ONCE :].exists():
            told = gettext("More than {count} rows match, so the file is written in the background.")
            messages.info(request, told.format(count=number(export.MOST_AT_ONCE)))
            return redirect(savedviews.Bar(request, self).export_url(kind))
        self._note_export(request, kind, rows)
        headers = [heading(header) for header, value in self.export_columns]
        answer = export.csv_answer if kind == "csv" else export.xlsx_answer
        return answer(self.opts.model_name, headers, self.exported(rows))

    def _note_export(self, request: HttpRequest, kind: str, rows: QuerySet[Any]) -> None:
        """Who took how much of which list. By what it was narrowed is named; what was typed there is not kept."""
        narrowed = sorted(name for name, value in request.GET.items() if value)
        audit.note_list(self.opts.label_lower, written(lazy(_export_told, str)(kind, rows.count(), narrowed)))

    def heading(self, header: str) -> str:
        """What stands above an exported column in the reader's file."""
        return heading(header)

    def exported(self, rows: QuerySet[Any], headers: Sequence[str] = ()) -> Iterator[list[Any]]:
        """The cells of each row, under those of the headers that are named, or under all."""
        columns = [column for header, column in self.export_columns if not headers or header in headers]
        for row in rows.iterator(chunk_size=export.ROWS_A_CHUNK):
            yield [column(row) if callable(column) else getattr(row, column) for column in columns]

    def _url(self, name: str) -> str:
        return f"admin:{self.opts.app_label}_{self.opts.model_name}_{name}"


def _export_told(kind: str, count: int, narrowed: Sequence[str]) -> str:
    told = ngettext("{kind}, {count} rows, narrowed by {names}", "{kind}, {count} rows, narrowed by {names}", count)
    names = ", ".join(narrowed) or pgettext("a list narrowed by", "nothing")
    return told.format(kind=kind, count=number(count), names=names)
