"""Texts for people: each reads in their own language, and what is written down is in the installation's.

A sentence that may be written down or travels in an error is lazy (``format_lazy`` of a ``gettext_lazy``): it becomes
text where it is shown or kept, not where it is made. What stays English everywhere: log lines, the technical part of
an error in parentheses, commands' option help, and what remotes say.
"""

from django.conf import settings
from django.utils import translation
from django.utils.formats import number_format
from django.utils.functional import Promise

Text = str | Promise
"""A text that may be lazy; ``str()`` of it is what the reader of the moment reads."""


def written(sentence: Text) -> str:
    """The sentence in the installation's language: whoever keeps a sentence in the database keeps this."""
    with translation.override(settings.LANGUAGE_CODE):
        return str(sentence)


def number(count: int | float, decimals: int | None = None) -> str:
    """A number as its reader writes it: 1,234 or 1.234."""
    return number_format(count, decimals, use_l10n=True, force_grouping=True)


def capital(text: Text) -> str:
    """The text with a capital first letter, and the others as they are: a noun that begins a sentence or a column."""
    first, rest = str(text)[:1], str(text)[1:]
    return first.upper() + rest
