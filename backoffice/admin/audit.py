"""The audit: who did what, when, to which record, and how it ended. Read only, whatever permissions a person holds."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice import audit, times, upstreams
from backoffice.admin.filters import Filter, choice_filter
from backoffice.admin.mirror import MORE_SECTIONS, copyable
from backoffice.admin.readonly import Fact, ReadOnlyAdmin, ReadOnlyChangeList, Section
from backoffice.auditlist import verb_in_words, verbs_in_words, visible_entries
from backoffice.badges import Tone, word
from backoffice.keys import is_key
from backoffice.models import AuditEntry, BulkAction, RemoteWrite, words
from backoffice.models.audit import ERASED
from backoffice.texts import Text, capital

TONES: dict[str, Tone] = {
    "planned": "dull", "confirmed": "good", "done": "good", "refused": "bad", "failed": "bad", "unknown": "warn",
    "not allowed": "bad",
}  # fmt: skip
SHOWN_OF_RECORD = 20
MAX_PEOPLE = 200
TOLD_CHARS = 80  # the page has it all
SEE = "backoffice.view_auditentry"
NO_PERSONS: dict[str, Text] = {
    audit.OPERATOR: _("the operator"),
    audit.NOBODY: _("nobody signed in"),
    audit.ITSELF: _("by itself"),
}
"""What is kept in place of a person's name, as it is read."""


def actor_in_words(entry: AuditEntry) -> str:
    """Who did it, as the person was called then."""
    return entry.actor_name if entry.actor_id else str(NO_PERSONS.get(entry.actor_name, entry.actor_name))


def _unless_erased(text: str) -> str:
    """What is kept; where it was erased, that it was."""
    return gettext("(erased)") if text == ERASED else text


class PersonFilter(Filter):
    """Who did it."""

    title, parameter_name = _("by"), "by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        people = User.objects.order_by("username")[:MAX_PEOPLE]
        nobody: list[tuple[str, Text]] = [
            (audit.OPERATOR, _("The operator")), (audit.NOBODY, _("Nobody signed in")), (audit.ITSELF, _("By itself")),
        ]  # fmt: skip
        return [*nobody, *((str(person.pk), str(person)) for person in people)]

    def narrow(self, rows: Any, value: str) -> Any:
        return rows.filter(actor=int(value)) if is_key(value) else rows.filter(actor=None, actor_name=value)


class VerbFilter(Filter):
    """What was done."""

    title, parameter_name = _("verb"), "verb"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        return sorted(verbs_in_words().items(), key=lambda choice: str(choice[1]))

    def narrow(self, rows: Any, value: str) -> Any:
        return rows.filter(verb=value)


class KindFilter(Filter):
    """What it was done to."""

    title, parameter_name = _("kind"), "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        return [(kind, capital(words.noun(kind))) for kind in audit.kinds()]

    def narrow(self, rows: Any, value: str) -> Any:
        return rows.filter(kind=value)


class TimeFilter(Filter):
    """When it was done."""

    title, parameter_name = _("when"), "when"
    steps: ClassVar = {"hour": 1 / 24, "day": 1, "week": 7, "month": 31, "year": 366}

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        return [
            ("hour", _("In the last hour")), ("day", _("In the last day")), ("week", _("In the last week")),
            ("month", _("In the last month")), ("year", _("In the last year")),
        ]  # fmt: skip

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        days = self.steps.get(value)
        return rows.filter(at__gte=timezone.now() - timedelta(days=days)) if days else rows.none()


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Entries, newest first."""

    list_about = _("Who did what, when, to which record, and how it ended. Nobody can change or delete an entry.")

    list_display = ("what", "kind_of", "about", "who", "door", "shown_outcome", "when", "told")
    list_display_links = ("what",)
    list_filter = (
        PersonFilter, VerbFilter, KindFilter, choice_filter("outcome", _("outcome"), AuditEntry.Outcome.choices),
        TimeFilter,
    )  # fmt: skip
    search_fields = (
        "=remote_id", "=owner_remote_id", "=request_id", "=correlation_id", "label", "actor_name", "reason",
    )  # fmt: skip
    search_help_text = _("The whole id of an object, a request or a click; name of an object or a person; reason")
    export_columns = (
        ("entry", "pk"), ("at", "at"), ("by", "actor_name"), ("through", "door"), ("verb", "verb"),
        ("upstream", "upstream"), ("kind", "kind"), ("remote_id", "remote_id"), ("owner_remote_id", "owner_remote_id"),
        ("label", "label"), ("outcome", "outcome"), ("reason", "reason"), ("detail", "detail"),
        ("request_id", "request_id"), ("correlation_id", "correlation_id"), ("write", "write_id"), ("bulk", "bulk_id"),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        return visible_entries(request.user)

    def prepare_list(self, request: HttpRequest, changes: ReadOnlyChangeList) -> None:
        super().prepare_list(request, changes)
        if not changes.is_narrowed:
            changes.empty_sentence = _("Nobody did anything here yet.")

    @admin.display(description=_("what"), ordering="verb")
    def what(self, entry: AuditEntry) -> str:
        return str(verb_in_words(entry.verb))

    @admin.display(description=_("kind"), ordering="kind", empty_value="–")
    def kind_of(self, entry: AuditEntry) -> str | None:
        return words.noun(entry.kind) or None

    @admin.display(description=_("to"), empty_value="–")
    def about(self, entry: AuditEntry) -> str | None:
        return _unless_erased(entry.label) or entry.remote_id or entry.owner_remote_id or None

    @admin.display(description=_("by"), ordering="actor_name")
    def who(self, entry: AuditEntry) -> str:
        return actor_in_words(entry)

    @admin.display(description=_("outcome"), ordering="outcome")
    def shown_outcome(self, entry: AuditEntry) -> SafeString:
        return word(entry.outcome, TONES)

    @admin.display(description=_("when"), ordering="at")
    def when(self, entry: AuditEntry) -> SafeString | str:
        return times.ago(entry.at)

    @admin.display(description=_("reason or remark"))
    def told(self, entry: AuditEntry) -> str:
        return Truncator(_unless_erased(entry.reason) or entry.detail).chars(TOLD_CHARS)

    # -- the page -----------------------------------------------------------------------------------------------------

    def facts(self, request: HttpRequest, obj: AuditEntry) -> Iterable[Fact]:
        known = upstreams.UPSTREAMS.get(obj.upstream)
        yield Fact(_("What"), verb_in_words(obj.verb))
        yield Fact(_("Outcome"), word(obj.outcome, TONES))
        yield Fact(_("When"), times.at(obj.at))
        who = _narrowed(actor_in_words(obj), by=obj.actor_id or obj.actor_name)
        yield Fact(_("By"), who, gettext("through {door}").format(door=obj.get_door_display()))
        if known:
            yield Fact(_("At"), known.label)
        if obj.kind:
            yield Fact(_("Kind"), words.noun(obj.kind))
        if obj.label:
            yield Fact(_("Called then"), _unless_erased(obj.label))
        if obj.remote_id:
            yield Fact(_("Id"), copyable(obj.remote_id), _narrowed(_("all that was done to it"), q=obj.remote_id))
        if obj.owner_remote_id:
            yield Fact(_("Belongs to"), copyable(obj.owner_remote_id))
        if obj.reason:
            yield Fact(_("Reason"), _unless_erased(obj.reason))
        if obj.detail:
            yield Fact(_("Remark"), obj.detail)
        if obj.request_id:
            yield Fact(_("Request"), copyable(obj.request_id), _("the upstream's own reference"))
        click = _narrowed(obj.correlation_id, q=obj.correlation_id)
        yield Fact(_("Click or command"), click, _("all that it did"))
        yield from _still_here(request, obj)


def _still_here(request: HttpRequest, obj: AuditEntry) -> Iterable[Fact]:
    """The write and the bulk action, while they are kept."""
    may_see_writes = request.user.has_perm("backoffice.view_remotewrite")
    if obj.write_id and may_see_writes and RemoteWrite.objects.filter(pk=obj.write_id).exists():
        url = reverse("admin:backoffice_remotewrite_change", args=[obj.write_id])
        yield Fact(_("Write"), format_html('<a href="{}">{}</a>', url, obj.write_id))
    may_see_bulks = request.user.has_perm("backoffice.view_bulkaction")
    if obj.bulk_id and may_see_bulks and BulkAction.objects.filter(pk=obj.bulk_id).exists():
        yield Fact(
            _("Bulk action"), format_html('<a href="{}">{}</a>', reverse("bulk", args=[obj.bulk_id]), obj.bulk_id)
        )


def _narrowed(text: Text, **query: object) -> SafeString:
    """A link to the list, narrowed."""
    url = f"{reverse('admin:backoffice_auditentry_changelist')}?{urlencode(query)}"
    return format_html('<a href="{}">{}</a>', url, text)


def of_record(request: HttpRequest, resource: str, row: Any) -> Iterable[Section]:
    """The newest entries about a mirrored record, on its page, for those who may read the audit. One query."""
    if not request.user.has_perm(SEE):
        return
    entries = visible_entries(request.user).filter(audit.about(resource, row.remote_id))[:SHOWN_OF_RECORD]
    lines = [
        {
            "entry": one,
            "who": actor_in_words(one),
            "reason": _unless_erased(one.reason),
            "verb": verb_in_words(one.verb),
            "thing": ""
            if one.remote_id == row.remote_id
            else f"{words.noun(one.kind)} {_unless_erased(one.label)}".strip(),
            "outcome": word(one.outcome, TONES),
        }
        for one in entries
    ]
    url = f"{reverse('admin:backoffice_auditentry_changelist')}?{urlencode({'q': row.remote_id})}"
    yield Section(_("Who did what here"), "admin/parts/_audit.html", {"lines": lines, "url": url})


MORE_SECTIONS.append(of_record)
