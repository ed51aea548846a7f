"""Fetching one record by its id from a page: what is not mirrored here yet, or once more what is."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminTextInputWidget

from backoffice import upstreams
from backoffice.client import PERSON
from backoffice.errors import BackofficeError, RemoteError, RemoteNotFound
from backoffice.mirror import MirrorModel
from backoffice.texts import Text
from backoffice.views import staff_page
from backoffice.wording import a, remote_error_in_words

if TYPE_CHECKING:
    from backoffice.admin.mirror import MirrorAdmin

ABOUT_THE_ID = frozenset({400, 404, 422})
MAX_ID_CHARS = 255


@dataclass(frozen=True)
class Fetch:
    """How one record is read by its id.

    Args:
        permission: what it takes, besides seeing the records.
        read: with a client and the id: the row that it is here now. Raises RemoteError, BackofficeError.
        shape: of an id; any text without it.
        shape_in_words: the same for people: 'is "cus_" and 26 capital letters and digits'.
    """

    permission: str
    read: Callable[[Any, str], MirrorModel]
    shape: re.Pattern[str] | None = None
    shape_in_words: Text = ""


class FetchForm(forms.Form):
    """An id as somebody typed or pasted it."""

    remote_id = forms.CharField(
        max_length=MAX_ID_CHARS,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false", "autofocus": True}),
    )

    def __init__(self, data: Any, fetch: Fetch, noun: str, label: str, remote_id: str = "") -> None:
        super().__init__(data, initial={"remote_id": remote_id[:MAX_ID_CHARS]})
        self._fetch, self._noun, self._label = fetch, noun, label
        field = self.fields["remote_id"]
        field.label = _("{upstream} id").format(upstream=label)
        if fetch.shape_in_words:
            told = pgettext("the shape goes on as: begins with", "As {upstream} shows it: it {shape}.")
            field.help_text = told.format(upstream=label, shape=fetch.shape_in_words)
        field.error_messages["required"] = _("Type the id of {a_thing}.").format(a_thing=a(noun))

    def clean_remote_id(self) -> str:
        remote_id: str = self.cleaned_data["remote_id"].strip()
        if self._fetch.shape and not self._fetch.shape.fullmatch(remote_id):
            told = pgettext("the shape goes on as: begins with", "A {upstream} {thing} id {shape}.")
            raise forms.ValidationError(
                told.format(upstream=self._label, thing=self._noun, shape=self._fetch.shape_in_words)
            )
        return remote_id


def url_name(model_admin: "MirrorAdmin") -> str:
    """The name of the page's URL within the admin: "fetch_customer"."""
    return f"fetch_{model_admin.opts.model_name}"


def url(model_admin: "MirrorAdmin", fetch: Fetch) -> URLPattern:
    """The page's URL, below that of the list."""
    seen = f"{model_admin.opts.app_label}.view_{model_admin.opts.model_name}"

    @require_http_methods(["GET", "HEAD", "POST"])
    @staff_page(seen, fetch.permission)
    def view(request: HttpRequest) -> HttpResponseBase:
        return _page(request, model_admin, fetch)

    return path("fetch/", view, name=url_name(model_admin))


def _page(request: HttpRequest, model_admin: "MirrorAdmin", fetch: Fetch) -> HttpResponseBase:
    """A form for an id, filled in with ``?remote_id=``; POST reads that record at its remote and goes to its page."""
    resource, noun = model_admin.resource, str(model_admin.opts.verbose_name)
    label = upstreams.UPSTREAMS[resource.upstream].label
    form = FetchForm(request.POST or None, fetch, noun, label, request.GET.get("remote_id", ""))
    if request.method == "POST" and form.is_valid():
        try:
            with resource.client(PERSON) as api:
                row = fetch.read(api, form.cleaned_data["remote_id"])
        except RemoteNotFound as error:
            told = _("{reason}. Look for a typing error; nothing was changed.")
            form.add_error("remote_id", told.format(reason=error.reason))
        except RemoteError as error:
            field = "remote_id" if error.status in ABOUT_THE_ID else None
            why = remote_error_in_words(error, label)
            form.add_error(field, _("Nothing was fetched. {why}").format(why=why))
        except BackofficeError as error:
            form.add_error(None, _("Nothing was fetched. {why}").format(why=error))
        else:
            messages.success(request, _("{thing} was fetched from {upstream}.").format(thing=row, upstream=label))
            return redirect(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_change", row.pk)
    context = {
        **admin.site.each_context(request),
        "title": _("Fetch {a_thing} by its id").format(a_thing=a(noun)),
        "opts": model_admin.opts,
        "form": form,
        "noun": noun,
        "plural": model_admin.opts.verbose_name_plural,
        "label": label,
        "off": upstreams.why_off(resource.upstream),
        "list_url": reverse(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist"),
    }
    return TemplateResponse(request, "admin/fetch.html", context)
