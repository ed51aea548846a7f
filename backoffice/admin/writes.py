"""Writes: what was sent to upstreams, by whom and why, and what came of it."""

from collections.abc import Iterable
from typing import Any, cast
from urllib.parse import quote

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from backoffice import times
from backoffice.access import hidden_members
from backoffice.admin.filters import Filter, choice_filter
from backoffice.admin.mirror import copyable
from backoffice.admin.readonly import Button, Fact, ReadOnlyAdmin, ReadOnlyChangeList, Section
from backoffice.badges import WRITE_TONES, word
from backoffice.keys import is_key
from backoffice.masking import shown_members
from backoffice.models import RemoteWrite, RowChange
from backoffice.payloads import shown_changes
from backoffice.writelines import Thing, WriteLine, in_short, label, note_members_seen, who, write_lines
from backoffice.writes import waiting
from backoffice.writes.history import visible_writes
from backoffice.writes.verbs import VERBS, WriteVerb, verb_of

TOLD_CHARS = 60  # the page of the write has it all
MAX_CHANGES = 100
MAX_PEOPLE = 200
OPERATOR = "operator"


class WaitsFilter(Filter):
    """What it waits for a person for."""

    title, parameter_name = "waits for a person", "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [
            ("unknown", "Nobody knows whether it was done"), ("failed", "Not done"), ("refused", "Refused this week"),
        ]  # fmt: skip

    def narrow(self, rows: Any, value: str) -> Any:
        return rows.filter(waiting.KINDS[value]()) if value in waiting.KINDS else rows.none()


class VerbFilter(Filter):
    """What was to be done."""

    title, parameter_name = "verb", "verb"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        known = [verb for verb in VERBS.values() if isinstance(verb, WriteVerb)]
        return sorted(((f"{verb.target}.{verb.name}", label(verb)) for verb in known), key=lambda choice: choice[1])

    def narrow(self, rows: Any, value: str) -> Any:
        target, _, name = value.partition(".")
        return rows.filter(target=target, verb=name)


class TargetFilter(Filter):
    """The kind of object."""

    title, parameter_name = "target", "target"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        targets = sorted({target for (target, _), verb in VERBS.items() if isinstance(verb, WriteVerb)})
        return [(target, target.replace("_", " ").capitalize()) for target in targets]

    def narrow(self, rows: Any, value: str) -> Any:
        return rows.filter(target=value)


class ActorFilter(Filter):
    """Who wanted it."""

    title, parameter_name = "by", "by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        theirs = RemoteWrite.objects.filter(actor=OuterRef("pk"))
        people = User.objects.filter(Exists(theirs)).order_by("username")[:MAX_PEOPLE]
        return [(OPERATOR, "The operator"), *((str(person.pk), str(person)) for person in people)]

    def narrow(self, rows: Any, value: str) -> Any:
        if value == OPERATOR:
            return rows.filter(actor=None)
        return rows.filter(actor=int(value)) if is_key(value) else rows.none()


class WriteChangeList(ReadOnlyChangeList):
    """Writes that know what their objects are called, with a query for each kind of object."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        for write, line in zip(self.result_list, write_lines(request.user, self.result_list), strict=True):
            write.line = line


@admin.register(RemoteWrite)
class RemoteWriteAdmin(ReadOnlyAdmin):
    """Writes, newest first; only to what the person may see."""

    list_display = ("what", "about", "shown_state", "by", "through", "planned", "told")
    list_display_links = ("what",)
    list_filter = (
        choice_filter("state", "state", RemoteWrite.State.choices), WaitsFilter, VerbFilter, TargetFilter, ActorFilter,
        choice_filter("through", "through", RemoteWrite.Door.choices, column="door"),
    )  # fmt: skip
    search_fields = ("=remote_id", "=owner_remote_id", "=request_id", "=id", "=correlation_id")
    search_help_text = "The whole id of an object, a request, a write or a click"
    url_lookups = frozenset({"bulk"})
    export_columns = (
        ("write", "pk"), ("planned_at", "planned_at"), ("sent_at", "sent_at"), ("settled_at", "settled_at"),
        ("state", "state"), ("verb", "verb"), ("target", "target"), ("remote_id", "remote_id"),
        ("owner_remote_id", "owner_remote_id"), ("actor", who), ("through", "door"), ("reason", "reason"),
        ("status", "status"), ("request_id", "request_id"), ("error", "error"), ("remark", "remark"),
        ("bulk", "bulk_id"), ("follows", "follows_id"), ("correlation_id", "correlation_id"),
        ("dismissed_at", "dismissed_at"), ("dismissed_by", lambda write: str(write.dismissed_by or "")),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[RemoteWrite]:
        return visible_writes(request.user).select_related("dismissed_by", "follows")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[WriteChangeList]:
        return WriteChangeList

    def prepare_list(self, request: HttpRequest, changes: ReadOnlyChangeList) -> None:
        super().prepare_list(request, changes)
        if not changes.is_narrowed:
            changes.empty_sentence = "Nothing was sent to an upstream yet, as far as you may see it."

    @admin.display(description="what", ordering="verb")
    def what(self, write: RemoteWrite) -> str:
        return label(verb_of(write))

    @admin.display(description="object", ordering="remote_id")
    def about(self, write: Any) -> str:
        thing, owner = write.line.thing, write.line.owner
        if owner is None:
            return thing.name if thing else in_short(write.sends.get("name") or "–")  # what was to be made
        return f"{thing.name} of {owner.name}" if thing else f"for {owner.name}"

    @admin.display(description="state", ordering="state")
    def shown_state(self, write: RemoteWrite) -> SafeString:
        return word(write.state, WRITE_TONES)

    @admin.display(description="by", ordering="actor__username")
    def by(self, write: RemoteWrite) -> str:
        return who(write)

    @admin.display(description="through", ordering="door")
    def through(self, write: RemoteWrite) -> str:
        return str(write.get_door_display())

    @admin.display(description="when", ordering="planned_at")
    def planned(self, write: RemoteWrite) -> SafeString | str:
        return times.ago(write.planned_at)

    @admin.display(description="remark")
    def told(self, write: RemoteWrite) -> str:
        return Truncator(write.error or write.remark).chars(TOLD_CHARS)

    # -- the page of one ----------------------------------------------------------------------------------------------

    def facts(self, request: HttpRequest, obj: RemoteWrite) -> Iterable[Fact]:
        line = _line(request, obj)
        yield Fact("State", line.state)
        yield Fact("What", label(verb_of(obj)))
        if line.thing:
            yield Fact("Object", _linked(line.thing), obj.remote_id)
        if line.owner:
            yield Fact("Of" if line.thing else "For", _linked(line.owner), obj.owner_remote_id)
        yield Fact("By", line.who, f"through {obj.get_door_display()}")
        yield Fact("Reason", obj.reason or "none given")
        yield from _outcome(obj, line)
        yield Fact("Planned", times.at(obj.planned_at))
        yield Fact("Sent", times.at(obj.sent_at, "never"))
        yield Fact("Settled", times.at(obj.settled_at, "not yet"))
        yield Fact("Meant for", obj.identity)
        yield Fact("Write", copyable(str(obj.pk)))
        url = f"{reverse('admin:backoffice_remotewrite_changelist')}?q={quote(obj.correlation_id)}"
        yield Fact("Click or command", format_html('<a href="{}">{}</a>', url, obj.correlation_id), "all that it wrote")
        yield from _relatives(request, obj)
        if obj.dismissed_at:
            yield Fact("Dismissed", times.at(obj.dismissed_at), f"by {obj.dismissed_by or 'the operator'}")

    def sections(self, request: HttpRequest, obj: RemoteWrite) -> Iterable[Section]:
        line = _line(request, obj)
        note_members_seen(request.user, obj)
        hidden = hidden_members(request.user, verb_of(obj).resource)
        before, complaints = shown_members(obj.before, hidden), shown_members(obj.field_errors, hidden)
        known = {name: in_short(value) for name, value in before.items() if name not in obj.sends}
        part: dict[str, Any] = {"members": line.members, "known": known, "complaints": complaints}
        part["others"] = {name: told for name, told in complaints.items() if name not in obj.sends}
        yield Section("What was to be sent", "backoffice/parts/_write_members.html", part)
        if request.user.has_perm("backoffice.view_writeattempt"):
            yield Section("Requests", "backoffice/parts/_attempts.html", {"attempts": list(obj.attempts.all())})
        if request.user.has_perm("backoffice.view_rowchange"):
            resource = verb_of(obj).resource
            changes = RowChange.objects.filter(write=obj, resource=resource).order_by("pk")[:MAX_CHANGES]
            lines = shown_changes(changes, request.user)
            empty = "Nothing that is mirrored here was changed by it."
            yield Section("What it changed here", "admin/parts/_changes.html", {"lines": lines, "empty": empty})

    def buttons(self, request: HttpRequest, obj: RemoteWrite) -> Iterable[Button]:
        can = _line(request, obj).can
        if can.look:
            yield Button("Look now", reverse("look_for_write", args=[obj.pk]), "search", off=can.off, is_main=True)
        if can.again:
            yield Button("Send again", reverse("send_write_again", args=[obj.pk]), "send", off=can.off, is_main=True)
        if can.form:
            yield Button("Do it on its page…", can.form, is_link=True, is_main=True)
        if can.settle:
            yield Button("Settle by hand…", reverse("settle_write", args=[obj.pk]), is_link=True)
        if can.dismiss:
            yield Button("Dismiss", reverse("dismiss_write", args=[obj.pk]))


def _line(request: HttpRequest, write: RemoteWrite) -> WriteLine:
    """The write as its page shows it; looked up once a request."""
    known: WriteLine | None = getattr(request, "_write_line", None)
    if known is None:
        known = write_lines(cast(User, request.user), [write])[0]
        request._write_line = known  # type: ignore[attr-defined]
    return known


def _outcome(write: RemoteWrite, line: WriteLine) -> Iterable[Fact]:
    if write.error:
        yield Fact("Why", write.error)
    if write.remark:
        yield Fact("Remark", write.remark)
    if line.looking:
        yield Fact("Looked for", line.looking)
    elif write.looks:
        yield Fact("Looked for", f"{write.looks:,} times" if write.looks > 1 else "once", "before it was settled")
    if write.status:
        yield Fact("Last answer", write.status, "HTTP status")
    if write.request_id:
        yield Fact("Request", copyable(write.request_id), "the upstream's own reference")


def _relatives(request: HttpRequest, write: RemoteWrite) -> Iterable[Fact]:
    """The bulk action that it is of, the write that it follows, and those that follow it."""
    if write.bulk_id and request.user.has_perm("backoffice.view_bulkaction"):
        url = reverse("bulk", args=[write.bulk_id])
        yield Fact("Bulk action", format_html('<a href="{}">{}</a>', url, write.bulk))
    if write.follows:
        yield Fact("Follows", _linked_write(write.follows), "which had to be confirmed first")
    for follower in write.followers.all():
        yield Fact("Followed by", _linked_write(follower))


def _linked(thing: Thing) -> SafeString:
    if thing.url:
        return format_html('<a href="{}">{}</a>', thing.url, thing.name)
    return copyable(thing.name)


def _linked_write(write: RemoteWrite) -> SafeString:
    url = reverse("admin:backoffice_remotewrite_change", args=[write.pk])
    return format_html('<a href="{}">{}</a> {}', url, label(verb_of(write)), word(write.state, WRITE_TONES))
