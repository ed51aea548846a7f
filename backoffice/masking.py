"""Masking: what a record declares as ``masked`` is told only to people who hold its model's ``view_masked``.

Such members are kept whole in the mirror, in its history and in writes, and put back by nobody: every page, file and
command that shows members of a record takes them out here (``access.hidden_members`` says which). They are never
columns, so no list can show, search, filter or order by them.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

MASKED = "(masked)"
"""In place of a value: in every language the same in files, in JSON and in what is kept."""
SHOWN_MASKED = _("(masked)")
"""The same alone on a page."""
LEAST_CHARS = 4  # of a text that is masked inside another: a shorter one is a word like any other
_BETWEEN = r"[\s./-]*"  # how people and machines group the characters of a number: "BE68 5390 0754 7034"


def shown_members(members: Mapping[str, Any], hidden: Collection[str]) -> dict[str, Any]:
    """The same members, those that are hidden without their values. An empty one is not told from a filled one."""
    return {name: MASKED if name in hidden else value for name, value in members.items()}


def masked_deeply(value: Any, hidden: Collection[str]) -> Any:
    """The same with the values of hidden members masked at any depth, for bodies whose shape nobody has declared."""
    if isinstance(value, Mapping):
        shown = shown_members(value, hidden)
        return {name: item if name in hidden else masked_deeply(item, hidden) for name, item in shown.items()}
    return [masked_deeply(item, hidden) for item in value] if isinstance(value, list) else value


def masked(text: str, private: Iterable[str]) -> str:
    """``text`` with each of the ``private`` texts masked, the longest first, in any case and grouping."""
    for value in sorted(private, key=len, reverse=True):
        if len(value) >= LEAST_CHARS:
            text = re.sub(_spelt(value), MASKED, text, flags=re.IGNORECASE)
    return text


def _spelt(value: str) -> str:
    """A pattern for a text in any grouping; for one of hardly any letters and digits as it stands."""
    characters = [char for char in value if char.isalnum()]
    return _BETWEEN.join(map(re.escape, characters)) if len(characters) >= LEAST_CHARS else re.escape(value)


def texts_in(value: Any) -> Iterator[str]:
    """Every text and number inside a member's value, for ``masked``."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts_in(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
