"""What is remembered of each upstream."""

from collections.abc import Iterable

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backoffice import times, upstreams
from backoffice.admin.readonly import Fact, ReadOnlyAdmin, ReadOnlyChangeList
from backoffice.badges import badge
from backoffice.models import UpstreamState
from backoffice.texts import Text, number
from backoffice.webhooks.inboxes import INBOXES


@admin.register(UpstreamState)
class UpstreamStateAdmin(ReadOnlyAdmin):
    """One row per upstream that was ever reached."""

    list_about = _("The systems whose records are mirrored here, and how calls to them fare.")

    list_display = ("label", "shown_state", "identity", "last_success", "failures")
    search_fields = ()

    def prepare_list(self, request: HttpRequest, changes: ReadOnlyChangeList) -> None:
        super().prepare_list(request, changes)
        changes.empty_sentence = _("No upstream was synced yet. The desk says how each of them stands.")

    @admin.display(description=_("upstream"), ordering="upstream")
    def label(self, state: UpstreamState) -> str:
        known = upstreams.UPSTREAMS.get(state.upstream)
        return known.label if known else state.upstream

    @admin.display(description=_("state"))
    def shown_state(self, state: UpstreamState) -> SafeString:
        if state.upstream not in upstreams.UPSTREAMS or not upstreams.is_on(state.upstream):
            return badge(pgettext_lazy("an upstream is", "off"))
        if state.identity and state.identity != upstreams.identity(state.upstream):
            return badge(_("another is configured"), "bad")
        if state.key_refused:
            return badge(_("key refused"), "bad", state.pause_reason)
        if told := _told(state):
            return badge(_("not connected"), "bad", told)
        refusal = upstreams.open_breaker(state.upstream).refusal()
        if refusal:
            return badge(pgettext_lazy("an upstream is", "paused"), "warn", refusal)
        return badge(pgettext_lazy("an upstream is", "on"), "good")

    @admin.display(description=_("last synced"), ordering="last_success_at")
    def last_success(self, state: UpstreamState) -> SafeString | str:
        return times.ago(state.last_success_at)

    def facts(self, request: HttpRequest, obj: UpstreamState) -> Iterable[Fact]:
        yield Fact(_("State"), self.shown_state(obj))
        yield Fact(_("Records came from"), obj.identity or _("nowhere yet"))
        yield Fact(_("Last synced"), times.at(obj.last_success_at, _("never")))
        yield Fact(_("Failed calls in a row"), number(obj.failures))
        if told := _told(obj):
            yield Fact(_("Its webhooks told"), told)
        if obj.paused_until:
            yield Fact(_("Paused until"), times.at(obj.paused_until))
            yield Fact(_("Because"), obj.pause_reason)


def _told(state: UpstreamState) -> Text:
    """What the upstream's own events say is wrong with it."""
    inbox = INBOXES.get(state.upstream)
    return inbox.trouble() if inbox and upstreams.is_on(state.upstream) else ""
