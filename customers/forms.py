"""Forms of the customers app."""

import re

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget


class FetchForm(forms.Form):
    """An id to fetch from Kirim."""

    remote_id = forms.CharField(
        label="Kirim id",
        max_length=255,
        help_text='As Kirim shows it: "cus_" and 26 characters.',
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false", "autofocus": True}),
        error_messages={"required": "Type the id of a customer."},
    )

    def clean_remote_id(self) -> str:
        remote_id: str = self.cleaned_data["remote_id"].strip()
        if not re.fullmatch(r"[\w-]+", remote_id, re.ASCII):
            raise forms.ValidationError("This is no id: one has letters, digits and underscores only.")
        return remote_id
