"""Parcels and their documents inside a page: those of a shipment, the label jobs of a parcel."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice import times
from backoffice.admin.readonly import Section
from backoffice.admin.related import linked, url_of
from backoffice.badges import Vocabulary, word
from backoffice.texts import number
from fulfilment.admin.shown import tracking
from fulfilment.models import LabelJob, Parcel, Shipment
from fulfilment.states import PARCEL

JOB_TONES = Vocabulary(
    {"requested": "info", "pending": "info", "ready": "good", "failed": "bad"}, dict(LabelJob.State.choices)
)
SHOWN = 50


@dataclass(frozen=True)
class ParcelLine:
    """One parcel."""

    name: SafeString | str
    state: SafeString
    tracking: SafeString | str
    weight: str
    pieces: int


@dataclass(frozen=True)
class JobLine:
    """One label or packing slip that was asked for. ``document`` is its address once it is ready."""

    name: str
    url: str
    state: SafeString
    who: str
    when: SafeString | str
    document: str
    error: str


def parcel_section(request: HttpRequest, shipment: Shipment) -> Section:
    """The parcels of a shipment."""
    rows = shipment.parcels.filter(vanished_at=None).defer("payload", "search_text")
    found = list(rows.order_by("remote_created_at", "pk")[: SHOWN + 1])
    lines = [
        ParcelLine(
            linked(request, parcel, parcel.remote_id),
            word(parcel.state, PARCEL),
            tracking(parcel),
            grams(parcel.weight),
            parcel.piece_count,
        )
        for parcel in found[:SHOWN]
    ]
    part = {"lines": lines, "is_cut": len(found) > SHOWN, "shown": SHOWN}
    return Section(_("Parcels"), "fulfilment/admin/parts/_parcels.html", part)


def job_section(request: HttpRequest, parcel: Parcel) -> Section:
    """The labels and packing slips that were asked for, newest first."""
    jobs = parcel.label_jobs.select_related("requested_by")[:SHOWN]
    return Section(_("Label and packing slip"), "fulfilment/admin/parts/_jobs.html", {"jobs": job_lines(jobs)})


def job_lines(jobs: Iterable[LabelJob]) -> list[JobLine]:
    """Jobs ready to be shown."""
    return [
        JobLine(
            job.get_kind_display(),
            url_of(job),
            word(job.state, JOB_TONES),
            str(job.requested_by or _("the operator")),
            times.ago(job.requested_at),
            document_url(job),
            job.error,
        )
        for job in jobs
    ]


def document_url(job: LabelJob) -> str:
    """Where the document is read; "" until it is ready."""
    return reverse("label_document", args=[job.pk]) if job.state == LabelJob.State.READY else ""


def grams(weight: int | None) -> str:
    """A weight as people read it."""
    return "–" if weight is None else gettext("{count} g").format(count=number(weight))
