"""Texts for people: each reads in their own language, and what is written down is in the installation's.

A sentence that may be written down or travels in an error is lazy (``format_lazy`` of a ``gettext_lazy``): it becomes
text where it is shown or kept, not where it is made. What stays English everywhere: log lines, the technical part of
an error in parentheses, commands' option help, and what remotes say.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import translation
from django.utils.formats import number_format
from django.utils.functional import Promise, lazy
from django.utils.translation import gettext

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Text = str | _StrPromise
else:
    Text = str | Promise
"""A text that may be lazy; ``str()`` of it is what the reader of the moment reads."""


def written(sentence: Text) -> str:
    """The sentence in the installation's language: whoever keeps a sentence in the database keeps this."""
    with translation.override(settings.LANGUAGE_CODE):
        return str(sentence)


def number(count: int | float, decimals: int | None = None) -> str:
    """A number as its reader writes it: 1,234 or 1.234."""
    rounded = count if decimals is None else round(count, decimals)  # Django itself cuts off what is beyond
    return number_format(rounded, decimals, use_l10n=True, force_grouping=True)


def percent(share: float) -> str:
    """A share of one as its reader writes it: 10%."""
    return gettext("{number}%").format(number=number(share * 100, 0))


def source(text: Text) -> str:
    """The text as it stands in the code, in English: for what is the same in every language, as an error's endpoint."""
    with translation.override(None):
        return str(text)


def together(names: Iterable[object]) -> str:
    """All of the names in a sentence: "A and B"."""
    return gettext(" and ").join(map(str, names))


def joined(parts: Iterable[object], separator: str = ", ") -> str:
    """The parts with a separator between them."""
    return separator.join(map(str, parts))


def capital(text: Text) -> str:
    """The text with a capital first letter, and the others as they are: a noun that begins a sentence or a column."""
    first, rest = str(text)[:1], str(text)[1:]
    return first.upper() + rest


number_lazy = lazy(number, str)
together_lazy = lazy(together, str)
joined_lazy = lazy(joined, str)
capital_lazy = lazy(capital, str)
"""The same for lazy sentences: they are in the language of whoever reads the sentence."""
