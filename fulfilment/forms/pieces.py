"""Pieces to choose in a form, each with a box to tick."""

from collections.abc import Iterable
from typing import Any

from django import forms

from fulfilment.pieces import Piece

MAX_PIECES = 500  # a form takes 1,000 fields at most


class PiecesField(forms.MultipleChoiceField):
    """Pieces, each with a box to tick."""

    is_drawn_apart = True
    template = "fulfilment/admin/parts/_pieces_field.html"
    widget = forms.CheckboxSelectMultiple

    def __init__(self, label: str, none: str = "Choose at least one piece.", **kwargs: Any) -> None:
        messages = {"required": none, "invalid_choice": "One of these pieces cannot be chosen any more. Choose again."}
        super().__init__(label=label, error_messages=messages, **kwargs)

    def offer(self, pieces: Iterable[Piece]) -> None:
        """Let these be chosen, as many as a form takes."""
        offered = list(pieces)
        self.choices = [(piece.id, told(piece)) for piece in offered[:MAX_PIECES]]
        if len(offered) > MAX_PIECES:
            self.help_text = f"These are the first {MAX_PIECES:,} of {len(offered):,} pieces; do the others after them."


def told(piece: Piece) -> str:
    """A piece in words."""
    words = [piece.sku or "(no SKU)", piece.description, piece.position and f"shelf {piece.position}", piece.reference]
    return " · ".join([*filter(None, words), piece.state, piece.id])
