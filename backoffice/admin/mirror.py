"""MirrorAdmin: lists and pages of mirrored remote objects. What is shown is our copy; how old it is, is told."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from backoffice import freshness, limits, times, upstreams
from backoffice.access import hidden_members, note_seen
from backoffice.admin import fetching, live, searching
from backoffice.admin.fetching import Fetch
from backoffice.admin.filters import VanishedFilter
from backoffice.admin.readonly import Button, Fact, ReadOnlyChangeList, Section
from backoffice.admin.selecting import SelectingAdmin
from backoffice.badges import Tone, word
from backoffice.mirror import MirrorModel
from backoffice.models import RejectedRecord, RemoteWrite, RowChange
from backoffice.payloads import shown_changes, shown_payload
from backoffice.site import reload
from backoffice.sync.resource import RESOURCES, Resource
from backoffice.texts import Text
from backoffice.wording import things
from backoffice.writelines import write_lines
from backoffice.writes.history import visible_writes, writes_about

MORE_SECTIONS: list[Callable[[HttpRequest, str, Any], Iterable[Section]]] = []
"""What the apps add to the page of a record of any resource, above its history: from request, resource and row."""
MORE_TRACES: list[Callable[[str, Any], Iterable[live.Trace]]] = []
"""What changes with what they add: from resource and row."""
MORE_FILTERS: dict[str, list[Any]] = {}
"""Filters that the apps add to the list of a resource."""
MAX_WORDS = 8
ROWS_A_PAGE = 20


class MirrorChangeList(ReadOnlyChangeList):
    """Rows that know what their age counts from."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        swept_from = freshness.swept_from_of(self.model)
        for row in self.result_list:
            row.fresh_at = self.model_admin.fresh_at(row, swept_from)


class MirrorAdmin(SelectingAdmin):
    """Base of the admins of mirrored models."""

    resource_name: ClassVar[str]
    tones: ClassVar[Mapping[str, Tone]] = {}
    """The words of ``status`` in the contract, each with its colour."""
    search_help_text: ClassVar[Text] = _("Search")
    own_moments: ClassVar[tuple[str, ...]] = ()
    """Columns besides ``synced_at`` that say when something of the record was read."""
    is_indexed: ClassVar[bool] = False
    """Whether all that a search looks for is in the text that ``textindex`` covers, where there is one, or told by
    ``elsewhere``."""
    looks_elsewhere: ClassVar[bool] = False
    """Whether a search looks into records that the row leads to."""
    fetch: ClassVar[Fetch | None] = None
    """How one is read by its id, where the remote has such a read."""

    @property
    def resource(self) -> Resource:
        """What the sync engine knows about the model."""
        return RESOURCES[self.resource_name]

    # -- the list -----------------------------------------------------------------------------------------------------

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[MirrorChangeList]:
        return MirrorChangeList

    def prepare_list(self, request: HttpRequest, changes: ReadOnlyChangeList) -> None:
        super().prepare_list(request, changes)
        if not changes.result_count:
            changes.empty_sentence = freshness.why_empty(self.resource, is_narrowed=changes.is_narrowed)
        changes.note = join_notes(
            self._how_old(), self._within(), getattr(request, "search_note", ""), changes.why_unsorted
        )
        if request.user.has_perm("backoffice.start_syncrun"):
            url = reverse("start_run", args=[self.resource_name])
            changes.buttons = [Button(_("Refresh now"), url, "sync", off=self.upstream_off)]
        if self.fetch and request.user.has_perm(self.fetch.permission):
            changes.page_form = reverse(f"admin:{fetching.url_name(self)}")

    def _how_old(self) -> SafeString | str:
        swept_from = freshness.swept_from_of(self.model)
        if swept_from is None:
            return ""
        if self.resource.proves_absence:
            return format_html(gettext("Read completely {ago}."), ago=times.ago(swept_from))
        told = gettext("The {things} are as old as the age beside them; last sync {ago}.")
        return format_html(told, things=things(self.resource_name), ago=times.ago(swept_from))

    def _within(self) -> str:
        """Says to people with limits that these narrow the list."""
        if not limits.narrowing(self.model):
            return ""
        return gettext("You work with {limits}; the rest is not shown.").format(limits=limits.in_words())

    @property
    def upstream_off(self) -> str:
        """Why the upstream cannot be asked; empty when it can."""
        return upstreams.why_off(self.resource.upstream)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        narrowed = searching.narrow(self, queryset, self.words_of(search_term))
        # The list tells both.
        request.search_note, request.search_met = narrowed.note, narrowed.at_least  # type: ignore[attr-defined]
        return narrowed.rows, False

    def words_of(self, search: str) -> list[str]:
        """The words of a search that count, in lower case: as many as a query takes."""
        return search.replace("\x00", "")[:200].lower().split()[:MAX_WORDS]

    def shown_state(self, row: Any) -> SafeString:
        return gone_since(row) if row.vanished_at else self.state(row)

    def holding(self, part: str) -> Q:
        """Rows in which a word of a search, in lower case, occurs."""
        raise NotImplementedError

    def elsewhere(self, part: str) -> Iterable[Q]:
        """Of those, the rows in whose own text it may not occur; each condition is one that an index answers.

        Raises ``searching.TooMany`` where such rows are too many to be known one by one.
        """
        return ()

    def fresh_at(self, row: Any, swept_from: datetime | None) -> datetime | None:
        """What the row's age counts from."""
        return freshness.row_fresh_at(row.synced_at, swept_from)

    def age(self, row: Any) -> SafeString | str:
        """How long ago the row was known to be so, or since when it is gone."""
        if row.vanished_at:
            return gone_since(row)
        return times.ago(row.fresh_at)

    age.short_description = _("age")  # type: ignore[attr-defined]

    def state(self, row: Any) -> SafeString:
        """The row's status as a label."""
        return word(row.status, self.tones)

    state.short_description = _("state")  # type: ignore[attr-defined]
    state.admin_order_field = "status"  # type: ignore[attr-defined]

    def get_list_filter(self, request: HttpRequest) -> Sequence[Any]:
        more = MORE_FILTERS.get(self.resource_name, [])
        return [*super().get_list_filter(request), *more, VanishedFilter]

    # -- the page -----------------------------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """The record's page. One that is open and may no longer be seen, or is gone, is told to load itself anew."""
        if live.shown_version(request):
            obj = self.get_object(request, unquote(object_id)) if self.has_view_permission(request) else None
            return self.record_page(request, obj) if obj else reload()
        return super().change_view(request, object_id, form_url, extra_context)

    def get_urls(self) -> list[URLPattern]:
        own = [fetching.url(self, self.fetch)] if self.fetch else []
        return [*own, *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponseBase:
        raise PermissionDenied  # Django's own opens a transaction first; what is made, is made on pages of our own

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponseBase:
        raise PermissionDenied

    def record_page(self, request: HttpRequest, obj: Any) -> HttpResponseBase:
        version, shown = self.version(obj), live.shown_version(request)
        if version == shown:
            return HttpResponse(status=204)
        answer = super().record_page(request, obj)
        if isinstance(answer, TemplateResponse) and answer.context_data is not None:
            frame = live.CONTENT if shown else live.WHOLE
            answer.context_data |= {"frame": frame, "version": version, "version_header": live.VERSION_HEADER}
        return answer

    def version(self, obj: Any) -> str:
        """Changes with what the record's page shows: its row, what hangs on it, writes about it. One query."""
        about = writes_about(self.resource_name, obj.remote_id)
        rejections = RejectedRecord.objects.filter(
            resource=self.resource_name, remote_id=obj.remote_id, resolved_at=None
        )
        moments = ("waits_since", "sent_at", "settled_at", "next_look_at")
        traces = [
            live.trace("writes", RemoteWrite.objects.filter(about), *moments),
            live.trace("rejections", rejections, "rejected_at"),
            *self.traces(obj),
            *(trace for more in MORE_TRACES for trace in more(self.resource_name, obj)),
        ]
        own = [getattr(obj, name) for name in ("synced_at", "vanished_at", *self.own_moments)]
        return live.version_of(bytes(obj.payload_hash), *own, traces=traces)

    def traces(self, obj: Any) -> Iterable[live.Trace]:
        """What hangs on the record and stands on its page."""
        return ()

    def facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        swept_from = freshness.swept_from_of(self.model)
        label = upstreams.UPSTREAMS[self.resource.upstream].label
        if obj.vanished_at:
            yield Fact(_("Presence"), gone_since(obj))
        yield Fact(_("{upstream} id").format(upstream=label), copyable(obj.remote_id))
        if not obj.vanished_at:  # a sweep says nothing of a row that it did not meet
            yield Fact(_("As of"), times.ago(self.fresh_at(obj, swept_from)))
        yield Fact(_("Created at {upstream}").format(upstream=label), times.at(obj.remote_created_at, _("not told")))
        yield Fact(_("Changed at {upstream}").format(upstream=label), times.at(obj.remote_updated_at, _("not told")))

    def notices(self, request: HttpRequest, obj: Any) -> Iterable[Any]:
        if obj.text_cleaned:
            told = gettext("It holds characters that no database keeps; each stands as {character} here.")
            yield told.format(character="\ufffd")
        rejected = RejectedRecord.objects.filter(
            resource=self.resource_name, remote_id=obj.remote_id, resolved_at=None
        ).first()
        if rejected and request.user.has_perm("backoffice.view_rejectedrecord"):
            url = reverse("admin:backoffice_rejectedrecord_change", args=[rejected.pk])
            told = gettext("A newer reading of it was rejected {ago}, so this is how it was before: {reason}.")
            yield format_html(
                '{} <a href="{}">{}</a>',
                format_html(told, ago=times.ago(rejected.rejected_at), reason=rejected.reason),
                url,
                gettext("See why"),
            )

    def sections(self, request: HttpRequest, obj: Any) -> Iterable[Section]:
        for more in MORE_SECTIONS:
            yield from more(request, self.resource_name, obj)
        may_see_payload = self.may_see_payload(request)
        if request.user.has_perm("backoffice.view_remotewrite"):
            yield self.history(request, obj)
        if request.user.has_perm("backoffice.view_rowchange"):
            changes = RowChange.objects.filter(resource=self.resource_name, remote_id=obj.remote_id)
            page = Paginator(changes, ROWS_A_PAGE).get_page(request.GET.get("changes"))
            lines = shown_changes(page.object_list, request.user)
            yield Section(_("What changed here"), "admin/parts/_changes.html", {"page": page, "lines": lines})
        if may_see_payload:
            hidden = hidden_members(request.user, self.resource_name)
            note_seen(request.user, self.resource_name, obj.remote_id, obj.payload)
            payload = shown_payload(obj.payload, self.resource.record.members(), hidden)
            yield Section(_("Raw payload"), "admin/parts/_payload.html", {"payload": payload})

    def history(self, request: HttpRequest, obj: Any) -> Section:
        """What was written about the object and what hangs on it, newest first."""
        about = writes_about(self.resource_name, obj.remote_id)
        writes = visible_writes(request.user).filter(about).select_related("follows")
        page = Paginator(writes, ROWS_A_PAGE).get_page(request.GET.get("writes"))
        lines = write_lines(request.user, page.object_list)
        return Section(_("What we did"), "backoffice/parts/_history.html", {"page": page, "lines": lines})

    def may_see_payload(self, request: HttpRequest) -> bool:
        """Whether the person may see what the remote sent, whole."""
        return request.user.has_perm(f"{self.opts.app_label}.view_payload_{self.opts.model_name}")


def join_notes(*notes: SafeString | Text) -> SafeString:
    """Sentences that stand above a list."""
    return format_html_join(" ", "{}", [(note,) for note in notes if note])


def gone_since(row: MirrorModel) -> SafeString:
    """The mark of a row that a sweep proved gone."""
    told = format_html(gettext("gone since {moment}"), moment=times.at(row.vanished_at))
    return format_html('<span class="bo-badge bo-bad">{}</span>', told)


def copyable(text: str) -> SafeString:
    """An id with a button that copies it."""
    return format_html(
        '<code class="bo-id">{0}</code> <button type="button" class="bo-copy" data-copy="{0}" aria-label="{1}">'
        "{2}</button>",
        text,
        gettext("Copy {text}").format(text=text),
        pgettext("on the button beside an id", "copy"),
    )
