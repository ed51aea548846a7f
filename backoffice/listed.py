"""A list as one person sees it, without a page: for workers that write its rows into a file."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from unfold.contrib.filters.admin import DropdownFilter

from backoffice import freshness
from backoffice.pasted import without_secrets
from backoffice.texts import Text


def request_of(user: User, query: str = "") -> HttpRequest:
    """What a browser of that person would send for a list's page."""
    request = HttpRequest()
    request.method, request.user, request.GET = "GET", user, QueryDict(query)
    request._messages = CookieStorage(request)  # type: ignore[attr-defined]  # what a list tells nobody reads here
    return request


def in_words(model_admin: Any, changes: Any, *, only_chosen: bool = False) -> str:
    """Which rows of a list its search and filters find, as people say it.

    ``only_chosen``: without what is left out unless one asks for it.
    """
    told: list[tuple[Text, object]] = []
    for spec in changes.filter_specs:
        value = getattr(spec, "value", lambda: None)()
        if value:
            told.append((spec.title, choice_in_words(spec, value) or value))
        elif not only_chosen and (first := _left_out_by(spec)):
            told.append((spec.title, first[1]))
    told += [(name, changes.params[name]) for name in sorted(model_admin.url_lookups) if name in changes.params]
    return found(model_admin.opts.verbose_name_plural, told, without_secrets(changes.query.strip()))


def _left_out_by(spec: Any) -> Any:
    """The choice of a filter that leaves rows out unless another is made; None for one that has no such choice."""
    first = getattr(spec, "all_option", None)
    return first if first is not DropdownFilter.all_option else None


def choice_in_words(spec: Any, value: Any) -> Text | None:
    """How a filter of a list words its choice; None for one that it does not offer."""
    words: dict[str, Text] = {str(choice): label for choice, label in spec.lookup_choices}
    return words.get(str(value))


def found(things: Text, filters: Iterable[tuple[Text, object]], found_by: str) -> str:
    """All rows with some filters, by their titles and choices, that a search found: in the language of the moment."""
    one = pgettext("a filter of a list", "{name} “{choice}”")
    narrowed = ", ".join(one.format(name=name, choice=choice) for name, choice in filters)
    if narrowed and found_by:
        told = _("all {things} with {filters} found by “{search}”")
    elif narrowed:
        told = _("all {things} with {filters}")
    elif found_by:
        told = _("all {things} found by “{search}”")
    else:
        told = _("all {things}")
    return told.format(things=things, filters=narrowed, search=found_by)


def is_mirrored(model_admin: Any) -> bool:
    """Whether the rows are copies of what a remote has; else they are our own."""
    return hasattr(model_admin, "resource_name")


def as_of(model_admin: Any) -> datetime | None:
    """The rows were so, or are newer, at this moment; None where the remote was never read to the end."""
    return freshness.swept_from_of(model_admin.model) if is_mirrored(model_admin) else timezone.now()
