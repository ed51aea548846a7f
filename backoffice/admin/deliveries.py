"""Webhook deliveries: what upstreams told us, what came of it, and one more try."""

from collections.abc import Iterable, Iterator
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
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice import times, upstreams
from backoffice.access import about_readable, hidden_members, note_seen, readable_resources
from backoffice.admin.filters import Filter, choice_filter
from backoffice.admin.mirror import copyable, join_notes
from backoffice.admin.readonly import Button, Fact, ReadOnlyAdmin, ReadOnlyChangeList, Section
from backoffice.badges import Tone, word
from backoffice.client import PERSON
from backoffice.masking import SHOWN_MASKED, masked_deeply
from backoffice.models import RowChange, UpstreamState, WebhookDelivery, words
from backoffice.payloads import shown_changes, shown_payload
from backoffice.sync.resource import RESOURCES
from backoffice.texts import Text, number
from backoffice.webhooks import bodies, process
from backoffice.webhooks.access import visible_deliveries
from backoffice.webhooks.bodies import Unreadable
from backoffice.webhooks.inboxes import INBOXES, Ignored, Unprocessable

State = WebhookDelivery.State
TONES: dict[str, Tone] = {"received": "info", "processed": "good", "failed": "bad", "ignored": "dull"}
ERROR_CHARS = 80  # the page has it all
MAX_CHANGES = 100
OTHER = "other"


class EventFilter(Filter):
    """Which event; those that no contract names are one choice."""

    title, parameter_name = _("event"), "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        return [*((event, event) for event in _known_events()), (OTHER, _("Unknown to us"))]

    def narrow(self, rows: Any, value: str) -> Any:
        return rows.exclude(event__in=_known_events()) if value == OTHER else rows.filter(event=value)


class UpstreamFilter(Filter):
    """Who told us."""

    title, parameter_name = _("upstream"), "upstream"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        return [(name, upstreams.UPSTREAMS[name].label) for name in INBOXES]

    def narrow(self, rows: Any, value: str) -> Any:
        return rows.filter(upstream=value)


def _known_events() -> list[str]:
    return sorted({event for inbox in INBOXES.values() for event in inbox.events})


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    """Deliveries, newest first; only about rows that the person may see."""

    list_about = _("What other systems told by webhook, one an event. A failed one can be replayed.")

    list_display = ("event", "label", "shown_state", "when", "told", "event_id")
    list_filter = (choice_filter("state", _("state"), State.choices), EventFilter, UpstreamFilter)
    search_fields = ("=event_id",)
    search_help_text = _("The whole event id")
    export_columns = (
        ("delivery", "pk"), ("upstream", "upstream"), ("event_id", "event_id"), ("event", "event"), ("state", "state"),
        ("error", "error"), ("tries", "tries"), ("received_at", "received_at"), ("processed_at", "processed_at"),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookDelivery]:
        return visible_deliveries(request.user)

    def prepare_list(self, request: HttpRequest, changes: ReadOnlyChangeList) -> None:
        super().prepare_list(request, changes)
        changes.note = join_notes(self.list_about, *_notes())
        if not changes.is_narrowed:
            changes.empty_sentence = _("Nothing was delivered yet. Syncs find all changes, with or without deliveries.")

    @admin.display(description=_("upstream"), ordering="upstream")
    def label(self, delivery: WebhookDelivery) -> str:
        return _label(delivery.upstream)

    @admin.display(description=_("state"), ordering="state")
    def shown_state(self, delivery: WebhookDelivery) -> SafeString:
        return word(delivery.state, TONES)

    @admin.display(description=_("received"), ordering="received_at")
    def when(self, delivery: WebhookDelivery) -> SafeString | str:
        return times.ago(delivery.received_at)

    @admin.display(description=_("remark"))
    def told(self, delivery: WebhookDelivery) -> str:
        return Truncator(delivery.error).chars(ERROR_CHARS)

    # -- the page -----------------------------------------------------------------------------------------------------

    def facts(self, request: HttpRequest, obj: WebhookDelivery) -> Iterable[Fact]:
        yield Fact(_("State"), self.shown_state(obj))
        if obj.error:
            yield Fact(_("Why") if obj.state != State.PROCESSED else _("Remark"), obj.error)
        yield Fact(_("Told by"), _label(obj.upstream))
        yield Fact(_("Event"), obj.event)
        yield Fact(_("Event id"), copyable(obj.event_id))
        if about := _about(request, obj):
            yield Fact(_("Read again"), about)
        yield Fact(_("Received"), times.at(obj.received_at))
        yield Fact(_("Done"), times.at(obj.processed_at, _("not yet")))
        tries = _("{count} of {most}").format(count=number(obj.tries), most=number(process.MAX_TRIES))
        yield Fact(_("Tries"), tries if obj.state == State.RECEIVED else number(obj.tries))

    def sections(self, request: HttpRequest, obj: WebhookDelivery) -> Iterable[Section]:
        if request.user.has_perm("backoffice.view_rowchange"):
            yield Section(_("What it changed here"), "admin/parts/_delivery_changes.html", _changes(request, obj))
        if request.user.has_perm("backoffice.view_payload_webhookdelivery"):
            part = {"payload": _payload(request, obj)}
            yield Section(_("As received, less secrets"), "admin/parts/_payload.html", part)

    def buttons(self, request: HttpRequest, obj: WebhookDelivery) -> Iterable[Button]:
        if request.user.has_perm("backoffice.replay_webhookdelivery"):
            off = upstreams.why_off(obj.upstream) if obj.upstream in upstreams.UPSTREAMS else ""
            yield Button(_("Replay"), reverse("admin:replay_delivery", args=[obj.pk]), "replay", off=off, is_main=True)

    # -- replay -------------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.replay_view)
        return [path("<int:pk>/replay/", view, name="replay_delivery"), *super().get_urls()]

    def replay_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """POST: process the delivery again, now."""
        if not request.user.has_perms(["backoffice.view_webhookdelivery", "backoffice.replay_webhookdelivery"]):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        delivery = get_object_or_404(self.get_queryset(request), pk=pk)
        replayed = process.replay(WebhookDelivery.objects.filter(pk=pk), PERSON, by=cast(User, request.user))
        delivery.refresh_from_db()
        if not replayed:
            told = _("It is being processed at this moment; load the page again to see what came of it.")
            messages.info(request, told)
        elif delivery.state == State.PROCESSED:
            messages.success(request, delivery.error or _("It was processed again: its object was read."))
        elif delivery.state == State.IGNORED:
            messages.info(request, _("Nothing was done. {why}").format(why=delivery.error))
        else:
            messages.error(request, delivery.error)
        return redirect(self._url("change"), pk)


def _label(upstream: str) -> str:
    known = upstreams.UPSTREAMS.get(upstream)
    return known.label if known else upstream


def _notes() -> Iterator[SafeString | str]:
    """What is to be known of the inboxes as a whole."""
    refused = {state.upstream: state for state in UpstreamState.objects.filter(refused_deliveries__gt=0)}
    for name, inbox in INBOXES.items():
        is_on = upstreams.is_on(name)
        if is_on and not inbox.is_open():
            told = gettext("{upstream}'s deliveries are refused, as there is no secret to verify them with.")
            yield told.format(upstream=_label(name))
        if is_on and inbox.untold:
            told = gettext("{upstream} does not tell {what}; syncs find that.")
            yield told.format(upstream=_label(name), what=inbox.untold)
        if name in refused:
            state = refused[name]
            counted, last = number(state.refused_deliveries), times.ago(state.delivery_refused_at)
            told = gettext("Refused for their signature so far: {count}, the last {ago}.")
            yield format_html(told, count=counted, ago=last)


def _about(request: HttpRequest, delivery: WebhookDelivery) -> SafeString | None:
    """The object that the delivery made us read, with a link where it is here and the person may see it."""
    inbox = INBOXES.get(delivery.upstream)
    if inbox is None:
        return None
    try:
        subject = inbox.subject(delivery.event, bodies.reread(delivery.payload))
    except (Ignored, Unprocessable, Unreadable):
        return None
    resource = subject.resource or inbox.subject_resource
    if resource not in readable_resources(request.user):
        return None
    parts = ", ".join(sorted(words.noun(part) for part in subject.parts))
    model = RESOURCES[resource].model
    pk = model._default_manager.filter(remote_id=subject.id).values_list("pk", flat=True).first()
    if pk is None:
        return format_html("{} ({})", copyable(subject.id), parts)
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])
    return format_html('<a href="{}">{}</a> ({})', url, subject.id, parts)


def _changes(request: HttpRequest, delivery: WebhookDelivery) -> dict[str, Any]:
    """What changed because of it, or of the later delivery of the same object that it was processed with."""
    cause = process.cause_of(delivery)
    changes = RowChange.objects.filter(about_readable(request.user), delivery=cause)[:MAX_CHANGES]
    lines = shown_changes(changes, request.user)
    other = "" if cause.pk == delivery.pk else reverse("admin:backoffice_webhookdelivery_change", args=[cause.pk])
    return {"lines": lines, "other": other, "is_done": delivery.state == State.PROCESSED}


def _payload(request: HttpRequest, delivery: WebhookDelivery) -> SafeString | str:
    """What was delivered, less what the person may not see of that upstream's records."""
    of_it = [name for name, resource in RESOURCES.items() if resource.upstream == delivery.upstream]
    for name in of_it:  # which record it is about may not be told, so the event stands for it
        told = {member: f'"{member}"' in delivery.payload for member in RESOURCES[name].record.masked}
        note_seen(request.user, name, delivery.event_id, told)
    hidden = frozenset().union(*(hidden_members(request.user, name) for name in of_it))
    try:
        members = bodies.reread(delivery.payload)
    except Unreadable:
        return str(SHOWN_MASKED) if hidden else delivery.payload
    return shown_payload(masked_deeply(members, hidden), frozenset(members))
