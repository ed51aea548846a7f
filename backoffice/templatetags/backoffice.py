"""Times and labels in templates."""

from datetime import datetime

from django import template
from django.utils.safestring import SafeString

from backoffice import times
from backoffice.badges import RUN_TONES, word
from backoffice.wording import things as in_sentence

register = template.Library()


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """``{{ run.ended_at|ago }}``: how long ago, the exact time on hover."""
    return times.ago(moment)


@register.filter
def at(moment: datetime | None) -> SafeString | str:
    """``{{ run.ended_at|at }}``: the moment, in the person's zone."""
    return times.at(moment)


@register.filter
def both(moment: datetime) -> SafeString:
    """``{{ link.expires_at|both }}``: the moment in the person's zone and in UTC."""
    return times.both(moment)


@register.filter
def run_badge(state: str) -> SafeString:
    """The label of a run's state."""
    return word(state, RUN_TONES)


@register.filter
def counted(number: int | None) -> str:
    """``{{ run.fetched|counted }}``: 1,234."""
    return f"{number:,}" if number is not None else "–"


@register.filter
def things(resource: str) -> str:
    """``{{ run.resource|things }}``: the resource's name inside a sentence."""
    return in_sentence(resource)
