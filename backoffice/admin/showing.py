"""The request of a form before it is sent, for those who may see it: the same form, sent to be shown."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import ngettext

from backoffice import texts
from backoffice.admin.doing import SHOW, VerbForm, same_again
from backoffice.bulk.freeze import Row
from backoffice.errors import NotAllowed
from backoffice.models import RemoteWrite
from backoffice.writes.plan import Actor, may
from backoffice.writes.preview import PREVIEW, Preview, preview
from backoffice.writes.verbs import WriteVerb

Members = Mapping[str, Any]
State = RemoteWrite.State


def shows(request: HttpRequest, form: VerbForm, verb: WriteVerb, *, again: UUID | None = None, **wanted: Any) -> bool:
    """Whether a valid form was sent to see its request, which its page then shows. Nothing is planned or sent.

    Args:
        again: as ``doing.do``.
        wanted: as ``plan``, just as ``doing.do`` is given it.

    Raises PermissionDenied.
    """
    if SHOW not in request.POST:
        return False
    earlier = same_again(verb, again, wanted)
    failed = earlier if earlier is not None and earlier.state == State.FAILED else None
    form.previews = [previewed(request, verb, id=form.id, failed=failed, **wanted)]
    return True


def show_first(
    request: HttpRequest, form: VerbForm, verb: WriteVerb, row: Row, count: int, *, sends: Members, reason: str = ""
) -> None:
    """Have the page of a bulk action show the request of one of its rows, and say how many ``count`` are like it.

    Raises PermissionDenied.
    """
    wanted = {"remote_id": row.remote_id, "sends": {**sends, **row.sends}, "reason": reason}
    form.previews = [previewed(request, verb, id=uuid4(), **wanted)]
    if count:
        form.alike = ngettext(
            "It is the only row.",
            "It is the request of the first row that can be done; {count} rows are sent like it, each with its own.",
            count,
        ).format(count=texts.number(count))


def previewed(request: HttpRequest, verb: WriteVerb, **wanted: Any) -> Preview:
    """As ``preview``, for the person of the request. Raises PermissionDenied."""
    user = cast(User, request.user)
    if not may(user, PREVIEW):
        raise PermissionDenied
    try:
        return preview(verb, Actor(user, RemoteWrite.Door.PAGE), **wanted)
    except NotAllowed as error:
        raise PermissionDenied(str(error)) from error
