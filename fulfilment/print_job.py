"""Several labels and packing slips as one print job: one document, so that one click at the printer does."""

from collections.abc import Sequence
from functools import partial
from io import BytesIO

from csp.decorators import csp_replace
from django.contrib import admin
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe
from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError

from backoffice.client import PERSON
from backoffice.errors import BackofficeError, RemoteError
from backoffice.sync.ahead import in_order
from backoffice.texts import Text
from backoffice.views import staff_page
from backoffice.wording import remote_error_in_words
from fulfilment.afosto import AfostoAPI
from fulfilment.documents import FRAMED, PDF, SEE, file_of, note_opened, problem, shown
from fulfilment.models import LabelJob

MOST_AT_ONCE = 50
MAX_BYTES = 60 * 1024 * 1024  # of all documents together; a label has some 50 KB
IN_FLIGHT = 4

File = tuple[bytes, str] | Text
"""The bytes of a document and their content type; or, in words, why it cannot be had now."""


@require_safe
@staff_page(*SEE)
def print_labels(request: HttpRequest) -> HttpResponseBase:
    """What came to nothing, with why; what is not there yet; and the others, ready to be printed in one go."""
    jobs = _wanted(request)
    ready = [job for job in jobs if job.file_id]
    context = {
        **admin.site.each_context(request),
        "title": gettext("Print labels"),
        "failed": [job for job in jobs if job.state == LabelJob.State.FAILED],
        "waiting": [job for job in jobs if job.state in {LabelJob.State.REQUESTED, LabelJob.State.PENDING}],
        "ready": ready,
        "document_url": _url("print_document", ready),
    }
    return TemplateResponse(request, "fulfilment/print_labels.html", context)


@require_safe
@staff_page(*SEE)
@xframe_options_sameorigin
@csp_replace(FRAMED)
def print_document(request: HttpRequest) -> HttpResponseBase:
    """All of them as one PDF, in the order they were asked for. Asks Afosto for the files, never for new ones.

    Where one cannot be had or is no PDF, a page says which and offers the others: no label is left out unsaid.
    """
    jobs = [job for job in _wanted(request) if job.file_id]
    if not jobs:
        raise Http404(gettext("None of these documents is there."))
    try:
        files = _files(jobs)
    except BackofficeError as error:
        return problem(request, gettext("Nothing to print now"), str(error))
    writer, good, told = PdfWriter(), [], []
    for job, file in zip(jobs, files, strict=True):
        if reason := _why_not(writer, file):
            told.append(f"{job.parcel}, {job.get_kind_display()}: {reason}")
        else:
            good.append(job)
    if told:
        title = gettext("Not all of them can be printed now")
        return problem(request, title, *told, others=len(good), others_url=_url("print_document", good))
    for job in jobs:
        note_opened(job.parcel, LabelJob.Kind(job.kind))
    document = BytesIO()
    writer.write(document)
    return shown(document.getvalue(), PDF, gettext("labels {count}").format(count=len(jobs)))


def _wanted(request: HttpRequest) -> list[LabelJob]:
    asked = [int(pk) for pk in request.GET.getlist("job") if pk.isdecimal() and len(pk) < 18][:MOST_AT_ONCE]
    place = {pk: number for number, pk in enumerate(asked)}
    found = LabelJob.objects.filter(pk__in=asked).select_related("parcel")
    return sorted(found, key=lambda job: place[job.pk])


def _files(jobs: Sequence[LabelJob]) -> list[File]:
    """The files of ``jobs`` in their order. Raises BackofficeError where Afosto is off, or they are too large."""
    files, size = [], 0
    with AfostoAPI.from_settings(PERSON) as api:
        for file in in_order((partial(_file, api, job.file_id) for job in jobs), IN_FLIGHT):
            files.append(file)
            size += len(file[0]) if isinstance(file, tuple) else 0
            if size > MAX_BYTES:
                told = _("They are more than {size} MB together. Print fewer at once.")
                raise BackofficeError(format_lazy(told, size=MAX_BYTES // 1024**2))
    return files


def _file(api: AfostoAPI, file_id: str) -> File:
    try:
        return file_of(api, file_id)
    except RemoteError as error:
        return remote_error_in_words(error, "Afosto")


def _why_not(writer: PdfWriter, file: File) -> Text:
    """Put a document behind those that are in ``writer`` already; why that cannot be, "" where it was done."""
    if isinstance(file, str | Promise):
        return file
    body, kind = file
    if kind != PDF:
        return _("it is no PDF; open it by itself.")
    try:
        writer.append(PdfReader(BytesIO(body)), import_outline=False)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        # What a broken one raises depends on where it is broken.
        return _("its PDF cannot be read; open it by itself.")
    return ""


def _url(name: str, jobs: Sequence[LabelJob]) -> str:
    return f"{reverse(name)}?{'&'.join(f'job={job.pk}' for job in jobs)}"
