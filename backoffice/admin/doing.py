"""A verb on a page: the form that carries the write's id, doing it once, and telling how it ended."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast
from uuid import UUID, uuid4

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from backoffice import upstreams
from backoffice.badges import Tone, badge, in_words
from backoffice.client import PERSON
from backoffice.errors import NotAllowed, WriteIsSettled
from backoffice.models import RemoteWrite
from backoffice.pasted import without_secrets
from backoffice.sync.changes import is_same
from backoffice.texts import Text
from backoffice.writes.carry_out import carry_out, renew
from backoffice.writes.dismiss import dismiss
from backoffice.writes.plan import MAX_REASON_CHARS, Actor, plan
from backoffice.writes.preview import Preview
from backoffice.writes.verbs import WriteVerb

T = TypeVar("T")
State = RemoteWrite.State
CSRF = "csrfmiddlewaretoken"
SHOW = "_preview"
"""What a form carries that is sent only to see its request (``admin.showing``)."""
_IN_VAIN = (State.REFUSED, State.FAILED)
_OVER = (State.CONFIRMED, *_IN_VAIN)
_LEVELS = {
    State.CONFIRMED: messages.SUCCESS,
    State.UNKNOWN: messages.WARNING,
    State.REFUSED: messages.ERROR,
    State.FAILED: messages.ERROR,
}


SENT_BEFORE = _(
    "This form was sent before, and that is {state}. What was typed in it since was not sent: look at it and send it "
    "again if it is still wanted."
)


class VerbForm(forms.Form):
    """Base of the forms that write: the same form sent twice is one write.

    ``again`` names the refused or failed write after which the form is shown once more: the same content sends a failed
    one again, and what is done instead puts it aside.
    """

    previews: Sequence[Preview] = ()
    """The requests that it would send, where somebody asked to see them."""
    alike = ""
    """Of many rows: how many are sent like the one that is shown, in a sentence."""
    write_id = forms.UUIDField(widget=forms.HiddenInput)
    again = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("write_id", uuid4())

    @property
    def id(self) -> UUID:
        """The id of the write that this form is; only of a valid form."""
        return cast(UUID, self.cleaned_data["write_id"])

    @property
    def earlier_id(self) -> UUID | None:
        """The id of the write of this form that failed, or was refused, before; only of a valid form."""
        return cast("UUID | None", self.cleaned_data.get("again"))

    def come_back(self, after: RemoteWrite, sends: Mapping[str, Any] | None = None) -> None:
        """Be shown once more, as another submission, with why this one came to nothing.

        Args:
            sends: what the form holds now, where it may be an old one that was changed and sent once more.
        """
        if sends is None or is_same(after.sends, sends):
            self.tell_refusal(after)
        else:
            self.add_error(None, SENT_BEFORE.format(state=in_words(after.state)))
        self.become_new(after)

    def tell_refusal(self, write: RemoteWrite) -> None:
        """Say why the write came to nothing, above the fields; forms with members of their own say it at these."""
        self.add_error(None, write.error)

    def become_new(self, after: RemoteWrite) -> None:
        """Another submission, with all that was typed: the write of this one is over."""
        data = cast(QueryDict, self.data).copy()
        data["write_id"] = str(uuid4())
        data["again"] = str(after.pk) if after.state in _IN_VAIN else ""
        self.data = data


class ReasonForm(VerbForm):
    """Why it is done, for the history."""

    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=MAX_REASON_CHARS,
        help_text=_("Stands in the history here; it is not sent."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, is_required: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = is_required


@dataclass(frozen=True)
class Done(Generic[T]):
    """A write after a page did it, or had done it before. ``answer`` is the service's, only where it came now."""

    write: RemoteWrite
    is_new: bool
    answer: T | None


def writes_to(upstream: str) -> dict[str, Any]:
    """What ``admin/parts/_writes_to.html`` shows on every form that writes: the system, and which installation."""
    tone: Tone = "info" if upstreams.identity(upstream) == upstreams.SANDBOX else "bad"
    shown = "" if upstreams.why_off(upstream) else badge(upstreams.installation(upstream), tone)
    return {"upstream_label": upstreams.UPSTREAMS[upstream].label, "installation": shown}


def do(
    request: HttpRequest,
    verb: WriteVerb,
    *,
    id: UUID,
    again: UUID | None = None,
    work: Callable[[RemoteWrite], Callable[[Any], T]] | None = None,
    **wanted: Any,
) -> Done[T]:
    """Plan the write of a submitted form and carry it out, unless the same form did so before.

    Args:
        id: the form's.
        again: a write of the same form that came to nothing. Where it failed and just the same is wanted now, that one
            is sent once more and none is planned; once another ended instead, that one needs a person, if any does.
        work: from the planned write to what is done with a client, where the service's answer is needed.
        wanted: as ``plan``.

    Raises PermissionDenied; SuspiciousOperation where the id is that of a write of another kind or to another object,
    and where the form was sent to be shown: nothing that is only to be shown is sent, whatever page forgets to ask.
    """
    if SHOW in request.POST:
        raise SuspiciousOperation("This page cannot show its request. Nothing was sent.")
    actor = Actor(cast(User, request.user), RemoteWrite.Door.PAGE)
    try:
        write, is_new = _taken_up(verb, actor, again, wanted) or plan(verb, actor, id=id, **wanted)
    except NotAllowed as error:
        raise PermissionDenied(str(error)) from error
    is_its = all(wanted.get(name, "") in {"", getattr(write, name)} for name in ("remote_id", "owner_remote_id"))
    if (write.target, write.verb) != (verb.target, verb.name) or not is_its:
        raise SuspiciousOperation("This form's id is that of another write.")
    answer = carry_out(write, PERSON, work(write) if work else None) if is_new else None
    write.refresh_from_db()
    if again and is_new and write.pk != again and write.state in _OVER:
        _put_aside(verb, actor, again)
    return Done(write, is_new, answer)


def _taken_up(
    verb: WriteVerb, actor: Actor, again: UUID | None, wanted: Mapping[str, Any]
) -> tuple[RemoteWrite, bool] | None:
    """The write ``again`` where it wants the same, and whether it is ours to send: only a failed one is."""
    write = same_again(verb, again, wanted)
    if write is None:
        return None
    try:
        renew(write, actor, wanted.get("permission", ""))
    except WriteIsSettled:
        return write, False
    return write, True


def same_again(verb: WriteVerb, again: UUID | None, wanted: Mapping[str, Any]) -> RemoteWrite | None:
    """The write ``again``, where the same is wanted now and it was not refused."""
    write = RemoteWrite.objects.filter(pk=again, target=verb.target, verb=verb.name).first() if again else None
    if write is None or write.state == State.REFUSED:
        return None
    is_same_wish = _wants(write, {**wanted, "sends": {**verb.sends, **wanted.get("sends", {})}})
    return write if is_same_wish else None


def _put_aside(verb: WriteVerb, actor: Actor, again: UUID) -> None:
    """What a person did instead of a write of his own that came to nothing leaves nothing to do about that one."""
    with suppress(NotAllowed):
        dismiss(RemoteWrite.objects.filter(pk=again, target=verb.target, verb=verb.name, actor=actor.user), actor)


def _wants(write: RemoteWrite, wanted: Mapping[str, Any]) -> bool:
    remote_id = wanted.get("remote_id") or write.remote_id  # what a create made has an id by now
    reason = without_secrets(wanted.get("reason", ""))  # as ``plan`` keeps it
    is_alike = (write.owner_remote_id, write.reason) == (wanted.get("owner_remote_id", ""), reason)
    return is_alike and remote_id == write.remote_id and is_same(write.sends, wanted["sends"])


def in_hand(request: HttpRequest, write: RemoteWrite) -> HttpResponse:
    """The page of a form whose write is under way by another submission of it.

    It sends the same form once more after a moment, which tells how that one ended and never sends it again.
    """
    context = {
        **admin.site.each_context(request),
        "title": gettext("Being sent"),
        "write": write,
        "label": upstreams.UPSTREAMS[write.upstream].label,
        "typed": [(name, value) for name, values in request.POST.lists() if name != CSRF for value in values],
    }
    return TemplateResponse(request, "backoffice/in_hand.html", context)


def tell(request: HttpRequest, write: RemoteWrite, done: Text, level: int | None = None) -> None:
    """Say how a write ended, with a link to its page.

    ``done`` is the sentence of success; ``level`` instead of the one that goes with the write's state.
    """
    sentence = {
        State.CONFIRMED: f"{done} {write.remark}".strip(),
        State.PLANNED: gettext("It waits to be sent; its history tells how it ends."),
        State.SENT: gettext("It is being sent right now; its history tells how it ends."),
    }.get(State(write.state), write.error)
    url = reverse("admin:backoffice_remotewrite_change", args=[write.pk])
    link: Text = ""
    if request.user.has_perm("backoffice.view_remotewrite"):
        link = format_html(' <a href="{}">{}</a>', url, gettext("Details"))
    level = level or _LEVELS.get(State(write.state), messages.INFO)
    messages.add_message(request, level, format_html("{}{}", sentence, link))
