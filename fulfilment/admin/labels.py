"""Labels and packing slips that were asked for."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from backoffice import times, upstreams
from backoffice.admin.deeds import url_name
from backoffice.admin.filters import Filter, choice_filter
from backoffice.admin.mirror import copyable
from backoffice.admin.readonly import Button, Fact, ReadOnlyAdmin
from backoffice.admin.related import linked
from backoffice.badges import WRITE_TONES, in_words, word
from backoffice.texts import Text, number
from fulfilment.admin.base import told
from fulfilment.admin.parcel_lines import JOB_TONES, document_url
from fulfilment.admin.shown import tracking
from fulfilment.models import LabelJob, Parcel
from fulfilment.needs import AGAIN, VERBS, failed_labels
from fulfilment.services.parcel_rules import why_not


class WaitsFilter(Filter):
    """Those that came to nothing and wait for a person."""

    title, parameter_name = _("waits for a person"), "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        return [("yes", _("Came to nothing"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        waiting = failed_labels(request.user)
        if waiting is None or self.value() != "yes":
            return queryset.none()
        return queryset.filter(pk__in=waiting.order_by().values("pk"))


@admin.register(LabelJob)
class LabelJobAdmin(ReadOnlyAdmin):
    """Label jobs, newest first; only of parcels that the person may see."""

    list_about = _("Each label and packing slip that was asked for from here, followed until the document is there.")

    list_display = ("shown_parcel", "kind", "shown_state", "who", "when", "ended", "error")
    list_display_links = ("shown_parcel",)
    list_select_related = ("parcel", "requested_by")
    list_filter = (
        choice_filter("state", _("state"), LabelJob.State.choices),
        choice_filter("kind", _("kind"), LabelJob.Kind.choices), WaitsFilter,
    )  # fmt: skip
    search_fields = ("parcel__number", "parcel__tracking_code", "=parcel__remote_id", "error")
    search_help_text = _("Parcel, tracking code or error")
    export_columns = (
        ("job", "pk"), ("parcel_remote_id", told("remote_id", "parcel")), ("parcel", told("number", "parcel")),
        ("kind", "kind"), ("state", "state"), ("error", "error"), ("requested_by", told("username", "requested_by")),
        ("requested_at", "requested_at"), ("accepted_at", "accepted_at"), ("ended_at", "ended_at"),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[LabelJob]:
        jobs: QuerySet[LabelJob] = super().get_queryset(request).select_related("parcel", "requested_by", "write")
        jobs = jobs.defer("parcel__payload", "parcel__search_text")
        return jobs if request.user.has_perm("fulfilment.view_parcel") else jobs.none()

    @admin.display(description=_("parcel"), ordering="parcel__number")
    def shown_parcel(self, job: LabelJob) -> str:
        return str(job.parcel)

    @admin.display(description=_("state"), ordering="state")
    def shown_state(self, job: LabelJob) -> SafeString:
        return word(job.state, JOB_TONES)

    @admin.display(description=_("asked for by"), ordering="requested_by__username")
    def who(self, job: LabelJob) -> str:
        return str(job.requested_by or _("the operator"))

    @admin.display(description=_("when"), ordering="requested_at")
    def when(self, job: LabelJob) -> SafeString | str:
        return times.ago(job.requested_at)

    @admin.display(description=_("ended"), ordering="ended_at")
    def ended(self, job: LabelJob) -> SafeString | str:
        return times.ago(job.ended_at, _("not yet"))

    # -- the page of one ----------------------------------------------------------------------------------------------

    def facts(self, request: HttpRequest, obj: LabelJob) -> Iterable[Fact]:
        yield Fact(_("State"), self.shown_state(obj))
        yield Fact(_("Document"), obj.get_kind_display())
        yield Fact(_("Parcel"), linked(request, obj.parcel, obj.parcel.remote_id))
        yield Fact(_("Tracking"), tracking(obj.parcel))
        yield Fact(_("Asked for by"), self.who(obj), _polled(obj))
        yield Fact(_("Asked for"), times.at(obj.requested_at))
        yield Fact(_("Taken by Afosto"), times.at(obj.accepted_at, _("not yet")))
        yield Fact(_("Ended"), times.at(obj.ended_at, _("not yet")))
        if obj.task_id:
            yield Fact(_("Afosto's task"), copyable(obj.task_id))
        if obj.write and request.user.has_perm("backoffice.view_remotewrite"):
            url = reverse("admin:backoffice_remotewrite_change", args=[obj.write.pk])
            yield Fact(_("Write"), format_html('<a href="{}">{}</a>', url, in_words(obj.write.state, WRITE_TONES)))

    def notices(self, request: HttpRequest, obj: LabelJob) -> Iterable[Text]:
        if obj.error:
            yield gettext("It came to nothing: {reason}").format(reason=obj.error)

    def buttons(self, request: HttpRequest, obj: LabelJob) -> Iterable[Button]:
        if url := document_url(obj):
            yield Button(_("Open the document"), url, is_main=True, is_link=True)
        verb = VERBS[LabelJob.Kind(obj.kind)]
        if obj.state == LabelJob.State.FAILED and request.user.has_perm(verb.permission):
            again = reverse(f"admin:{url_name(verb.name, Parcel)}", args=[obj.parcel.pk])
            off = why_not(verb.name, obj.parcel) or upstreams.why_off(verb.upstream)
            yield Button(AGAIN[LabelJob.Kind(obj.kind)], again, off=off, is_link=True)


def _polled(job: LabelJob) -> str:
    told = ngettext("asked for {count} times since", "asked for {count} times since", job.polls)
    return told.format(count=number(job.polls)) if job.polls else ""
