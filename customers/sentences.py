"""Parts of a lazy sentence: they become text where the whole is shown or kept, in the language of that moment."""

from collections.abc import Sequence

from django.utils.functional import lazy

from backoffice.texts import Text


def _joined(parts: Sequence[Text], separator: str = ", ") -> Text:
    return separator.join(map(str, parts))


joined = lazy(_joined, str)
"""The parts with a separator between them."""
