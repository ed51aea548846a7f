"""Words as coloured labels. A word that the contract does not know is shown as such, never guessed at.

A vocabulary says how its words are coloured and how people read them; the words themselves are what is stored, filtered
by and handed to scripts, in every language.
"""

from collections.abc import Mapping
from typing import Literal

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.texts import Text

Tone = Literal["good", "info", "warn", "bad", "dull"]


class Vocabulary(dict[str, Tone]):
    """Words of one kind with their tones, and what people read for them: a word without a label stands as it is."""

    def __init__(self, tones: Mapping[str, Tone], labels: Mapping[str, Text]) -> None:
        super().__init__(tones)
        self.labels = labels


WORDS: Mapping[str, Text] = {
    "queued": _("queued"),
    "waiting": _("waiting"),
    "running": _("running"),
    "succeeded": _("succeeded"),
    "partial": _("partial"),
    "failed": _("failed"),
    "interrupted": _("interrupted"),
    "cancelled": _("cancelled"),
    "planned": _("planned"),
    "sent": _("sent"),
    "confirmed": _("confirmed"),
    "refused": _("refused"),
    "unknown": pgettext_lazy("what became of a write", "unknown"),
    "done": _("done"),
    "not allowed": _("not allowed"),
    "received": _("received"),
    "processed": _("processed"),
    "ignored": _("ignored"),
    "ready": _("ready"),
}
"""Our own words, of runs, writes, bulk actions, deliveries and exports: the labels of tones that bring none."""

RUN_TONES = Vocabulary(
    {
        "queued": "dull",
        "running": "info",
        "succeeded": "good",
        "partial": "warn",
        "failed": "bad",
        "interrupted": "warn",
    },
    WORDS,
)
WRITE_TONES = Vocabulary(
    {
        "planned": "dull",
        "sent": "info",
        "confirmed": "good",
        "refused": "bad",
        "unknown": "warn",
        "failed": "bad",
    },
    WORDS,
)


def badge(text: Text, tone: Tone = "dull", title: Text = "") -> SafeString:
    """One label."""
    told = format_html(' title="{}"', title) if title else ""
    return format_html('<span class="bo-badge bo-{}"{}>{}</span>', tone, told, text)


def in_words(value: str, tones: Mapping[str, Tone] | None = None) -> Text:
    """What people read for a word, for sentences and filters: by its vocabulary, or else by our own words."""
    labels = tones.labels if isinstance(tones, Vocabulary) else WORDS
    return labels.get(value, value)


def word(value: str | None, tones: Mapping[str, Tone]) -> SafeString:
    """The label of one of the words in ``tones``; any other is marked as unknown."""
    if value is not None and value in tones:
        return badge(in_words(value, tones), tones[value])
    told = gettext("unknown: {word}").format(word=value)
    return badge(told, "warn", gettext("The contract of this upstream does not know the word."))
