"""Forms of the customers app."""

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
        if not remote_id.startswith("cus_") or not remote_id.isascii() or not remote_id.isidentifier():
            raise forms.ValidationError('This is no customer id: one starts with "cus_" and has letters and digits only.')
        return remote_id
