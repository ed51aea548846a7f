"""MirrorAdmin: lists and pages of mirrored remote objects. What is shown is our copy; how old it is, is told."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.dataclasses import SearchResult

from backoffice import freshness, times, upstreams
from backoffice.admin.filters import VanishedFilter
from backoffice.admin.readonly import Button, Fact, ReadOnlyAdmin, ReadOnlyChangeList, Section
from backoffice.badges import Tone, word
from backoffice.mirror import MirrorModel
from backoffice.models import RejectedRecord, RowChange
from backoffice.payloads import shown_changes, shown_payload
from backoffice.sync.resource import RESOURCES, Resource
from backoffice.wording import things

MAX_WORDS = 8
CHANGES_A_PAGE = 20


class MirrorChangeList(ReadOnlyChangeList):
    """Rows that know what their age counts from."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        swept_from = freshness.swept_from_of(self.model)
        for row in self.result_list:
            row.fresh_at = self.model_admin.fresh_at(row, swept_from)


class MirrorAdmin(ReadOnlyAdmin):
    """Base of the admins of mirrored models."""

    resource_name: ClassVar[str]
    tones: ClassVar[Mapping[str, Tone]] = {}
    """The words of ``status`` in the contract, each with its colour."""
    search_help_text = "Search"

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
        changes.note = self._how_old()
        if request.user.has_perm("backoffice.start_syncrun"):
            url = reverse("start_run", args=[self.resource_name])
            changes.buttons = [Button("Refresh now", url, "sync", off=self.upstream_off)]

    def _how_old(self) -> SafeString | str:
        swept_from = freshness.swept_from_of(self.model)
        if swept_from is None:
            return ""
        if self.resource.proves_absence:
            return format_html("Read completely {}.", times.ago(swept_from))
        them = things(self.resource_name)
        return format_html("The {} are as old as the age beside them; last sync {}.", them, times.ago(swept_from))

    @property
    def upstream_off(self) -> str:
        """Why the upstream cannot be asked; empty when it can."""
        return upstreams.why_off(self.resource.upstream)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        words = search_term.replace("\x00", "")[:200].lower().split()[:MAX_WORDS]
        for part in words:
            queryset = queryset.filter(self.holding(part))
        return queryset, False

    def holding(self, part: str) -> Q:
        """Rows in which a word of a search, in lower case, occurs."""
        raise NotImplementedError

    @property
    def palette_rank(self) -> int:
        """Resources that others hang on are found first."""
        return list(RESOURCES).index(self.resource_name)

    def palette(self, request: HttpRequest, term: str, limit: int) -> list[SearchResult]:
        """Hits for the command palette."""
        rows, _ = self.get_search_results(request, self.get_queryset(request).filter(vanished_at=None), term)
        return [
            SearchResult(
                title=str(row)[:80],
                description=f"{self.opts.verbose_name} {row.remote_id}",
                link=reverse(self._url("change"), args=[row.pk]),
                icon="database",
            )
            for row in rows[:limit]
        ]

    def fresh_at(self, row: Any, swept_from: datetime | None) -> datetime | None:
        """What the row's age counts from."""
        return freshness.row_fresh_at(row.synced_at, swept_from)

    def age(self, row: Any) -> SafeString | str:
        """How long ago the row was known to be so, or since when it is gone."""
        if row.vanished_at:
            return gone_since(row)
        return times.ago(row.fresh_at)

    age.short_description = "age"  # type: ignore[attr-defined]

    def state(self, row: Any) -> SafeString:
        """The row's status as a label."""
        return word(row.status, self.tones)

    state.short_description = "state"  # type: ignore[attr-defined]
    state.admin_order_field = "status"  # type: ignore[attr-defined]

    def get_list_filter(self, request: HttpRequest) -> Sequence[Any]:
        return [*super().get_list_filter(request), VanishedFilter]

    # -- the page -----------------------------------------------------------------------------------------------------

    def facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        swept_from = freshness.swept_from_of(self.model)
        label = upstreams.UPSTREAMS[self.resource.upstream].label
        if obj.vanished_at:
            yield Fact("Presence", gone_since(obj))
        yield Fact(f"{label} id", copyable(obj.remote_id))
        if not obj.vanished_at:  # a sweep says nothing of a row that it did not meet
            yield Fact("As of", times.ago(self.fresh_at(obj, swept_from)))
        yield Fact(f"Created at {label}", times.at(obj.remote_created_at, "not told"))
        yield Fact(f"Changed at {label}", times.at(obj.remote_updated_at, "not told"))

    def notices(self, request: HttpRequest, obj: Any) -> Iterable[str]:
        if obj.text_cleaned:
            yield "It holds characters that no database keeps; each stands as \ufffd here."
        rejected = RejectedRecord.objects.filter(
            resource=self.resource_name, remote_id=obj.remote_id, resolved_at=None
        ).first()
        if rejected and request.user.has_perm("backoffice.view_rejectedrecord"):
            url = reverse("admin:backoffice_rejectedrecord_change", args=[rejected.pk])
            yield format_html(
                'A newer reading of it was rejected {}, so this is how it was before: {}. <a href="{}">See why</a>',
                times.ago(rejected.rejected_at),
                rejected.reason,
                url,
            )

    def sections(self, request: HttpRequest, obj: Any) -> Iterable[Section]:
        may_see_payload = self.may_see_payload(request)
        if request.user.has_perm("backoffice.view_rowchange"):
            changes = RowChange.objects.filter(resource=self.resource_name, remote_id=obj.remote_id)
            page = Paginator(changes.select_related("run"), CHANGES_A_PAGE).get_page(request.GET.get("changes"))
            lines = shown_changes(page.object_list, may_see_payload)
            yield Section("What past syncs changed here", "admin/parts/_changes.html", {"page": page, "lines": lines})
        if may_see_payload:
            payload = shown_payload(obj.payload, self.resource.record.members())
            yield Section("Raw payload", "admin/parts/_payload.html", {"payload": payload})

    def may_see_payload(self, request: HttpRequest) -> bool:
        """Whether the person may see what the remote sent, whole."""
        return request.user.has_perm(f"{self.opts.app_label}.view_payload_{self.opts.model_name}")


def gone_since(row: MirrorModel) -> SafeString:
    """The mark of a row that a sweep proved gone."""
    return format_html('<span class="bo-badge bo-bad">gone since {}</span>', times.at(row.vanished_at))


def copyable(text: str) -> SafeString:
    """An id with a button that copies it."""
    return format_html(
        '<code class="bo-id">{0}</code> <button type="button" class="bo-copy" data-copy="{0}" '
        'aria-label="Copy {0}">copy</button>',
        text,
    )
