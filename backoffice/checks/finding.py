"""What a check answers with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backoffice.texts import Text

QUEUED_TOO_LONG = timedelta(minutes=10)  # for what a worker should have taken


class Health(StrEnum):
    """How it stands: ``warn`` wants a look, with ``fail`` something does not work or is not safe."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"

    @property
    def label(self) -> Text:
        """The word for people."""
        return _LABELS[self]


_LABELS: dict[Health, Text] = {
    Health.OK: pgettext_lazy("how something was found", "ok"),
    Health.WARN: pgettext_lazy("how something was found", "warn"),
    Health.FAIL: pgettext_lazy("how something was found", "fail"),
}
_TITLES: dict[str, Text] = {
    "installation": _("installation"),
    "work": pgettext_lazy("in the background", "work"),
    "database": _("database"),
    "migrations": _("migrations"),
    "audit": _("audit"),
    "search": _("search"),
    "search: words": _("search: words"),
    "clock": _("clock"),
    "backup": _("backup"),
    "people": _("people"),
    "runs": _("runs"),
    "broker": _("broker"),
    "workers": _("workers"),
    "upstreams": _("upstreams"),
    "webhooks": _("webhooks"),
    "deliveries": _("deliveries"),
}
SETTINGS, WEBHOOKS = "settings: ", " webhooks"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's. ``fix`` is what to do, "" where nothing is to be done."""

    name: str
    state: Health
    text: Text
    fix: Text = ""

    @property
    def title(self) -> Text:
        """Its name for people; an upstream's is its own in every language."""
        if self.name.startswith(SETTINGS):
            return format_lazy(_("settings: {variable}"), variable=self.name.removeprefix(SETTINGS))
        if self.name.endswith(WEBHOOKS):
            return format_lazy(_("{upstream} webhooks"), upstream=self.name.removesuffix(WEBHOOKS))
        return _TITLES.get(self.name, self.name)


Check = Callable[[], Iterator[Finding]]


def either(name: str, is_good: bool, good: Text, bad: Finding) -> Finding:
    """``bad`` unless it is good."""
    return Finding(name, Health.OK, good) if is_good else Finding(name, bad.state, bad.text, bad.fix)
