"""``/exports/``: asking for a file of a list, following it, fetching and deleting it. Each person has only his own."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID, uuid4

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backoffice import audit, exports, listed, savedviews, tasks
from backoffice.badges import Tone, word
from backoffice.models import Export
from backoffice.models.exports import KEPT_FOR
from backoffice.savedviews import Arranged
from backoffice.views import BROKER_DOWN, staff_page

State = Export.State
SHOWN = 50
TONES: dict[str, Tone] = {
    State.QUEUED: "dull",
    State.RUNNING: "info",
    State.READY: "good",
    State.FAILED: "bad",
    State.REFUSED: "bad",
}


class ExportForm(forms.Form):
    """Which file. Its id becomes the export's, so a second click joins it."""

    export_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    kind = forms.ChoiceField(
        choices=Export.Kind.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose CSV or XLSX."),
            "invalid_choice": gettext_lazy("Choose CSV or XLSX."),
        },
    )
    columns = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": gettext_lazy("Choose at least one column."),
            "invalid_choice": gettext_lazy("The list has no such column. Choose again."),
        },
    )

    def __init__(self, *args: Any, headers: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        columns = self.fields["columns"]
        assert isinstance(columns, forms.MultipleChoiceField)  # noqa: S101  declared above
        columns.choices = [(header, words.replace("_", " ")) for header, words in headers.items()]


@require_safe
@staff_page()
def exports_page(request: HttpRequest) -> HttpResponseBase:
    """The person's exports, newest first."""
    context = {**admin.site.each_context(request), "title": _("Exports"), **_parts(request)}
    return TemplateResponse(request, "backoffice/exports.html", context)


@require_safe
@staff_page()
def exports_live(request: HttpRequest) -> HttpResponseBase:
    """The part of that page that changes while one is written."""
    return TemplateResponse(request, "backoffice/parts/_exports.html", _parts(request))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def new_export(request: HttpRequest) -> HttpResponseBase:
    """GET asks what the file is to hold, POST has a worker write it."""
    model_admin = savedviews.list_of(request.GET.get("list", ""))
    if model_admin is None or not model_admin.export_columns:
        raise Http404
    if not exports.may_export(request, model_admin):
        raise PermissionDenied
    arranged = savedviews.arranged(request, model_admin, request.GET.get("query", ""))
    changelist = reverse(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist")
    words = _words(request, model_admin, arranged)
    if words is None or len(arranged.query) > savedviews.LONGEST_QUERY:
        messages.error(
            request, _("Nothing was exported: the list's search or filters cannot be used. Filter it again.")
        )
        return redirect(changelist)
    headers = {header: model_admin.heading(header) for header, value in model_admin.export_columns}
    initial = {"kind": request.GET.get("kind", "csv"), "columns": list(headers)}
    form = ExportForm(request.POST or None, headers=headers, initial=initial)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["columns"]
        wanted = {"kind": form.cleaned_data["kind"], "columns": [] if len(chosen) == len(headers) else chosen}
        try:
            export, is_new = exports.ask(
                cast(User, request.user), model_admin, arranged, id=form.cleaned_data["export_id"], **wanted
            )
        except exports.TooManyOpen as error:
            form.add_error(None, str(error))
        else:
            if is_new:
                _note(export, sorted(QueryDict(arranged.query)))
            if is_new and not tasks.send_export(export):
                messages.warning(request, BROKER_DOWN)
            return redirect("exports")
    address = arranged.address(request, model_admin)
    context = {
        **admin.site.each_context(request),
        "title": _("Export in the background"),
        "form": form,
        "words": words,
        "days": KEPT_FOR.days,
        "back_url": f"{changelist}?{address}" if address else changelist,
    }
    return TemplateResponse(request, "backoffice/new_export.html", context)


@require_safe
@staff_page()
def download_export(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The file, for who asked for it, while that person may see the list."""
    export = _own(request, pk)
    model_admin = savedviews.list_of(export.list_label)
    if model_admin is None or not exports.may_export(request, model_admin):
        raise PermissionDenied
    if export.state != State.READY or export.expires_at <= timezone.now():
        messages.error(request, _("There is no such file (any more). Export the list again."))
        return redirect("exports")
    if export.within != exports.within_of(cast(User, request.user)):
        messages.error(request, _("What you may see of the list was changed since. Export it again."))
        return redirect("exports")
    try:
        file = exports.path_of(export).open("rb")
    except OSError:
        told = _("The file is not here any more. Export the list again; if it lasts, tell an operator.")
        messages.error(request, told)
        return redirect("exports")
    name = f"{model_admin.opts.model_name}-{export.ended_at:%Y%m%d-%H%M}.{export.kind}"
    answer = FileResponse(file, as_attachment=True, filename=name)
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@staff_page()
def delete_export(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Forget one; a worker that writes it stops."""
    exports.delete(_own(request, pk))
    messages.success(request, _("The export was deleted, and its file with it."))
    return redirect("exports")


def _own(request: HttpRequest, pk: UUID) -> Export:
    return get_object_or_404(Export, pk=pk, user=cast(User, request.user))


def _note(export: Export, names: list[str]) -> None:
    """Who took which list. By what it was narrowed is named; what was typed there is not kept."""
    if names:
        told = gettext_lazy("{kind} in the background, narrowed by {names}")
    else:
        told = gettext_lazy("{kind} in the background, narrowed by nothing")
    audit.note_list(export.list_label, format_lazy(told, kind=export.kind, names=", ".join(names)))


def _words(request: HttpRequest, model_admin: Any, arranged: Arranged) -> str | None:
    """Which rows these are; None where the filters' values cannot be used."""
    own = listed.request_of(cast(User, request.user), arranged.address(request, model_admin))
    try:
        return listed.in_words(model_admin, model_admin.get_changelist_instance(own))
    except IncorrectLookupParameters:
        return None


def _parts(request: HttpRequest) -> dict[str, Any]:
    mine = Export.objects.filter(user=cast(User, request.user), expires_at__gt=timezone.now())
    shown = list(mine[:SHOWN])
    lines = [
        {
            "export": export,
            "list": savedviews.title_of(export.list_label),
            "state": word(export.state, TONES),
            "is_ready": export.state == State.READY,
            "query": export.query,
        }
        for export in shown
    ]
    return {"lines": lines, "is_open": any(not export.is_over for export in shown)}
