"""Verbs on pages of their own: each says what it does, asks what it needs, is sent once and tells how it ended."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from backoffice import upstreams
from backoffice.admin.deed_forms import DeedForm, RowsForm
from backoffice.admin.doing import do, in_hand, tell, writes_to
from backoffice.admin.readonly import Button
from backoffice.admin.showing import shows
from backoffice.client import PERSON
from backoffice.errors import BackofficeError, RemoteError
from backoffice.models import RemoteWrite
from backoffice.site import View
from backoffice.sync.changes import is_same
from backoffice.sync.resource import RESOURCES
from backoffice.texts import Text
from backoffice.views import staff_page
from backoffice.wording import remote_error_in_words
from backoffice.writes.plan import may
from backoffice.writes.verbs import ReadVerb, WriteVerb

State = RemoteWrite.State
WhyNot = Callable[[str, Any], Text]
UNCHANGED = _("Nothing was changed in the form, so nothing was sent.")


@dataclass(frozen=True)
class Deed:
    """One verb as its page tells it."""

    verb: WriteVerb
    does: tuple[Text, ...]  # sentences above the form
    done: Text  # what is true then, after the row's name: "is on hold."
    why_not: WhyNot
    form: type[DeedForm] = DeedForm
    of: type[Model] | None = None  # the model of the row that it begins at, where that is another than the verb's

    @property
    def model(self) -> type[Model]:
        """The mirrored model of the rows whose pages offer it."""
        return self.of or RESOURCES[self.verb.resource].model

    @property
    def url_name(self) -> str:
        """Of its page: "assign_handlinglist"."""
        return url_name(self.verb.name, RESOURCES[self.verb.resource].model)

    @property
    def path(self) -> str:
        """The last part of the page's address."""
        return f"{self.verb.name}-{self.verb.target}" if self.of else self.verb.name

    def why_off(self, row: Any) -> Text:
        """Why it cannot be done to a row as it is here, in a sentence; "" when it can."""
        return self.why_not(self.verb.name, row) or self.form.why_none(row)


def url_name(verb: str, model: type[Model]) -> str:
    """The name of the page of a verb."""
    return f"{verb}_{model._meta.model_name}"


def urls(deeds: Iterable[Deed]) -> list[URLPattern]:
    """The pages, under the list of the objects."""
    return [path(f"<int:pk>/{deed.path}/", _view(deed), name=deed.url_name) for deed in deeds]


def refresh_url(verb: ReadVerb) -> URLPattern:
    """Where a POST reads one object again."""
    model = RESOURCES[verb.resource].model

    @require_POST
    @staff_page(_view_permission(model), verb.permission)
    def refresh(request: HttpRequest, pk: int) -> HttpResponseBase:
        row: Any = get_object_or_404(model._default_manager, pk=pk)
        label = upstreams.UPSTREAMS[verb.upstream].label
        done = gettext("{thing} was read from {upstream} again.").format(thing=row, upstream=label)
        read_again(request, verb, row.remote_id, done)
        return _to(row)

    return path("<int:pk>/refresh/", refresh, name=url_name("refresh", model))


def read_again(request: HttpRequest, verb: ReadVerb, remote_id: str, done: Text) -> None:
    """Read one object again and tell what came of it. Raises PermissionDenied."""
    if not may(cast(User, request.user), verb.permission):
        raise PermissionDenied
    try:
        with verb.client(PERSON) as api:
            verb.read(api, remote_id)
    except RemoteError as error:
        messages.error(request, remote_error_in_words(error, upstreams.UPSTREAMS[verb.upstream].label))
    except BackofficeError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, str(done))


def buttons(request: HttpRequest, deeds: Iterable[Deed], row: Any) -> list[Button]:
    """The buttons that the person may press, each with why it is off."""
    shown = []
    for deed in deeds:
        if request.user.has_perm(deed.verb.permission):
            off = deed.why_off(row) or upstreams.why_off(deed.verb.upstream)
            url = reverse(f"admin:{deed.url_name}", args=[row.pk])
            shown.append(Button(deed.verb.label, url, off=off, is_link=True))
    return shown


def refresh_button(request: HttpRequest, verb: ReadVerb, row: Any) -> list[Button]:
    """The button that reads the object again, for those who may."""
    if not request.user.has_perm(verb.permission):
        return []
    url = reverse(f"admin:{url_name('refresh', type(row))}", args=[row.pk])
    label = upstreams.UPSTREAMS[verb.upstream].label
    return [
        Button(
            _("Refresh from {upstream}").format(upstream=label),
            url,
            "sync",
            off=upstreams.why_off(verb.upstream),
            is_main=True,
        )
    ]


# -- the page of one verb ---------------------------------------------------------------------------------------------


def _view(deed: Deed) -> View:
    @require_http_methods(["GET", "HEAD", "POST"])
    @staff_page(_view_permission(deed.model), deed.verb.permission)
    def view(request: HttpRequest, pk: int) -> HttpResponseBase:
        row: Any = get_object_or_404(deed.model._default_manager, pk=pk)
        if request.method != "POST":
            return _asked(request, deed, row)
        if "do" in request.POST and issubclass(deed.form, RowsForm):
            return show(request, deed, row, deed.form.rearranged(request.POST, request.POST["do"], row=row))
        form = deed.form(request.POST, row=row)
        if not form.is_valid():
            return _asked(request, deed, row, form)
        if deed.form.needs_change and not form.sends():
            messages.info(request, UNCHANGED)
            return _to(row)
        return _done(request, deed, row, form)

    return view


def _asked(request: HttpRequest, deed: Deed, row: Any, form: DeedForm | None = None) -> HttpResponseBase:
    why = deed.why_off(row)
    if not why:
        return show(request, deed, row, form or deed.form(row=row))
    told = gettext("{verb}: {thing} is left as it is. {why}")
    messages.error(request, told.format(verb=deed.verb.label, thing=row, why=why))
    return _to(row)


def _done(request: HttpRequest, deed: Deed, row: Any, form: DeedForm) -> HttpResponseBase:
    sends = form.sends()
    wanted: dict[str, Any] = {
        "again": form.earlier_id,
        "owner_remote_id" if deed.of else "remote_id": row.remote_id,
        "sends": sends,
        "before": form.before(),
        "reason": form.cleaned_data["reason"],
    }
    if shows(request, form, deed.verb, **wanted):
        return show(request, deed, row, form)
    write = do(request, deed.verb, id=form.id, **wanted).write
    if write.state in {State.PLANNED, State.SENT}:
        return in_hand(request, write)
    row = deed.model._default_manager.get(pk=row.pk)
    form.row = row  # as it is by now
    all_sent = {**deed.verb.sends, **sends}
    is_refused_for_good = write.state == State.REFUSED and bool(deed.why_off(row))
    if (
        write.state == State.UNKNOWN
        or (write.state == State.CONFIRMED and is_same(write.sends, all_sent))
        or is_refused_for_good
    ):
        told = pgettext("it goes on as: is on hold.", "{thing} {is_done}")
        tell(request, write, told.format(thing=row, is_done=deed.done))
        return _to(row)
    form.come_back(write, all_sent)
    return show(request, deed, row, form)


def show(request: HttpRequest, deed: Deed, row: Any, form: DeedForm) -> HttpResponseBase:
    """The page with the form."""
    return page(request, deed.verb, form, f"{deed.verb.label}: {row}", row, does=deed.does)


def created(
    request: HttpRequest,
    verb: WriteVerb,
    form: DeedForm,
    told: Callable[[Any], Text],
    show: Callable[[], HttpResponseBase],
) -> HttpResponseBase:
    """Create an object with a valid form: its page, or that of the write; the form once more where it was not done.

    Args:
        told: the sentence of success; called with the mirrored object, None where it is not here yet.
        show: the page with the form.
    """
    sends, reason = form.sends(), form.cleaned_data["reason"]
    if shows(request, form, verb, again=form.earlier_id, sends=sends, reason=reason):
        return show()
    write = do(request, verb, id=form.id, again=form.earlier_id, sends=sends, reason=reason).write
    if write.state in {State.PLANNED, State.SENT}:
        return in_hand(request, write)
    if write.state == State.UNKNOWN or (write.state == State.CONFIRMED and is_same(write.sends, sends)):
        model = RESOURCES[verb.resource].model
        made = model._default_manager.filter(remote_id=write.remote_id).first() if write.remote_id else None
        tell(request, write, told(made))
        return _to(made) if made else redirect(_changelist(model))
    form.come_back(write, sends)
    return show()


def page(
    request: HttpRequest,
    verb: WriteVerb,
    form: Any,
    title: str,
    row: Any = None,
    *,
    does: Iterable[Text] = (),
    part: str = "",
) -> HttpResponseBase:
    """A page with the form of a verb.

    Args:
        row: the object whose page it leads back to; None: to the list.
        part: a template that is shown above the plain fields.
    """
    model = RESOURCES[verb.resource].model if row is None else type(row)
    context = {
        **admin.site.each_context(request),
        **writes_to(verb.upstream),
        "title": title[:200],
        "opts": model._meta,
        "verb": verb,
        "row": row,
        "does": does,
        "form": form,
        "part": part,
        "off": upstreams.why_off(verb.upstream),
        "back_url": _url(row) if row is not None else reverse(_changelist(model)),
    }
    return TemplateResponse(request, "backoffice/verb.html", context)


def _view_permission(model: type[Model]) -> str:
    return f"{model._meta.app_label}.view_{model._meta.model_name}"


def _changelist(model: type[Model]) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"


def _url(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def _to(row: Any) -> HttpResponseBase:
    return redirect(_url(row))
