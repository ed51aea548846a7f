"""Verbs by one click on the board and the stations: a POST with the id of its write, and back to where it came from."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from backoffice import upstreams
from backoffice.admin.doing import VerbForm, do, tell
from backoffice.admin.readonly import Button
from backoffice.models import RemoteWrite
from backoffice.returning import NEXT
from backoffice.texts import Text
from backoffice.writes.plan import may
from backoffice.writes.verbs import Verb, WriteVerb

DAMAGED = _("The form came back damaged, so nothing was sent. Load the page anew and do it again.")


def deed(request: HttpRequest, verb: WriteVerb, done: Text, **wanted: Any) -> RemoteWrite | None:
    """Do what a button asks for, once however often it was pressed, and tell how it ended.

    Args:
        done: the sentence of success.
        wanted: as ``plan``.

    Returns the write; None where the form was damaged and nothing was done. Raises PermissionDenied.
    """
    form = VerbForm(request.POST)
    if not form.is_valid():
        if not may(cast(User, request.user), verb.permission):
            raise PermissionDenied
        messages.error(request, DAMAGED)
        return None
    write = do(request, verb, id=form.id, **wanted).write
    tell(request, write, done)
    return write


def button(
    request: HttpRequest,
    verb: Verb,
    url: str,
    off: Text,
    label: Text = "",
    fields: Mapping[str, str] | None = None,
    *,
    is_main: bool = False,
) -> list[Button]:
    """The button of a verb, each with a write of its own; none for a person who may not."""
    if not may(cast(User, request.user), verb.permission):
        return []
    values = {"write_id": str(uuid4()), NEXT: request.get_full_path(), **(fields or {})}
    off = off or upstreams.why_off(verb.upstream)
    return [Button(label or verb.label, url, off=off, is_main=is_main, fields=values)]
