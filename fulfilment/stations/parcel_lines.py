"""The parcels of a shipment as the pack screen shows them: label and slip, and what comes next."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from backoffice.admin.readonly import Button
from backoffice.badges import word
from backoffice.models import RemoteWrite
from backoffice.writelines import WriteLine, write_lines
from backoffice.writes.history import visible_writes
from backoffice.writes.verbs import Verb
from fulfilment.admin.parcel_lines import JOB_TONES
from fulfilment.deeds import button
from fulfilment.models import LabelJob, Parcel, Shipment
from fulfilment.needs import AGAIN
from fulfilment.services.parcel_rules import why_not
from fulfilment.states import PARCEL
from fulfilment.stations.stops import MAX_TROUBLES, TOLD_FOR
from fulfilment.verbs.parcels import CREATE_PARCEL, MARK_IN_TRANSIT, REQUEST_LABEL, REQUEST_SLIP

DEEDS: tuple[Verb, ...] = (REQUEST_LABEL, REQUEST_SLIP, MARK_IN_TRANSIT)
"""What the pack screen offers for a parcel, in the order in which it is done."""
KINDS = {REQUEST_LABEL.name: LabelJob.Kind.LABEL, REQUEST_SLIP.name: LabelJob.Kind.SLIP}
State = RemoteWrite.State
UNDER_WAY = (LabelJob.State.REQUESTED, LabelJob.State.PENDING)


@dataclass(frozen=True)
class Document:
    """The last label or slip that was asked for."""

    job: LabelJob
    state: SafeString

    @property
    def url(self) -> str:
        """Where it is read and printed; "" until it is ready."""
        return reverse("label_document", args=[self.job.pk]) if self.job.state == LabelJob.State.READY else ""


@dataclass(frozen=True)
class ParcelLine:
    """One parcel."""

    parcel: Parcel
    state: SafeString
    documents: list[Document] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)
    troubles: list[WriteLine] = field(default_factory=list)

    @property
    def page_url(self) -> str:
        """Its own page, where what was packed wrongly is taken out."""
        return reverse("admin:fulfilment_parcel_change", args=[self.parcel.pk])

    @property
    def label_url(self) -> str:
        """Where a label that was not asked for here is read and printed; "" where there is none."""
        has_own = any(document.job.kind == LabelJob.Kind.LABEL and document.url for document in self.documents)
        is_there = self.parcel.label_file_id and not has_own
        return reverse("parcel_label", args=[self.parcel.remote_id]) if is_there else ""

    @property
    def is_waiting(self) -> bool:
        """Whether a document of it is under way."""
        return any(document.job.state in UNDER_WAY for document in self.documents)


def parcel_lines(request: HttpRequest, shipment: Shipment) -> tuple[list[ParcelLine], list[WriteLine]]:
    """The parcels in the order in which they were packed; and parcels that came to nothing, or may have.

    As many queries however many parcels there are.
    """
    here = Parcel.objects.filter(shipment_remote_id=shipment.remote_id, vanished_at=None)
    parcels = list(here.order_by("remote_created_at", "pk"))
    jobs = newest_jobs(parcels)
    told = write_lines(cast(User, request.user), _troubled(request, shipment, parcels))
    lines = [
        ParcelLine(
            parcel,
            word(parcel.state, PARCEL),
            [Document(job, word(job.state, JOB_TONES)) for job in jobs.get(parcel.pk, {}).values()],
            list(_buttons(request, shipment, parcel, jobs.get(parcel.pk, {}))),
            [one for one in told if one.write.remote_id == parcel.remote_id],
        )
        for parcel in parcels
    ]
    known = {parcel.remote_id for parcel in parcels}
    return lines, [one for one in told if one.write.remote_id not in known]


def writes_about(shipment: Shipment, parcels: Iterable[Parcel] | QuerySet[Parcel]) -> QuerySet[RemoteWrite]:
    """What was written about the parcels of a shipment, and to make some."""
    ids = [parcel.remote_id for parcel in parcels]
    made = Q(verb=CREATE_PARCEL.name, sends__shipment_id=shipment.remote_id)
    return RemoteWrite.objects.filter(Q(remote_id__in=ids) | made, target=CREATE_PARCEL.target)


def _troubled(request: HttpRequest, shipment: Shipment, parcels: list[Parcel]) -> QuerySet[RemoteWrite]:
    """Those that did not end well and that the person may see."""
    ended = Q(state__in=[State.REFUSED, State.FAILED], dismissed_at=None, settled_at__gte=timezone.now() - TOLD_FOR)
    mine = visible_writes(request.user).filter(pk__in=writes_about(shipment, parcels).order_by().values("pk"))
    return mine.filter(ended | Q(state=State.UNKNOWN)).select_related("follows")[:MAX_TROUBLES]


def newest_jobs(parcels: Iterable[Parcel]) -> Mapping[int, Mapping[str, LabelJob]]:
    """The last job of each kind, by the key of its parcel. One query."""
    found: dict[int, dict[str, LabelJob]] = {}
    for job in LabelJob.objects.filter(parcel__in=list(parcels)).select_related("write").order_by("pk"):
        found.setdefault(job.parcel_id, {})[job.kind] = job
    return found


def _buttons(
    request: HttpRequest, shipment: Shipment, parcel: Parcel, jobs: Mapping[str, LabelJob]
) -> Iterable[Button]:
    for verb in DEEDS:
        job = jobs.get(KINDS.get(verb.name, ""))
        if _is_over(verb, parcel, job):
            continue  # what comes next stands there alone; the parcel's own page tells why the others are off
        is_again = job is not None and job.state == LabelJob.State.FAILED
        label = AGAIN[KINDS[verb.name]] if is_again else verb.label
        url = reverse("parcel_deed", args=[shipment.remote_id, verb.name])
        fields = {"parcel": parcel.remote_id, "next": reverse("pack_shipment", args=[shipment.remote_id])}
        yield from button(request, verb, url, "", label, fields, is_main=verb is not REQUEST_SLIP)


def _is_over(verb: Verb, parcel: Parcel, job: LabelJob | None) -> bool:
    """Whether there is no point in doing it now. No query, unless somebody else asked for the label."""
    if job and job.state in (*UNDER_WAY, LabelJob.State.READY):
        return True
    if verb is REQUEST_LABEL and job and parcel.state == "label requested":
        return False  # the one that was asked for came to nothing
    return bool(why_not(verb.name, parcel))
