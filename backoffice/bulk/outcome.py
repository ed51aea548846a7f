"""What came of a bulk action: how many rows ended how, the worst of it, and who may see it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from backoffice import upstreams
from backoffice.badges import Tone, in_words
from backoffice.limits import limits_of
from backoffice.models import BulkAction, BulkItem, RemoteWrite
from backoffice.texts import number
from backoffice.writes.history import visible_targets
from backoffice.writes.verbs import VERBS, Verb, WriteVerb

State = BulkItem.State

WORST_FIRST = (State.UNKNOWN, State.FAILED, State.REFUSED, State.CANCELLED, State.CONFIRMED)
OPEN = (State.WAITING, State.RUNNING)
TONES: Mapping[str, Tone] = {
    State.WAITING: "dull",
    State.RUNNING: "info",
    State.CONFIRMED: "good",
    State.REFUSED: "bad",
    State.FAILED: "bad",
    State.UNKNOWN: "warn",
    State.CANCELLED: "dull",
    BulkAction.State.QUEUED: "dull",
}


@dataclass(frozen=True)
class Outcome:
    """How many rows of a bulk action are in which state; those that no row is in are left out."""

    counts: Mapping[str, int]
    total: int

    def of(self, *states: str) -> int:
        """How many rows are in one of these states."""
        return sum(self.counts.get(state, 0) for state in states)

    @property
    def ended(self) -> int:
        """How many rows have an end."""
        return self.total - self.of(*OPEN)

    @property
    def worst(self) -> str:
        """The state of the worst row that has ended: the bulk action is no better than that. "" before any has."""
        return next((state for state in WORST_FIRST if self.counts.get(state)), "")

    @property
    def sentence(self) -> str:
        """How many of all were confirmed, and what became of the others."""
        one = pgettext("how many rows ended how", "{count} {state}")
        others = ", ".join(
            one.format(count=number(self.counts[state]), state=in_words(state))
            for state in WORST_FIRST[:-1]
            if self.counts.get(state)
        )
        told = f"{self._confirmed}; {others}" if others else self._confirmed
        return f"{told}."

    @property
    def _confirmed(self) -> str:
        confirmed, total = self.of(State.CONFIRMED), number(self.total)
        if not confirmed:
            return _("None of {total} confirmed").format(total=total)
        if confirmed == self.total:
            return _("All of {total} confirmed").format(total=total)
        return _("{count} of {total} confirmed").format(count=number(confirmed), total=total)


def outcome_of(bulk: BulkAction) -> Outcome:
    """What came of it so far."""
    return outcomes_of([bulk])[bulk.pk]


def outcomes_of(bulks: Iterable[BulkAction]) -> dict[UUID, Outcome]:
    """The same for several, with one query."""
    counts: dict[UUID, dict[str, int]] = {bulk.pk: {} for bulk in bulks}
    found = BulkItem.objects.filter(bulk__in=list(counts)).order_by().values_list("bulk", "state")
    for pk, state, count in found.annotate(count=Count("pk")):
        counts[pk][state] = count
    return {pk: Outcome(its, sum(its.values())) for pk, its in counts.items()}


def state_in_words(bulk: BulkAction, outcome: Outcome) -> str:
    """The word for how it stands: *queued* or *running*, and once it is over the worst row's."""
    if not bulk.is_over:
        return str(bulk.state)
    return outcome.worst or State.CANCELLED


def verb_of(bulk: BulkAction) -> Verb:
    """The verb that it does."""
    return VERBS[bulk.target, bulk.verb]


def done_where(verb: Verb) -> str:
    """What it does, and where: "Suspend at Kirim", "Refresh from Kirim"."""
    label = upstreams.UPSTREAMS[verb.upstream].label
    if isinstance(verb, WriteVerb):
        return pgettext("a verb and where it is done", "{verb} at {upstream}").format(verb=verb.label, upstream=label)
    return pgettext("a verb and where it reads", "{verb} from {upstream}").format(verb=verb.label, upstream=label)


def visible_bulk_actions(user: User | AnonymousUser | None) -> QuerySet[BulkAction]:
    """The bulk actions that the person may see, newest first; all for the operator (None)."""
    bulks = BulkAction.objects.select_related("actor")
    if user is None:
        return bulks
    if not user.has_perm("backoffice.view_bulkaction"):
        return bulks.none()
    bulks = bulks.filter(target__in=visible_targets(user))
    return bulks.filter(actor=user.pk) if limits_of(user) else bulks  # of others' nobody knows which records they hold


def with_writes(items: QuerySet[BulkItem]) -> QuerySet[BulkItem]:
    """The same rows, with ``status`` and ``request_id`` of the write of each."""
    write = RemoteWrite.objects.filter(pk=OuterRef("pk"))
    return items.annotate(
        status=Subquery(write.values("status")[:1]), request_id=Subquery(write.values("request_id")[:1])
    )
