"""Writes that need a person: of unknown end, failed, refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.models import BulkAction, RemoteWrite
from backoffice.needs.section import SHOWN, Kind, Person, register
from backoffice.texts import Text
from backoffice.writelines import note_members_seen, write_lines
from backoffice.writes import waiting
from backoffice.writes.history import visible_writes
from backoffice.writes.plan import may
from backoffice.writes.verbs import VERBS

TEMPLATE = "backoffice/parts/_needs_writes.html"
UNKNOWN = _(
    "The request went out and no answer told how it ended. Nothing is sent again: we look for what became of it by "
    "ourselves, again and again. Where looking cannot tell, a supervisor sees at the upstream and settles it by hand."
)
FAILED = _(
    "It is certain that these were not done, as a rule because the upstream could not be reached. Send them again, or "
    "dismiss what is no longer wanted."
)
REFUSED = _(
    "The upstream, or a rule of ours, said no. They are not sent again: do what the sentence says and start anew. "
    "Dismissed or not, they leave this page after a week."
)


@dataclass(frozen=True)
class OfBulk:
    """The writes of one bulk action that wait for the same reason."""

    bulk: BulkAction
    count: int
    may_dismiss: bool


def rows(name: str, person: Person) -> QuerySet[RemoteWrite] | None:
    """Those that the person may see."""
    if not person.has_perm("backoffice.view_remotewrite"):
        return None
    return visible_writes(person).filter(waiting.KINDS[name]())


def parts(name: str, person: Person) -> Mapping[str, Any]:
    """The newest one by one, but those of bulk actions a line for each action: hundreds may have failed at once."""
    writes = rows(name, person)
    if writes is None:
        return {}
    is_settled = name != "unknown"  # what is unknown is looked for one by one
    alone = writes.filter(bulk=None) if is_settled else writes
    url = reverse("admin:backoffice_remotewrite_changelist")
    shown = list(alone.select_related("follows", "bulk")[:SHOWN])
    for write in shown:
        note_members_seen(person, write)
    return {
        "name": name,
        "writes": write_lines(person, shown),
        "bulks": _bulks(person, writes) if is_settled else [],
        "all_url": f"{url}?waits={name}",
    }


def _bulks(person: Person, writes: QuerySet[RemoteWrite]) -> list[OfBulk]:
    counted = writes.exclude(bulk=None).order_by().values("bulk").annotate(number=Count("pk"))
    counts = dict(counted.values_list("bulk", "number"))
    bulks = BulkAction.objects.filter(pk__in=list(counts)).select_related("actor")[:SHOWN]
    return [OfBulk(bulk, counts[bulk.pk], _may_do(person, bulk)) for bulk in bulks]


def _may_do(person: Person, bulk: BulkAction) -> bool:
    return isinstance(person, User) and may(person, VERBS[bulk.target, bulk.verb].permission)


def _kind(name: str, rank: int, title: Text, meaning: Text, sentence: Text, action: Text) -> Kind:
    return Kind(name, rank, title, meaning, sentence, action, TEMPLATE, partial(rows, name), partial(parts, name))


register(
    _kind(
        "unknown", 10, _("Nobody knows whether they were done"), UNKNOWN,
        _("Writes of which nobody knows whether they were done"), _("Settle them"),
    ),
    _kind("failed", 40, _("Not done"), FAILED, _("Writes that were not done"), _("Send them again")),
    _kind("refused", 60, _("Refused this week"), REFUSED, _("Writes that were refused this week"), _("See why")),
)  # fmt: skip
