"""A list as one person sees it, without a page: for workers that write its rows into a file."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from backoffice import freshness
from backoffice.pasted import without_secrets


def request_of(user: User, query: str = "") -> HttpRequest:
    """What a browser of that person would send for a list's page."""
    request = HttpRequest()
    request.method, request.user, request.GET = "GET", user, QueryDict(query)
    request._messages = CookieStorage(request)  # type: ignore[attr-defined]  # what a list tells nobody reads here
    return request


def in_words(model_admin: Any, changes: Any) -> str:
    """Which rows of a list its search and filters find, as people say it."""
    told = []
    for spec in changes.filter_specs:
        value = getattr(spec, "value", lambda: None)()
        if value:
            words = {str(choice): str(label) for choice, label in spec.lookup_choices}
            told.append(f"{spec.title} “{words.get(str(value), value)}”")
        elif (first := getattr(spec, "all_option", None)) and not _is_all(first[1]):
            told.append(f"{spec.title} “{first[1]}”")  # it leaves rows out unless another choice is made
    told += [f"{name} “{changes.params[name]}”" for name in sorted(model_admin.url_lookups) if name in changes.params]
    found_by = without_secrets(changes.query.strip())
    filters = f" with {', '.join(told)}" if told else ""
    search = f" found by “{found_by}”" if found_by else ""
    return f"all {model_admin.opts.verbose_name_plural}{filters}{search}"


def _is_all(label: object) -> bool:
    return str(label) == "All"


def is_mirrored(model_admin: Any) -> bool:
    """Whether the rows are copies of what a remote has; else they are our own."""
    return hasattr(model_admin, "resource_name")


def as_of(model_admin: Any) -> datetime | None:
    """The rows were so, or are newer, at this moment; None where the remote was never read to the end."""
    return freshness.swept_from_of(model_admin.model) if is_mirrored(model_admin) else timezone.now()
