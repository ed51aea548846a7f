"""How each system stands, and this customer in it: the head of the page, and the problems that come first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from backoffice import freshness, times, upstreams
from backoffice.badges import badge
from backoffice.dashboard import Health, health
from backoffice.freshness import Freshness
from backoffice.models import UpstreamState
from customers.person.parts import Problem, Standing


@dataclass(frozen=True)
class System:
    """One system and the customer's records in it."""

    label: str
    standings: list[Standing]
    none: str
    """What it means that there is no record."""
    health: SafeString | str
    """Off, or down since when; empty where it works."""


class Systems:
    """All upstreams as they stand now. Four queries, whatever is asked of it."""

    def __init__(self) -> None:
        resources = freshness.all_resources()
        self.fresh: Mapping[str, Freshness] = {item.resource.name: item for item in resources}
        self._states = {state.upstream: state for state in UpstreamState.objects.all()}

    def health(self, name: str) -> Health:
        """As the desk tells it."""
        of_it = [item for item in self.fresh.values() if item.resource.upstream == name]
        return health(upstreams.UPSTREAMS[name], self._states.get(name), of_it)

    def line(self, name: str, standings: list[Standing]) -> System:
        """The system with the records that were found in it."""
        told = self.health(name)
        shown: SafeString | str = badge(told.word, told.tone) if told.is_down or upstreams.to_do(name) else ""
        if told.is_down:
            shown = format_html("{} {}", shown, self._since(name))
        return System(upstreams.UPSTREAMS[name].label, standings, self._none(name), shown)

    def problems(self, request: HttpRequest, names: Iterable[str]) -> Iterable[Problem]:
        """The systems that cannot be asked now. What exactly is wrong is told to whoever may see it on the desk."""
        may_see = request.user.has_perms(["backoffice.view_syncrun", "backoffice.view_upstreamstate"])
        for name in names:
            told = self.health(name)
            if told.is_down:
                label = upstreams.UPSTREAMS[name].label
                why: Any = format_html(" {}", told.sentence) if may_see else ""
                sentence = _("{label} cannot be asked now ({word}): what it shows may be old.{why}")
                text = format_html(sentence, label=label, word=told.word, why=why)
                yield Problem(text, is_bad=False)

    def _since(self, name: str) -> SafeString:
        state = self._states.get(name)
        if state is None or state.last_success_at is None:
            return format_html("{}", _("never read to the end"))
        return format_html(_("last read to the end {ago}"), ago=times.ago(state.last_success_at))

    def _none(self, name: str) -> str:
        if upstreams.to_do(name):
            return _("not linked; it is off, so nothing new is read")
        if not any(item.sweep for item in self.fresh.values() if item.resource.upstream == name):
            return _("not linked; nothing of it was read to the end yet")
        return _("not linked")
