"""Signing in and out, as the audit tells it. Passwords, and names that no account has, are not kept."""

from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice import audit
from backoffice.models import AuditEntry
from backoffice.security import client_address, typed_username
from backoffice.texts import written

NOBODY = _("(no such name)")


def connect() -> None:
    """Listen to Django's signals; before axes does, so that a refusal is told from one while a name is locked."""
    user_logged_in.connect(_signed_in, dispatch_uid="backoffice.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="backoffice.signed_out")
    user_login_failed.connect(_refused, dispatch_uid="backoffice.sign_in_refused")


def _signed_in(request: HttpRequest, user: User, **kwargs: Any) -> None:
    _note("sign_in", request, user)


def _signed_out(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        _note("sign_out", request, user)


def _refused(credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Somebody typed a wrong name or password. While the name is locked nothing is added: that could go on for ever."""
    if request is None or not AxesProxyHandler.is_allowed(request, credentials):
        return
    typed = typed_username(request, credentials)
    known = User.objects.filter(username=typed).first()  # what is no name may be a password in the wrong field
    about = {"label": written(NOBODY)}
    if known:
        about = {"remote_id": str(known.pk), "label": known.get_username()}
    audit.note(
        "sign_in", door=AuditEntry.Door.PAGE, kind="user", outcome=AuditEntry.Outcome.REFUSED,
        detail=_from(request), **about,
    )  # fmt: skip


def _note(verb: str, request: HttpRequest, user: User) -> None:
    audit.note(
        verb, user=user, door=AuditEntry.Door.PAGE, kind="user", remote_id=str(user.pk), label=user.get_username(),
        detail=_from(request),
    )  # fmt: skip


def _from(request: HttpRequest) -> str:
    return written(format_lazy(_("from {address}"), address=client_address(request)))
