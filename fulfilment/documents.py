"""Labels and packing slips on screen and paper: fetched from Afosto for whoever looks, and kept nowhere."""

import re
from collections.abc import Mapping
from typing import Any

from csp.decorators import csp_replace
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.functional import lazystr
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from backoffice import audit
from backoffice.client import PERSON
from backoffice.errors import BackofficeError, RemoteContractError, RemoteError
from backoffice.texts import Text, written
from backoffice.views import staff_page
from backoffice.wording import remote_error_in_words
from fulfilment.afosto import AfostoAPI
from fulfilment.models import LabelJob, Parcel

SEE = ("fulfilment.view_labeljob", "fulfilment.view_parcel")
PDF = "application/pdf"
SHOWN_AS: Mapping[str, str] = {
    PDF: "pdf", "image/png": "png", "image/jpeg": "jpg", "text/plain": "txt",
}  # fmt: skip
"""What a browser may show by itself; all else, HTML and SVG among it, is a download."""
FRAMED = {"frame-ancestors": ["'self'"]}
"""The print page shows the document, or the words that say why it cannot be had now."""
SHUT = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
"""What a document may do: be shown."""


@require_safe
@staff_page(*SEE)
@xframe_options_sameorigin
@csp_replace(FRAMED)  # type: ignore[arg-type]  # typed for views of one argument
def label_document(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The document of a label job. Asks Afosto for the file, never for a new one."""
    job = get_object_or_404(LabelJob.objects.select_related("parcel"), pk=pk)
    if not job.file_id:
        told = _("The {document} of {parcel} is {state}: there is no file.")
        raise Http404(told.format(document=job.get_kind_display(), parcel=job.parcel, state=job.get_state_display()))
    return _document(request, job.parcel, job.file_id, LabelJob.Kind(job.kind))


@require_safe
@staff_page(*SEE)
@xframe_options_sameorigin
@csp_replace(FRAMED)  # type: ignore[arg-type]  # typed for views of one argument
def parcel_label(request: HttpRequest, remote_id: str) -> HttpResponseBase:
    """The label of a parcel, whoever had it made."""
    parcel = get_object_or_404(Parcel, remote_id=remote_id)
    if not parcel.label_file_id:
        raise Http404(_("{parcel} has no label yet.").format(parcel=parcel))
    return _document(request, parcel, parcel.label_file_id, LabelJob.Kind.LABEL)


def file_of(api: AfostoAPI, file_id: str) -> tuple[bytes, str]:
    """The bytes of a file at Afosto and their content type, "" where nobody told. Raises RemoteError."""
    file = api.file(file_id)
    if not file.url:
        raise RemoteContractError("GET /cnt/files/{id}", "answered without an address of the file")
    body, kind = api.download(file.url)
    return body, kind or (file.mime or "").lower()


def shown(body: bytes, kind: str, name: str) -> HttpResponse:
    """A document as a browser may have it: on screen where that is harmless, otherwise as a download."""
    is_shown = kind in SHOWN_AS
    response = HttpResponse(body, content_type=kind if is_shown else "application/octet-stream")
    response.headers["Content-Disposition"] = _disposition(name, SHOWN_AS.get(kind, "bin"), is_shown)
    response.headers["X-Content-Type-Options"] = "nosniff"
    # Browsers show no PDF inside a sandbox.
    response.headers["Content-Security-Policy"] = SHUT if kind == PDF else f"{SHUT}; sandbox"
    return response


def problem(request: HttpRequest, title: str, *told: Text, **more: Any) -> HttpResponseBase:
    """The page instead of a document that cannot be had now."""
    context = {**admin.site.each_context(request), "title": title, "told": told, **more}
    return TemplateResponse(request, "fulfilment/no_document.html", context, status=502)


def note_opened(parcel: Parcel, kind: LabelJob.Kind) -> None:
    """In the audit: that a document of a parcel was handed out."""
    label, detail = written(lazystr(parcel)), written(kind.label)
    audit.note_mirrored("open_document", "afosto.parcels", parcel.remote_id, label=label, detail=detail)


def _document(request: HttpRequest, parcel: Parcel, file_id: str, kind_of_it: LabelJob.Kind) -> HttpResponseBase:
    name = f"{kind_of_it.label} {parcel}"
    missing = _("No {document} now").format(document=name)
    try:
        with AfostoAPI.from_settings(PERSON) as api:
            body, kind = file_of(api, file_id)
    except RemoteError as error:
        return problem(request, missing, remote_error_in_words(error, "Afosto"))
    except BackofficeError as error:
        return problem(request, missing, str(error))
    note_opened(parcel, kind_of_it)
    return shown(body, kind, name)


def _disposition(name: str, ending: str, is_shown: bool) -> str:
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80] or "document"
    return f'{"inline" if is_shown else "attachment"}; filename="{safe}.{ending}"'
