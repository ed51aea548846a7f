"""The form of a note."""

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice.texts import number_lazy

MAX_CHARS = 4000


class NoteForm(forms.Form):
    """A note in plain text. ``note_id`` makes the same form sent twice one note."""

    note_id = forms.UUIDField(widget=forms.HiddenInput)
    text = forms.CharField(
        label=_("Note"),
        max_length=MAX_CHARS,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        error_messages={
            "required": _("Write something first."),
            "max_length": format_lazy(
                _("A note has at most {count} characters; this one has %(show_value)d."), count=number_lazy(MAX_CHARS)
            ),
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"note_id": uuid4(), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
