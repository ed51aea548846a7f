"""What syncs changed, and what remotes say that their contracts do not know."""

from collections.abc import Iterable

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from backoffice import times
from backoffice.access import may_see_payload, readable_resources
from backoffice.admin.filters import ResourceFilter, value_filter
from backoffice.admin.mirror import copyable
from backoffice.admin.readonly import Fact, ReadOnlyAdmin, Section
from backoffice.models import Drift, RowChange
from backoffice.payloads import shown_changes
from backoffice.wording import label_of


@admin.register(RowChange)
class RowChangeAdmin(ReadOnlyAdmin):
    """Changes, newest first; only of rows that the person may see."""

    list_display = ("remote_id", "kind", "member", "when")
    list_filter = (ResourceFilter, value_filter("member", "member"))
    search_fields = ("=remote_id",)
    url_lookups = frozenset({"run"})
    search_help_text = "The whole id"
    export_columns = (
        ("resource", "resource"), ("remote_id", "remote_id"), ("member", "member"), ("changed_at", "changed_at"),
        ("run", "run_id"),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[RowChange]:
        rows: QuerySet[RowChange] = super().get_queryset(request)
        return rows.filter(resource__in=readable_resources(request.user))

    @admin.display(description="kind", ordering="resource")
    def kind(self, change: RowChange) -> str:
        return label_of(change.resource)

    @admin.display(description="changed", ordering="changed_at")
    def when(self, change: RowChange) -> SafeString | str:
        return times.ago(change.changed_at)

    def facts(self, request: HttpRequest, obj: RowChange) -> Iterable[Fact]:
        yield Fact("Kind", label_of(obj.resource))
        yield Fact("Id", copyable(obj.remote_id))

    def sections(self, request: HttpRequest, obj: RowChange) -> Iterable[Section]:
        lines = shown_changes([obj], may_see_payload(request.user, obj.resource))
        yield Section("Change", "admin/parts/_changes.html", {"lines": lines})


@admin.register(Drift)
class DriftAdmin(ReadOnlyAdmin):
    """Drift, latest first."""

    list_display = ("name", "kind_of", "kind", "count", "first", "last", "sample_remote_id")
    list_filter = (ResourceFilter,)
    search_fields = ("name",)
    export_columns = (
        ("resource", "resource"), ("kind", "kind"), ("name", "name"), ("count", "count"),
        ("first_seen_at", "first_seen_at"), ("last_seen_at", "last_seen_at"), ("sample", "sample_remote_id"),
    )  # fmt: skip

    @admin.display(description="of", ordering="resource")
    def kind_of(self, drift: Drift) -> str:
        return label_of(drift.resource)

    @admin.display(description="first seen", ordering="first_seen_at")
    def first(self, drift: Drift) -> SafeString | str:
        return times.ago(drift.first_seen_at)

    @admin.display(description="last seen", ordering="last_seen_at")
    def last(self, drift: Drift) -> SafeString | str:
        return times.ago(drift.last_seen_at)

    def facts(self, request: HttpRequest, obj: Drift) -> Iterable[Fact]:
        yield Fact(obj.get_kind_display().capitalize(), obj.name)
        yield Fact("Of", label_of(obj.resource))
        yield Fact("Counted", f"{obj.count:,} times")
        yield Fact("First seen", times.at(obj.first_seen_at))
        yield Fact("Last seen", times.at(obj.last_seen_at))
        yield Fact("Seen at, for example", copyable(obj.sample_remote_id))
