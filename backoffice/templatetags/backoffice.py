"""Times and labels in templates."""

import re
from datetime import datetime
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from backoffice import texts, times
from backoffice.badges import RUN_TONES, word
from backoffice.returning import NEXT, came_from
from backoffice.wording import things as in_sentence

register = template.Library()


@register.simple_tag(takes_context=True)
def back_url(context: Any, otherwise: str, *args: Any) -> str:
    """``{% back_url "desk" %}``: the page that somebody came from, else the one of that name."""
    return came_from(context["request"], reverse(otherwise, args=args))


@register.simple_tag(takes_context=True)
def next_field(context: Any) -> SafeString | str:
    """``{% next_field %}``: in a form, what carries on which page somebody came from."""
    url = came_from(context["request"])
    return format_html('<input type="hidden" name="{}" value="{}">', NEXT, url) if url else ""


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
    """``{{ run.fetched|counted }}``: 1,234, as the reader writes it."""
    return texts.number(number) if number is not None else "–"


@register.filter
def things(resource: str) -> str:
    """``{{ run.resource|things }}``: the resource's name inside a sentence."""
    return in_sentence(resource)


STYLED = frozenset({
    "told", "started", "company", "shown_name", "shown_email", "shown_number", "reason", "outcome", "object",
})  # fmt: skip
"""Columns that our style sheet names; the cells of others need no class."""
_OF_CELL = re.compile(r'<(t[hd]) class="(field-)?([\w-]+)[^"]*"')
_OF_BOX = re.compile(r' data-label="[^"]*">(<input type="checkbox"[^>]*? class=")[^"]*"')
_OF_LINK = re.compile(r' class="text-font-important-light dark:text-font-important-dark" ?')


@register.filter
def lightly(cell: SafeString) -> SafeString:
    """``{{ item|lightly }}``: a cell of a list without the theme's classes, which are most of a long list.

    Our own style sheet draws it. Only what the theme itself wrote is matched: in a value every quote is escaped.
    """
    cell_only = _OF_CELL.sub(_opened, cell, count=1)
    if "action-select" in cell_only:
        cell_only = _OF_BOX.sub(r'>\1action-select"', cell_only, count=1)  # the box says itself what it is for
    return mark_safe(_OF_LINK.sub("", cell_only, count=1))  # noqa: S308  only classes and a label were taken out


def _opened(cell: re.Match[str]) -> str:
    """The beginning of a cell: the one that names the row has its column as a class, others where it is of use."""
    tag, is_value, name = cell.groups()
    if tag == "td" and is_value and name not in STYLED:
        return "<td"
    return f'<{tag} class="{is_value or ""}{name}"'
