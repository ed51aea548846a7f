"""What syncs leave to a person: held runs, rejected records, and where a remote departs from its contract."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice import freshness
from backoffice.access import about_readable
from backoffice.models import Drift, RejectedRecord, SyncRun
from backoffice.needs.section import SHOWN, Each, Group, Kind, Line, Person, register
from backoffice.texts import number
from backoffice.wording import label_of

LATELY = timedelta(days=7)
DISMISS_DRIFT = "backoffice.retry_rejectedrecord"  # who deals with what could not be taken deals with this as well

HELD = _(
    "So much looked gone at once that nothing was marked as gone. Look at the upstream: where it really is gone, "
    "approve the run; else find out why the upstream lists so little."
)
REJECTED = _(
    "These records came in a shape that cannot be taken, so what is shown of them here is older, or nothing. Each says "
    "why, and can be read again once that is mended."
)
DRIFT = _(
    "The upstream departs from its contract. Nothing is lost: members and words that are not known are kept, and a "
    "record that lacks a member is among the rejected ones. Tell a developer."
)


def held_runs(person: Person) -> QuerySet[SyncRun] | None:
    """For those who may approve."""
    return freshness.held_runs() if person.has_perm("backoffice.approve_syncrun") else None


def _held_line(run: Group) -> Line:
    sentence = gettext("{things} that look gone and wait for an approval: {count}").format(
        things=label_of(run.value), count=number(run.number)
    )
    return Line(sentence, reverse("run", args=[run.pk]), gettext("Look at the run"))


def held_parts(person: Person) -> Mapping[str, Any]:
    """The runs."""
    return {"runs": held_runs(person) or []}


def rejected(person: Person) -> QuerySet[RejectedRecord] | None:
    """Those of what the person may see."""
    if not person.has_perm("backoffice.view_rejectedrecord"):
        return None
    return RejectedRecord.objects.filter(about_readable(person), resolved_at=None)


def rejected_lines(person: Person) -> Sequence[Line]:
    """One for each resource."""
    records = rejected(person)
    if records is None:
        return []
    counts = records.order_by("resource").values_list("resource").annotate(number=Count("pk"))
    return [_rejected_line(Group(name, 0, count, count)) for name, count in counts]


def _rejected_line(records: Group) -> Line:
    url = reverse("admin:backoffice_rejectedrecord_changelist")
    sentence = gettext("{things} that could not be taken: {count}").format(
        things=label_of(records.value), count=number(records.number)
    )
    return Line(sentence, f"{url}?resource={records.value}", gettext("See why"))


def rejected_parts(person: Person) -> Mapping[str, Any]:
    """The same sentences."""
    return {"lines": rejected_lines(person)}


def drift(person: Person) -> QuerySet[Drift] | None:
    """What was met in the last days and nobody has dismissed."""
    if not person.has_perm("backoffice.view_drift"):
        return None
    return Drift.objects.filter(last_seen_at__gte=timezone.now() - LATELY, dismissed_at=None)


def drift_parts(person: Person) -> Mapping[str, Any]:
    """The latest."""
    met = drift(person)
    return {
        "drift": [] if met is None else met[:SHOWN],
        "may_dismiss": person.has_perm(DISMISS_DRIFT),
        "all_url": reverse("admin:backoffice_drift_changelist"),
    }


register(
    Kind(
        "held", 50, _("Held runs"), HELD, _("Runs that wait for an approval"), _("Look at them"),
        "backoffice/parts/_needs_held.html", held_runs, held_parts, Each("resource", _held_line, "held"),
    ),
    Kind(
        "rejected", 70, _("Rejected records"), REJECTED, _("Records that could not be taken"), _("See why"),
        "backoffice/parts/_needs_lines.html", rejected, rejected_parts,
        Each("resource", _rejected_line),
    ),
    Kind(
        "drift", 80, _("Departures from the contract"), DRIFT,
        _("Members or words that the contract does not know, or members that are missing, met this week"),
        _("See which"),
        "backoffice/parts/_needs_drift.html", drift, drift_parts,
    ),
)  # fmt: skip
