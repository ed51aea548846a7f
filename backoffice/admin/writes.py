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
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from backoffice import times
from backoffice.access import hidden_members
from backoffice.admin.filters import Filter, choice_filter
from backoffice.admin.mirror import copyable
from backoffice.admin.readonly import Button, Fact, ReadOnlyAdmin, ReadOnlyChangeList, Section
from backoffice.badges import WRITE_TONES, word
from backoffice.keys import is_key
from backoffice.masking import shown_members
from backoffice.models import RemoteWrite, RowChange, words
from backoffice.payloads import shown_changes
from backoffice.texts import Text, capital, number
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

    title, parameter_name = _("waits for a person"), "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        return [
            ("unknown", _("Nobody knows whether it was done")), ("failed", _("Not done")),
            ("refused", _("Refused this week")),
        ]  # fmt: skip

    def narrow(self, rows: Any, value: str) -> Any:
        return rows.filter(waiting.KINDS[value]()) if value in waiting.KINDS else rows.none()


class VerbFilter(Filter):
    """What was to be done."""

    title, parameter_name = _("verb"), "verb"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        known = [verb for verb in VERBS.values() if isinstance(verb, WriteVerb)]
        return sorted(
            ((f"{verb.target}.{verb.name}", label(verb)) for verb in known), key=lambda choice: str(choice[1])
        )

    def narrow(self, rows: Any, value: str) -> Any:
        target, _, name = value.partition(".")
        return rows.filter(target=target, verb=name)


class TargetFilter(Filter):
    """The kind of object."""

    title, parameter_name = _("target"), "target"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        targets = sorted({target for (target, _), verb in VERBS.items() if isinstance(verb, WriteVerb)})
        return [(target, capital(words.noun(target))) for target in targets]

    def narrow(self, rows: Any, value: str) -> Any:
        return rows.filter(target=value)


class ActorFilter(Filter):
    """Who wanted it."""

    title, parameter_name = _("by"), "by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        theirs = RemoteWrite.objects.filter(actor=OuterRef("pk"))
        people = User.objects.filter(Exists(theirs)).order_by("username")[:MAX_PEOPLE]
        return [(OPERATOR, _("The operator")), *((str(person.pk), str(person)) for person in people)]

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

    list_about = _(
        "Every change that somebody asked for at another system: written down before it is sent, sent once, "
        "and what became of it."
    )

    list_display = ("what", "about", "shown_state", "by", "through", "planned", "told")
    list_display_links = ("what",)
    list_filter = (
        choice_filter("state", _("state"), RemoteWrite.State.choices), WaitsFilter, VerbFilter, TargetFilter,
        ActorFilter, choice_filter("through", _("through"), RemoteWrite.Door.choices, column="door"),
    )  # fmt: skip
    search_fields = ("=remote_id", "=owner_remote_id", "=request_id", "=id", "=correlation_id")
    search_help_text = _("The whole id of an object, a request, a write or a click")
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
            changes.empty_sentence = _("Nothing was sent to an upstream yet, as far as you may see it.")

    @admin.display(description=_("what"), ordering="verb")
    def what(self, write: RemoteWrite) -> str:
        return str(label(verb_of(write)))

    @admin.display(description=_("object"), ordering="remote_id")
    def about(self, write: Any) -> str:
        thing, owner = write.line.thing, write.line.owner
        if owner is None:
            return thing.name if thing else in_short(write.sends.get("name") or "–")  # what was to be made
        if thing is None:
            return gettext("for {owner}").format(owner=owner.name)
        return gettext("{thing} of {owner}").format(thing=thing.name, owner=owner.name)

    @admin.display(description=_("state"), ordering="state")
    def shown_state(self, write: RemoteWrite) -> SafeString:
        return word(write.state, WRITE_TONES)

    @admin.display(description=_("by"), ordering="actor__username")
    def by(self, write: RemoteWrite) -> str:
        return who(write)

    @admin.display(description=_("through"), ordering="door")
    def through(self, write: RemoteWrite) -> str:
        return str(write.get_door_display())

    @admin.display(description=_("when"), ordering="planned_at")
    def planned(self, write: RemoteWrite) -> SafeString | str:
        return times.ago(write.planned_at)

    @admin.display(description=_("remark"))
    def told(self, write: RemoteWrite) -> str:
        return Truncator(write.error or write.remark).chars(TOLD_CHARS)

    # -- the page of one ----------------------------------------------------------------------------------------------

    def facts(self, request: HttpRequest, obj: RemoteWrite) -> Iterable[Fact]:
        line = _line(request, obj)
        yield Fact(_("State"), line.state)
        yield Fact(_("What"), label(verb_of(obj)))
        if line.thing:
            yield Fact(_("Object"), _linked(line.thing), obj.remote_id)
        if line.owner:
            yield Fact(_("Of") if line.thing else _("For"), _linked(line.owner), obj.owner_remote_id)
        yield Fact(_("By"), line.who, _("through {door}").format(door=obj.get_door_display()))
        yield Fact(_("Reason"), obj.reason or _("none given"))
        yield from _outcome(obj, line)
        yield Fact(_("Planned"), times.at(obj.planned_at))
        yield Fact(_("Sent"), times.at(obj.sent_at, _("never")))
        yield Fact(_("Settled"), times.at(obj.settled_at, _("not yet")))
        yield Fact(_("Meant for"), obj.identity)
        yield Fact(_("Write"), copyable(str(obj.pk)))
        url = f"{reverse('admin:backoffice_remotewrite_changelist')}?q={quote(obj.correlation_id)}"
        yield Fact(
            _("Click or command"), format_html('<a href="{}">{}</a>', url, obj.correlation_id), _("all that it wrote")
        )
        yield from _relatives(request, obj)
        if obj.dismissed_at:
            yield Fact(_("Dismissed"), times.at(obj.dismissed_at), _by(obj))

    def sections(self, request: HttpRequest, obj: RemoteWrite) -> Iterable[Section]:
        line = _line(request, obj)
        note_members_seen(request.user, obj)
        hidden = hidden_members(request.user, verb_of(obj).resource)
        before, complaints = shown_members(obj.before, hidden), shown_members(obj.field_errors, hidden)
        known = {name: in_short(value) for name, value in before.items() if name not in obj.sends}
        part: dict[str, Any] = {"members": line.members, "known": known, "complaints": complaints}
        part["others"] = {name: told for name, told in complaints.items() if name not in obj.sends}
        yield Section(_("What was to be sent"), "backoffice/parts/_write_members.html", part)
        if request.user.has_perm("backoffice.view_writeattempt"):
            yield Section(_("Requests"), "backoffice/parts/_attempts.html", {"attempts": list(obj.attempts.all())})
        if request.user.has_perm("backoffice.view_rowchange"):
            resource = verb_of(obj).resource
            changes = RowChange.objects.filter(write=obj, resource=resource).order_by("pk")[:MAX_CHANGES]
            lines = shown_changes(changes, request.user)
            empty = _("Nothing that is mirrored here was changed by it.")
            yield Section(_("What it changed here"), "admin/parts/_changes.html", {"lines": lines, "empty": empty})

    def buttons(self, request: HttpRequest, obj: RemoteWrite) -> Iterable[Button]:
        can = _line(request, obj).can
        if can.look:
            yield Button(_("Look now"), reverse("look_for_write", args=[obj.pk]), "search", off=can.off, is_main=True)
        if can.again:
            yield Button(_("Send again"), reverse("send_write_again", args=[obj.pk]), "send", off=can.off, is_main=True)
        if can.form:
            yield Button(_("Do it on its page…"), can.form, is_link=True, is_main=True)
        if can.settle:
            yield Button(_("Settle by hand…"), reverse("settle_write", args=[obj.pk]), is_link=True)
        if can.dismiss:
            yield Button(_("Dismiss"), reverse("dismiss_write", args=[obj.pk]))


def _line(request: HttpRequest, write: RemoteWrite) -> WriteLine:
    """The write as its page shows it; looked up once a request."""
    known: WriteLine | None = getattr(request, "_write_line", None)
    if known is None:
        known = write_lines(cast(User, request.user), [write])[0]
        request._write_line = known  # type: ignore[attr-defined]
    return known


def _by(write: RemoteWrite) -> str:
    return gettext("by {who}").format(who=write.dismissed_by or gettext("the operator"))


def _outcome(write: RemoteWrite, line: WriteLine) -> Iterable[Fact]:
    if write.error:
        yield Fact(_("Why"), write.error)
    if write.remark:
        yield Fact(_("Remark"), write.remark)
    if line.looking:
        yield Fact(_("Looked for"), line.looking)
    elif write.looks:
        often = ngettext("{count} time", "{count} times", write.looks).format(count=number(write.looks))
        yield Fact(_("Looked for"), _("once") if write.looks == 1 else often, _("before it was settled"))
    if write.status:
        yield Fact(_("Last answer"), write.status, _("HTTP status"))
    if write.request_id:
        yield Fact(_("Request"), copyable(write.request_id), _("the upstream's own reference"))


def _relatives(request: HttpRequest, write: RemoteWrite) -> Iterable[Fact]:
    """The bulk action that it is of, the write that it follows, and those that follow it."""
    if write.bulk_id and request.user.has_perm("backoffice.view_bulkaction"):
        url = reverse("bulk", args=[write.bulk_id])
        yield Fact(_("Bulk action"), format_html('<a href="{}">{}</a>', url, write.bulk))
    if write.follows:
        yield Fact(_("Follows"), _linked_write(write.follows), _("which had to be confirmed first"))
    for follower in write.followers.all():
        yield Fact(_("Followed by"), _linked_write(follower))


def _linked(thing: Thing) -> SafeString:
    if thing.url:
        return format_html('<a href="{}">{}</a>', thing.url, thing.name)
    return copyable(thing.name)


def _linked_write(write: RemoteWrite) -> SafeString:
    url = reverse("admin:backoffice_remotewrite_change", args=[write.pk])
    return format_html('<a href="{}">{}</a> {}', url, label(verb_of(write)), word(write.state, WRITE_TONES))
