"""Forms of the setup links: a new one, a replacement, other redirects, revoking."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils.html import conditional_escape
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from backoffice.admin.doing import ReasonForm
from backoffice.models import RemoteWrite
from backoffice.texts import Text, number
from customers.models import SetupLink
from customers.redirects import MAX_CHARS, why_refused
from customers.services.links import LEAST_HOURS, MOST_HOURS, REDIRECTS

LIFETIMES: Mapping[str, Text] = {
    "1": _("1 hour"), "24": _("1 day"), "72": _("3 days"), "168": _("1 week"), "336": _("2 weeks"), "720": _("30 days"),
}  # fmt: skip
OWN = "own"
UNTOLD = "untold"
FIRST_CHOICE = "168"


class RedirectField(forms.CharField):
    """An address to which the browser goes after signing up; empty for none."""

    def __init__(self, **more: Any) -> None:
        attributes = {"inputmode": "url", "autocomplete": "off", "spellcheck": "false", "placeholder": "https://"}
        super().__init__(required=False, widget=UnfoldAdminTextInputWidget(attrs=attributes), **more)

    def clean(self, value: Any) -> str:
        url: str = super().clean(value)
        if url and (why := why_refused(url)):
            raise forms.ValidationError(why)
        return url


class RedirectsForm(ReasonForm):
    """Where the browser goes after signing up."""

    success_redirect_url = RedirectField(label=_("After success go to"))
    failure_redirect_url = RedirectField(label=_("After failure go to"))
    field_order = ("write_id", "again", "success_redirect_url", "failure_redirect_url", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        told = conditional_escape(_what_is_taken(settings.REDIRECT_URL_HOSTS))
        for name in REDIRECTS:
            self.fields[name].help_text = told

    def field_of(self, member: str) -> str:
        """The field that stands for a member of what is sent; the member itself where none does."""
        return member

    def tell_refusal(self, write: RemoteWrite) -> None:
        """Put what Kirim refused at the fields that it names; all else above them."""
        others = []
        for path, sentence in write.field_errors.items():
            field = self.field_of(path.strip("/"))
            if field in self.fields:
                self.add_error(field, f"Kirim: {sentence}.")
            else:
                others.append(f"{path}: {sentence}.")
        self.add_error(None, " ".join([write.error, *others]))

    def changes_of(self, link: SetupLink) -> dict[str, str | None]:
        """The redirects that differ from the link's; None clears. Only of a valid form."""
        wanted = {name: self.cleaned_data[name] or None for name in REDIRECTS}
        return {name: url for name, url in wanted.items() if url != (getattr(link, name) or None)}


class NewLinkForm(RedirectsForm):
    """A new link: how long it can be used, and where the browser goes after signing up."""

    lifetime = forms.ChoiceField(
        label=_("It can be used for"), choices=[*LIFETIMES.items(), (OWN, _("own number of hours"))]
    )
    hours = forms.IntegerField(
        label=_("Hours"),
        required=False,
        min_value=LEAST_HOURS,
        max_value=MOST_HOURS,
        widget=UnfoldAdminIntegerFieldWidget(attrs={"min": LEAST_HOURS, "max": MOST_HOURS, "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, is_untold: bool = False, **kwargs: Any) -> None:
        """``is_untold``: also offer the lifetime that Kirim gives where none is asked for."""
        super().__init__(*args, **kwargs)
        self.initial.setdefault("lifetime", FIRST_CHOICE)
        if is_untold:
            self.fields["lifetime"].choices += [(UNTOLD, _("as long as Kirim decides"))]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("lifetime") == OWN and cleaned.get("hours") is None and "hours" not in self.errors:
            told = gettext("Type how many hours, from {least} to {most}.")
            self.add_error("hours", told.format(least=number(LEAST_HOURS), most=number(MOST_HOURS)))
        elif cleaned.get("lifetime") != OWN:
            self.errors.pop("hours", None)  # what stands in a field that does not count is no fault
        return cleaned

    @property
    def sends(self) -> dict[str, Any]:
        """The members of the create. Only of a valid form."""
        lifetime = self.cleaned_data["lifetime"]
        hours = {} if lifetime == UNTOLD else {"expires_in_hours": self._hours(lifetime)}
        return hours | {name: self.cleaned_data[name] for name in REDIRECTS if self.cleaned_data[name]}

    def field_of(self, member: str) -> str:
        if member != "expires_in_hours":
            return member
        return "hours" if self.data.get("lifetime") == OWN else "lifetime"

    def choices_with_ends(self, now: datetime) -> list[tuple[str, Text, datetime | None]]:
        """Value, words and resulting end of each lifetime; no end where it is not fixed by the choice."""
        choices: Any = self.fields["lifetime"].choices  # type: ignore[attr-defined]
        return [
            (value, words, now + timedelta(hours=int(value)) if value in LIFETIMES else None)
            for value, words in choices
        ]

    def _hours(self, lifetime: str) -> int:
        return int(self.cleaned_data["hours"] if lifetime == OWN else lifetime)


def _what_is_taken(hosts: Sequence[str]) -> str:
    """What a redirect may be, in a sentence."""
    if not hosts:
        told = gettext(
            "Empty for none. It begins with https:// and has {count} characters at most; any host may be named."
        )
        return told.format(count=number(MAX_CHARS))
    told = gettext(
        "Empty for none. It begins with https:// and has {count} characters at most; its host is one of {hosts} "
        "(REDIRECT_URL_HOSTS)."
    )
    return told.format(count=number(MAX_CHARS), hosts=", ".join(hosts))


def values_of(link: SetupLink) -> dict[str, Any]:
    """What the form of a replacement begins with: the old link's lifetime and redirects."""
    lifetime = link.expires_at - link.remote_created_at if link.remote_created_at else timedelta()
    hours = round(lifetime / timedelta(hours=1))
    redirects = {name: getattr(link, name) or "" for name in REDIRECTS}
    return redirects | (_lifetime(hours) if LEAST_HOURS <= hours <= MOST_HOURS else {})


def values_again(write: RemoteWrite) -> dict[str, Any]:
    """What the form begins with that sends a failed create again: what that one sends."""
    hours = write.sends.get("expires_in_hours")
    redirects = {name: write.sends.get(name) or "" for name in REDIRECTS}
    lifetime = {"lifetime": UNTOLD} if hours is None else _lifetime(hours)
    return {**redirects, **lifetime, "again": write.pk, "reason": write.reason}


def _lifetime(hours: int) -> dict[str, Any]:
    return {"lifetime": str(hours)} if str(hours) in LIFETIMES else {"lifetime": OWN, "hours": hours}
