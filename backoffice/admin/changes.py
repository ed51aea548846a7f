"""What changed in mirrored rows, and where remotes depart from their contracts."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from backoffice import times
from backoffice.access import about_readable
from backoffice.admin.filters import Filter, ResourceFilter, value_filter
from backoffice.admin.mirror import copyable
from backoffice.admin.readonly import Fact, ReadOnlyAdmin, Section
from backoffice.models import Drift, RowChange
from backoffice.payloads import shown_changes
from backoffice.texts import Text, capital, number
from backoffice.webhooks.summary import unannounced
from backoffice.wording import label_of


class CauseFilter(Filter):
    """What brought the change here."""

    title, parameter_name = _("cause"), "cause"
    causes: ClassVar = {
        "sweep": Q(run__isnull=False),
        "event": Q(delivery__isnull=False),
        "write": Q(write__isnull=False),
        "person": Q(run=None, delivery=None, write=None),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        return [
            ("sweep", _("A sync")), ("unannounced", _("A sync, though an event should have told")),
            ("event", _("An event")), ("write", _("A write from here")), ("person", _("A person who read it again")),
        ]  # fmt: skip

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(unannounced() if value == "unannounced" else self.causes.get(value, Q(pk=None)))


class ChangedFilter(Filter):
    """When it was changed here."""

    title, parameter_name = _("changed"), "changed"
    steps: ClassVar = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        return [("hour", _("In the last hour")), ("day", _("In the last day")), ("week", _("In the last week"))]

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        span = self.steps.get(value)
        return rows.filter(changed_at__gte=timezone.now() - span) if span else rows.none()


@admin.register(RowChange)
class RowChangeAdmin(ReadOnlyAdmin):
    """Changes, newest first; only of rows that the person may see."""

    list_about = _("What syncs, webhooks and readings changed in the copies here, member by member.")

    list_display = ("remote_id", "kind", "member", "when")
    list_filter = (ResourceFilter, value_filter("member", _("member")), CauseFilter, ChangedFilter)
    search_fields = ("=remote_id",)
    url_lookups = frozenset({"run"})
    search_help_text = _("The whole id")
    export_columns = (
        ("resource", "resource"), ("remote_id", "remote_id"), ("member", "member"), ("changed_at", "changed_at"),
        ("run", "run_id"), ("write", "write_id"), ("delivery", "delivery_id"),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[RowChange]:
        rows: QuerySet[RowChange] = super().get_queryset(request)
        return rows.filter(about_readable(request.user))

    @admin.display(description=_("kind"), ordering="resource")
    def kind(self, change: RowChange) -> str:
        return label_of(change.resource)

    @admin.display(description=_("changed"), ordering="changed_at")
    def when(self, change: RowChange) -> SafeString | str:
        return times.ago(change.changed_at)

    def facts(self, request: HttpRequest, obj: RowChange) -> Iterable[Fact]:
        yield Fact(_("Kind"), label_of(obj.resource))
        yield Fact(_("Id"), copyable(obj.remote_id))

    def sections(self, request: HttpRequest, obj: RowChange) -> Iterable[Section]:
        lines = shown_changes([obj], request.user)
        yield Section(_("Change"), "admin/parts/_changes.html", {"lines": lines})


@admin.register(Drift)
class DriftAdmin(ReadOnlyAdmin):
    """Drift, latest first."""

    list_about = _(
        "Where a remote departs from its contract: a member or a word that it does not know, or a member "
        "left out. Its records are taken all the same; a developer has to know."
    )

    list_display = ("name", "kind_of", "kind", "count", "first", "last", "sample_remote_id")
    list_filter = (ResourceFilter,)
    search_fields = ("name",)
    export_columns = (
        ("resource", "resource"), ("kind", "kind"), ("name", "name"), ("count", "count"),
        ("first_seen_at", "first_seen_at"), ("last_seen_at", "last_seen_at"), ("sample", "sample_remote_id"),
    )  # fmt: skip

    @admin.display(description=_("of"), ordering="resource")
    def kind_of(self, drift: Drift) -> str:
        return label_of(drift.resource)

    @admin.display(description=_("first seen"), ordering="first_seen_at")
    def first(self, drift: Drift) -> SafeString | str:
        return times.ago(drift.first_seen_at)

    @admin.display(description=_("last seen"), ordering="last_seen_at")
    def last(self, drift: Drift) -> SafeString | str:
        return times.ago(drift.last_seen_at)

    def facts(self, request: HttpRequest, obj: Drift) -> Iterable[Fact]:
        yield Fact(capital(obj.get_kind_display()), obj.name)
        yield Fact(_("Of"), label_of(obj.resource))
        counted = ngettext("{count} times", "{count} times", obj.count).format(count=number(obj.count))
        yield Fact(_("Counted"), counted)
        yield Fact(_("First seen"), times.at(obj.first_seen_at))
        yield Fact(_("Last seen"), times.at(obj.last_seen_at))
        yield Fact(_("Seen at, for example"), copyable(obj.sample_remote_id) if obj.sample_remote_id else "–")
        if obj.dismissed_at:
            by = gettext("by {who}").format(who=obj.dismissed_by)
            yield Fact(_("Dismissed"), times.at(obj.dismissed_at), by)
