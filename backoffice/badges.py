"""Words as coloured labels. A word that the contract does not know is shown as such, never guessed at."""

from collections.abc import Mapping
from typing import Literal

from django.utils.html import format_html
from django.utils.safestring import SafeString

Tone = Literal["good", "info", "warn", "bad", "dull"]

RUN_TONES: Mapping[str, Tone] = {
    "queued": "dull",
    "running": "info",
    "succeeded": "good",
    "partial": "warn",
    "failed": "bad",
    "interrupted": "warn",
}
WRITE_TONES: Mapping[str, Tone] = {
    "planned": "dull",
    "sent": "info",
    "confirmed": "good",
    "refused": "bad",
    "unknown": "warn",
    "failed": "bad",
}


def badge(text: str, tone: Tone = "dull", title: str = "") -> SafeString:
    """One label."""
    told = format_html(' title="{}"', title) if title else ""
    return format_html('<span class="bo-badge bo-{}"{}>{}</span>', tone, told, text)


def word(value: str | None, tones: Mapping[str, Tone]) -> SafeString:
    """The label of one of the words in ``tones``; any other is marked as unknown."""
    if value in tones:
        return badge(str(value), tones[str(value)])
    return badge(f"unknown: {value}", "warn", "The contract of this upstream does not know the word.")
