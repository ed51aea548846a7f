"""Rejected records: what could not be taken, why, and one more try."""

from collections.abc import Iterable
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from backoffice import tasks, times, upstreams
from backoffice.access import about_readable, hidden_members, note_seen
from backoffice.admin.filters import Filter, ResourceFilter
from backoffice.admin.mirror import copyable
from backoffice.admin.readonly import Button, Fact, ReadOnlyAdmin, ReadOnlyChangeList, Section
from backoffice.badges import badge
from backoffice.errors import BackofficeError, RemoteError
from backoffice.models import RejectedRecord
from backoffice.payloads import shown_text
from backoffice.sync.resource import RESOURCES
from backoffice.sync.retry import retry
from backoffice.texts import Text, number
from backoffice.views import BROKER_DOWN
from backoffice.wording import label_of, remote_error_in_words


class OpenFilter(Filter):
    """Those that still wait for a reading that can be taken, unless others are asked for."""

    title, parameter_name = _("state"), "state"
    all_option = ("", pgettext_lazy("not settled", "Open"))

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        return [("settled", _("Settled")), ("all", _("Open and settled"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "all":
            return queryset
        return queryset.filter(resolved_at__isnull=self.value() != "settled")


@admin.register(RejectedRecord)
class RejectedRecordAdmin(ReadOnlyAdmin):
    """Rejected records, newest first; only of resources that the person may see."""

    list_about = _(
        "Records that were read and could not be taken. What was here before is kept; reading one again may do."
    )

    list_display = ("what", "kind", "reason", "seen", "when", "shown_state")
    list_filter = (OpenFilter, ResourceFilter)
    search_fields = ("remote_id", "owner_remote_id", "reason")
    search_help_text = _("Id, owner's id or reason")
    url_lookups = frozenset({"run"})
    export_columns = (
        ("resource", "resource"), ("remote_id", "remote_id"), ("owner_remote_id", "owner_remote_id"),
        ("reason", "reason"), ("seen", "seen"), ("rejected_at", "rejected_at"), ("resolved_at", "resolved_at"),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[RejectedRecord]:
        rows: QuerySet[RejectedRecord] = super().get_queryset(request)
        return rows.filter(about_readable(request.user))

    def prepare_list(self, request: HttpRequest, changes: ReadOnlyChangeList) -> None:
        super().prepare_list(request, changes)
        if not changes.is_narrowed:
            changes.empty_sentence = _("No record waits here: everything that was read could be taken.")

    @admin.display(description=_("record"))
    def what(self, record: RejectedRecord) -> str:
        return record.remote_id or gettext("(no readable id)")

    @admin.display(description=_("kind"), ordering="resource")
    def kind(self, record: RejectedRecord) -> str:
        return str(label_of(record.resource))

    @admin.display(description=_("rejected"), ordering="rejected_at")
    def when(self, record: RejectedRecord) -> SafeString | str:
        return times.ago(record.rejected_at)

    @admin.display(description=_("state"), ordering="resolved_at")
    def shown_state(self, record: RejectedRecord) -> SafeString:
        if record.resolved_at:
            return badge(_("settled"), "good")
        return badge(pgettext_lazy("not settled", "open"), "warn")

    def facts(self, request: HttpRequest, obj: RejectedRecord) -> Iterable[Fact]:
        yield Fact(_("State"), self.shown_state(obj))
        yield Fact(_("Kind"), label_of(obj.resource))
        yield Fact(_("Id"), copyable(obj.remote_id) if obj.remote_id else _("none that can be read"))
        if obj.owner_remote_id:
            yield Fact(_("Belongs to"), copyable(obj.owner_remote_id))
        yield Fact(_("Reason"), obj.reason)
        yield Fact(_("Last rejected"), times.at(obj.rejected_at))
        met_by = ngettext("{count} run", "{count} runs", obj.seen).format(count=number(obj.seen))
        yield Fact(_("Met by"), met_by)
        if obj.resolved_at:
            yield Fact(_("Settled"), times.at(obj.resolved_at))
        if obj.run_id and request.user.has_perm("backoffice.view_syncrun"):
            url = reverse("run", args=[obj.run_id])
            yield Fact(pgettext_lazy("of a sync", "Run"), format_html('<a href="{}">#{}</a>', url, obj.run_id))

    def sections(self, request: HttpRequest, obj: RejectedRecord) -> Iterable[Section]:
        if request.user.has_perm("backoffice.view_payload_rejectedrecord"):
            masked = RESOURCES[obj.resource].record.masked if obj.resource in RESOURCES else ()
            note_seen(request.user, obj.resource, obj.remote_id, {name: name in obj.payload for name in masked})
            payload = shown_text(obj.payload, hidden_members(request.user, obj.resource))
            yield Section(_("As received, less secrets"), "admin/parts/_payload.html", {"payload": payload})

    def buttons(self, request: HttpRequest, obj: RejectedRecord) -> Iterable[Button]:
        if request.user.has_perm("backoffice.retry_rejectedrecord") and not obj.resolved_at:
            yield Button(_("Retry"), reverse("admin:retry_rejected", args=[obj.pk]), "replay", is_main=True)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.retry_view)
        return [path("<int:pk>/retry/", view, name="retry_rejected"), *super().get_urls()]

    def retry_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """POST: read the record again."""
        if not request.user.has_perms(["backoffice.view_rejectedrecord", "backoffice.retry_rejectedrecord"]):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        record = get_object_or_404(self.get_queryset(request), pk=pk)
        try:
            outcome = retry(record, user=cast(User, request.user))
        except RemoteError as error:
            label = upstreams.UPSTREAMS[RESOURCES[record.resource].upstream].label
            _tell_in_vain(request, remote_error_in_words(error, label))
            return redirect(self._url("change"), pk)
        except BackofficeError as error:
            _tell_in_vain(request, str(error))
            return redirect(self._url("change"), pk)
        (messages.success if outcome.is_settled else messages.warning)(request, outcome.sentence)
        if outcome.run is None:
            return redirect(self._url("change"), pk)
        if not tasks.send(outcome.run.pk):
            messages.warning(request, BROKER_DOWN)
        return redirect("run", outcome.run.pk)


def _tell_in_vain(request: HttpRequest, why: Text) -> None:
    messages.error(request, gettext("{why} The record is as it was.").format(why=why))
