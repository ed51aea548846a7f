"""Pieces to choose in a form, each with a box to tick."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.texts import number
from fulfilment.pieces import Piece

MAX_PIECES = 500  # a form takes 1,000 fields at most


class PiecesField(forms.MultipleChoiceField):
    """Pieces, each with a box to tick."""

    is_drawn_apart = True
    template = "fulfilment/admin/parts/_pieces_field.html"
    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        messages = {
            "required": _("Choose at least one piece."),
            "invalid_choice": _("One of these pieces cannot be chosen any more. Choose again."),
        }
        super().__init__(error_messages=messages, **kwargs)

    def offer(self, pieces: Iterable[Piece]) -> None:
        """Let these be chosen, as many as a form takes."""
        offered = list(pieces)
        self.choices = [(piece.id, told(piece)) for piece in offered[:MAX_PIECES]]
        if len(offered) > MAX_PIECES:
            self.help_text = format_lazy(
                _("These are the first {shown} of {count} pieces; do the others after them."),
                shown=number(MAX_PIECES),
                count=number(len(offered)),
            )


def told(piece: Piece) -> str:
    """A piece in words."""
    shelf = gettext("shelf {position}").format(position=piece.position) if piece.position else ""
    words = [piece.sku or gettext("(no SKU)"), piece.description, shelf, piece.reference]
    return " · ".join([*filter(None, words), str(piece.state_in_words), piece.id])
