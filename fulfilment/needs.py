"""What of the warehouse needs a person: labels and packing slips that came to nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.needs.section import SHOWN, Kind, Person, register
from backoffice.texts import Text
from backoffice.writes.plan import may
from fulfilment.models import LabelJob
from fulfilment.verbs.parcels import REQUEST_LABEL, REQUEST_SLIP

FAILED = _(
    "Afosto could not make these documents, so the parcels stay where they are. See why, put it right, and ask again; "
    "asking for a label again may cost money. They leave this page once the document is there or the parcel has left."
)
VERBS = {LabelJob.Kind.LABEL: REQUEST_LABEL, LabelJob.Kind.SLIP: REQUEST_SLIP}
AGAIN = {
    LabelJob.Kind.LABEL: _("Request label again"),
    LabelJob.Kind.SLIP: _("Request packing slip again"),
}
"""What the buttons say that ask for a document once more."""


@dataclass(frozen=True)
class JobLine:
    """A document that came to nothing, its parcel's page, and the page on which it is asked for again."""

    job: LabelJob
    parcel_url: str
    again_url: str
    again: Text


def failed_labels(person: Person) -> QuerySet[LabelJob] | None:
    """The last job of its parcel and kind, failed, while the parcel is here without that document."""
    if not person.has_perms(["fulfilment.view_labeljob", "fulfilment.view_parcel"]):
        return None
    later = LabelJob.objects.filter(parcel=OuterRef("parcel"), kind=OuterRef("kind"), pk__gt=OuterRef("pk"))
    lacks = Q(kind=LabelJob.Kind.LABEL, parcel__label_file_id="") | Q(kind=LabelJob.Kind.SLIP, parcel__slip_file_id="")
    has_left = Q(parcel__is_in_transit=True) | Q(parcel__is_delivered=True) | Q(parcel__is_finished=True)
    failed = LabelJob.objects.filter(lacks, state=LabelJob.State.FAILED, parcel__vanished_at=None)
    return failed.exclude(has_left).exclude(Exists(later)).select_related("parcel", "requested_by")


def _parts(person: Person) -> Mapping[str, Any]:
    jobs = failed_labels(person)
    return {"lines": [] if jobs is None else [_line(person, job) for job in jobs[:SHOWN]]}


def _line(person: Person, job: LabelJob) -> JobLine:
    verb = VERBS[LabelJob.Kind(job.kind)]
    may_ask = isinstance(person, User) and may(person, verb.permission)
    return JobLine(
        job,
        reverse("admin:fulfilment_parcel_change", args=[job.parcel_id]),
        reverse(f"admin:{verb.name}_parcel", args=[job.parcel_id]) if may_ask else "",
        format_lazy("{label}…", label=AGAIN[LabelJob.Kind(job.kind)]),
    )


register(
    Kind(
        "labels-failed", 35, _("Labels that came to nothing"), FAILED,
        _("Labels and packing slips that came to nothing"), _("See why"),
        "fulfilment/admin/parts/_needs_labels.html", failed_labels, _parts,
    ),
)  # fmt: skip
