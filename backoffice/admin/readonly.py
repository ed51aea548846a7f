"""ReadOnlyAdmin: a list with export, and a page of facts, for rows that are never edited by hand."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin import ShowFacets, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from backoffice import columns, export, savedviews


@dataclass(frozen=True)
class Fact:
    """One line of a record's page. ``value`` is escaped unless it is safe already."""

    label: str
    value: Any
    hint: str = ""


@dataclass(frozen=True)
class Section:
    """One block of a record's page: its own template and what that needs."""

    title: str
    template: str
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Button:
    """A POST that the person may do (or a page with its form, where ``is_link``), or the reason why it is off."""

    label: str
    url: str
    icon: str = ""
    off: str = ""
    is_main: bool = False
    is_link: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    """What a POST carries besides its token."""


class ReadOnlyChangeList(columns.ColumnsChangeList):
    """A list that knows what to say when it is empty, and what may be done with it."""

    empty_sentence = "There is nothing here."
    note: Any = ""
    buttons: Sequence[Button] = ()
    exports: Sequence[tuple[str, str]] = ()
    page_form: Any = None
    views: savedviews.Bar

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        if not self.is_narrowed:
            self.full_result_count = self.result_count  # the heading then does not offer to show all
        self.model_admin.prepare_list(request, self)

    @property
    def is_narrowed(self) -> bool:
        """Whether a search or a filter is on."""
        return bool(self.query or self.has_active_filters)


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
        title = str(self.opts.verbose_name_plural)
        answer: HttpResponseBase = super().changelist_view(
            request, {"title": title[:1].upper() + title[1:], **(extra_context or {})}
        )
        return answer

    def prepare_list(self, request: HttpRequest, changes: ReadOnlyChangeList) -> None:
        """Called with each list before it is drawn."""
        changes.views = savedviews.Bar(request, self)
        if changes.is_narrowed:
            changes.empty_sentence = f"No {self.opts.verbose_name_plural} match this search and these filters."
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

    def notices(self, request: HttpRequest, obj: Any) -> Iterable[str]:
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
            return HttpResponse("Export is offered as csv and xlsx.", status=404, content_type="text/plain")
        if rows[export.MOST_AT_ONCE :].exists():
            messages.info(
                request, f"More than {export.MOST_AT_ONCE:,} rows match, so the file is written in the background."
            )
            return redirect(savedviews.Bar(request, self).export_url(kind))
        headers = [header for header, _ in self.export_columns]
        answer = export.csv_answer if kind == "csv" else export.xlsx_answer
        return answer(self.opts.model_name, headers, self.exported(rows))

    def exported(self, rows: QuerySet[Any], headers: Sequence[str] = ()) -> Iterator[list[Any]]:
        """The cells of each row, under those of the headers that are named, or under all."""
        columns = [column for header, column in self.export_columns if not headers or header in headers]
        for row in rows.iterator(chunk_size=export.ROWS_A_CHUNK):
            yield [column(row) if callable(column) else getattr(row, column) for column in columns]

    def _url(self, name: str) -> str:
        return f"admin:{self.opts.app_label}_{self.opts.model_name}_{name}"
