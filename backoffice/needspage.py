"""``/needs-you/`` and what a person does there: look for a write, settle it by hand, send it again, dismiss it."""

from typing import cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backoffice import audit, times, upstreams
from backoffice.admin.doing import tell
from backoffice.badges import in_words
from backoffice.client import PERSON
from backoffice.errors import NotAllowed, WriteIsSettled
from backoffice.models import Drift, RemoteWrite
from backoffice.needs import section
from backoffice.needs.sync import DISMISS_DRIFT
from backoffice.returning import came_from
from backoffice.texts import number
from backoffice.views import staff_page
from backoffice.writelines import label, note_members_seen, write_lines
from backoffice.writes import settle as settling
from backoffice.writes import waiting
from backoffice.writes.carry_out import carry_out, renew
from backoffice.writes.dismiss import DISMISSIBLE, dismiss
from backoffice.writes.history import visible_writes
from backoffice.writes.plan import Actor, may
from backoffice.writes.verbs import verb_of

State = RemoteWrite.State
MAX_REASON_CHARS = 400


class SettleForm(forms.Form):
    """What a person saw at the remote, and how."""

    was_done = forms.ChoiceField(
        choices=[("yes", gettext_lazy("It was done")), ("no", gettext_lazy("It was not done"))],
        error_messages={
            "required": gettext_lazy("Say whether it was done."),
            "invalid_choice": gettext_lazy("Say whether it was done."),
        },
    )
    reason = forms.CharField(
        max_length=MAX_REASON_CHARS,
        error_messages={"required": gettext_lazy("Say how you know; it stands in the history.")},
    )


@require_safe
@staff_page()
def needs_you(request: HttpRequest) -> HttpResponseBase:
    """Everything that waits for this person."""
    sections = section.waiting(request)
    context = {**admin.site.each_context(request), "title": _("Needs you"), "sections": sections}
    return TemplateResponse(request, "backoffice/needs_you.html", context)


@require_POST
@staff_page("backoffice.view_remotewrite")
def look(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Look for an unknown write now."""
    write = _write(request, pk)
    if not (_may_do(request, write) or may(_user(request), settling.SETTLE)):
        raise PermissionDenied
    settling.find_lost()
    write.refresh_from_db()
    if write.state != State.UNKNOWN:
        told = _("It is {state} already, so there is nothing to look for.")
        messages.info(request, told.format(state=in_words(write.state)))
        return _back(request, write)
    settling.look_for(write, PERSON)
    if write.state == State.UNKNOWN:
        told = _("Nobody can say yet. {remark}").format(remark=write.remark)
        if write.next_look_at:
            again = _("It is looked for again {when}.").format(when=times.relative(write.next_look_at))
            told = f"{told} {again}"
        messages.warning(request, told)
    else:
        tell(request, write, _("It was done."))
    return _back(request, write)


@require_POST
@staff_page("backoffice.view_remotewrite")
def send_again(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Send a failed write again, as a new attempt on it."""
    write = _write(request, pk)
    settling.find_lost()
    write.refresh_from_db()
    verb = verb_of(write)
    if verb.has_secret:
        if verb.form:
            told = _("Nothing was sent: {deed} is done on its own page, as its answer is shown only there.")
        else:
            told = _("Nothing was sent: {deed} is done by its command, as its answer is shown only there.")
        messages.error(request, told.format(deed=label(verb)))
        return _back(request, write)
    try:
        renew(write, Actor(_user(request), RemoteWrite.Door.PAGE))
    except NotAllowed as error:
        raise PermissionDenied(str(error)) from error
    except WriteIsSettled as error:
        messages.info(request, f"{error}")
        return _back(request, write)
    carry_out(write, PERSON)
    write.refresh_from_db()
    tell(request, write, _("{deed}: done.").format(deed=label(verb)))
    return _back(request, write)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("backoffice.view_remotewrite", settling.SETTLE)
def settle(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """GET asks what became of an unknown write and how the person knows, POST settles it. Nothing is sent."""
    write = _write(request, pk)
    if request.method == "POST":
        settling.find_lost()
        write.refresh_from_db()
    note_members_seen(request.user, write)
    form = SettleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        was_done = form.cleaned_data["was_done"] == "yes"
        actor = Actor(_user(request), RemoteWrite.Door.PAGE)
        try:
            settling.settle_by_hand(write, actor, was_done=was_done, reason=form.cleaned_data["reason"])
        except WriteIsSettled as error:
            messages.info(request, f"{error}")
        else:
            told = _("{deed} is {state} now, by your word.")
            messages.success(request, told.format(deed=label(verb_of(write)), state=in_words(write.state)))
        return _back(request, write)
    context = {
        **admin.site.each_context(request),
        "title": _("Settle by hand"),
        "line": write_lines(_user(request), [write])[0],
        "upstream": upstreams.UPSTREAMS[write.upstream].label,
        "problems": [problem for problems in form.errors.values() for problem in problems],
        "reason": request.POST.get("reason", ""),
        "next": _next(request, write),
    }
    return TemplateResponse(request, "backoffice/settle_write.html", context)


@require_POST
@staff_page("backoffice.view_remotewrite")
def dismiss_write(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """A person has seen how it ended."""
    write = _write(request, pk)
    if not _may_do(request, write):
        raise PermissionDenied
    why_not = _("Nothing was dismissed: it was dismissed already.")
    if write.state not in DISMISSIBLE:
        told = _("Nothing was dismissed: it is {state}; only what failed or was refused can be.")
        why_not = told.format(state=in_words(write.state))
    _dismiss(request, RemoteWrite.objects.filter(pk=write.pk), why_not)
    return _back(request, write)


@require_POST
@staff_page("backoffice.view_remotewrite")
def dismiss_of_bulk(request: HttpRequest, pk: UUID, kind: str) -> HttpResponseBase:
    """The same for all writes of a bulk action that wait for the same reason."""
    if kind not in DISMISSIBLE:
        raise Http404
    writes = visible_writes(request.user).filter(waiting.KINDS[kind](), bulk=pk)
    why_not = _("Nothing was dismissed: none waits any more.")
    _dismiss(request, RemoteWrite.objects.filter(pk__in=writes.order_by().values("pk")), why_not)
    return redirect("needs_you")


@require_POST
@staff_page("backoffice.view_drift", DISMISS_DRIFT)
def dismiss_drift(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A departure from the contract that is known by now."""
    drift = get_object_or_404(Drift, pk=pk)
    open_one = Drift.objects.filter(pk=drift.pk, dismissed_at=None)
    if open_one.update(dismissed_at=timezone.now(), dismissed_by=_user(request)):
        audit.note("dismiss", kind="drift", remote_id=str(drift.pk), label=str(drift))
    told = _("Dismissed: {kind} {name}. It stays in the list of drift.")
    messages.success(request, told.format(kind=drift.get_kind_display(), name=drift.name))
    return redirect("needs_you")


def _dismiss(request: HttpRequest, writes: QuerySet[RemoteWrite], why_not: str) -> None:
    try:
        count = dismiss(writes, Actor(_user(request), RemoteWrite.Door.PAGE))
    except NotAllowed as error:
        raise PermissionDenied(str(error)) from error
    if count:
        told = _("Dismissed: {count}. What was done and said stays in the list of writes.")
        messages.success(request, told.format(count=number(count)))
    else:
        messages.info(request, why_not)


def _write(request: HttpRequest, pk: UUID) -> RemoteWrite:
    return get_object_or_404(visible_writes(request.user).select_related("follows"), pk=pk)


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)  # staff_page let them in


def _may_do(request: HttpRequest, write: RemoteWrite) -> bool:
    return may(_user(request), verb_of(write).permission)


def _back(request: HttpRequest, write: RemoteWrite) -> HttpResponse:
    return redirect(_next(request, write))


def _next(request: HttpRequest, write: RemoteWrite) -> str:
    """Where the person came from; else the page of the write."""
    return came_from(request, reverse("admin:backoffice_remotewrite_change", args=[write.pk]))
