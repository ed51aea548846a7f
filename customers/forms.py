"""Forms of the customers app."""

import re

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

CUSTOMER_ID = re.compile(r"cus_[0-9A-HJKMNP-TV-Z]{26}")  # as in the contract


class FetchForm(forms.Form):
    """An id to fetch from Kirim."""

    remote_id = forms.CharField(
        label="Kirim id",
        max_length=255,
        help_text='As Kirim shows it: "cus_" and 26 capital letters and digits.',
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false", "autofocus": True}),
        error_messages={"required": "Type the id of a customer."},
    )

    def clean_remote_id(self) -> str:
        remote_id: str = self.cleaned_data["remote_id"].strip()
        if not CUSTOMER_ID.fullmatch(remote_id):
            raise forms.ValidationError('A Kirim customer id is "cus_" and 26 capital letters and digits.')
        return remote_id
