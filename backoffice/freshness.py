"""How old what the mirror shows is, told by the runs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, JSONField, Max, Model, OuterRef, QuerySet
from django.utils.translation import gettext as _

from backoffice import upstreams
from backoffice.models import SyncRun
from backoffice.sync.resource import RESOURCES, Resource
from backoffice.sync.runs import BUSY, HELD
from backoffice.texts import number
from backoffice.wording import things

State = SyncRun.State


_STATEMENTS: dict[str, tuple[str, list[Any]]] = {}


@dataclass(frozen=True)
class Freshness:
    """The runs of one resource that matter to people."""

    resource: Resource
    sweep: SyncRun | None  # the last complete one
    latest: SyncRun | None  # the last one that ended, whatever its end
    live: SyncRun | None  # the one that runs or waits

    @property
    def swept_from(self) -> datetime | None:
        """When the last run that read all it was to read began."""
        return self.sweep.swept_from if self.sweep else None

    @property
    def complete_from(self) -> datetime | None:
        """Everything that the mirror holds was so, or is newer, at this moment.

        None where the last run read only what was due, as normal runs of a resource that proves no absence do.
        """
        if self.sweep is None or not (self.resource.proves_absence or self.sweep.mode == SyncRun.Mode.FULL):
            return None
        return self.sweep.swept_from


def all_resources() -> list[Freshness]:
    """One for each resource, in dependency order. One query, whose SQL is kept: nothing in it changes."""
    if connection.vendor not in _STATEMENTS:
        _STATEMENTS[connection.vendor] = _build()
    found: dict[tuple[str, str], SyncRun] = {}
    for run in SyncRun.objects.raw(*_STATEMENTS[connection.vendor]):
        place = (run.__dict__["wanted_as"], run.resource)  # a column of the statement, not of the model
        if place not in found or run.state == State.RUNNING:
            found[place] = run
    return [
        Freshness(resource, found.get(("sweep", name)), found.get(("latest", name)), found.get(("live", name)))
        for name, resource in RESOURCES.items()
    ]


def _build() -> tuple[str, list[Any]]:
    wanted = {
        "sweep": _newest(complete_sweeps()),
        "latest": _newest(_ended(SyncRun.objects.all())),
        "live": SyncRun.objects.filter(is_dry=False, state__in=[State.QUEUED, State.RUNNING]),
    }
    quote = connection.ops.quote_name
    fields = (field for field in SyncRun._meta.concrete_fields if not isinstance(field, JSONField))
    columns, table = ", ".join(quote(str(field.column)) for field in fields), quote(SyncRun._meta.db_table)
    parts: list[str] = []
    params: list[Any] = []
    for name, runs in wanted.items():
        keys, of_keys = runs.order_by().values_list("pk").query.get_compiler(connection=connection).as_sql()
        parts.append(f"SELECT {columns}, '{name}' AS wanted_as FROM {table} WHERE id IN ({keys})")  # noqa: S608  our names
        params += of_keys
    return " UNION ALL ".join(parts), params


def held_runs() -> QuerySet[SyncRun]:
    """Runs that wait for an approval: each the last of its resource, and approved by nobody yet."""
    held = SyncRun.objects.filter(error=HELD, is_dry=False)
    newer = _ended(SyncRun.objects.filter(resource=OuterRef("resource"), pk__gt=OuterRef("pk")))
    approving = SyncRun.objects.filter(accepts=OuterRef("pk"), state__in=[State.QUEUED, State.RUNNING])
    return held.exclude(Exists(newer)).exclude(Exists(approving))


def last_sweep(resource: str) -> SyncRun | None:
    """The resource's last complete sweep."""
    return complete_sweeps().filter(resource=resource).first()


def swept_from_of(model: type[Model]) -> datetime | None:
    """When the last sweep of a mirrored model that came to its end began."""
    names = [name for name, resource in RESOURCES.items() if resource.model is model]
    sweep = last_sweep(names[0]) if names else None
    return sweep.swept_from if sweep else None


def swept_from_by_resource() -> dict[str, datetime | None]:
    """When the last complete sweep of each resource began. One query."""
    return {run.resource: run.swept_from for run in _newest(complete_sweeps())}


def complete_sweeps() -> QuerySet[SyncRun]:
    """Runs that read all they were to read, to the stated end."""
    ended = SyncRun.objects.filter(state__in=[State.SUCCEEDED, State.PARTIAL], is_dry=False, swept_from__isnull=False)
    return ended.exclude(mode=SyncRun.Mode.HOT)


def row_fresh_at(synced_at: datetime, swept_from: datetime | None) -> datetime:
    """What a row's age counts from: the later of its own reading and of its resource's last complete sweep."""
    return max(synced_at, swept_from) if swept_from else synced_at


def why_empty(resource: Resource, *, is_narrowed: bool) -> str:
    """One sentence for a list that shows nothing."""
    them = things(resource.name)
    off = upstreams.why_off(resource.upstream)
    label = upstreams.UPSTREAMS[resource.upstream].label
    if last_sweep(resource.name) is None:
        if off:
            return _("Nothing was ever read. {off}").format(off=off)
        live = SyncRun.objects.filter(resource=resource.name, is_dry=False, state__in=[State.QUEUED, State.RUNNING])
        return _first_sync(label, them, live.order_by("-state", "-id").first())
    if is_narrowed:
        return _("No {things} match this search and these filters.").format(things=them)
    return _("{upstream} has no {things}.").format(upstream=label, things=them)


def _first_sync(label: str, them: str, live: SyncRun | None) -> str:
    if live is None:
        told = _("No {things} yet: they were never read from {upstream} to the end.")
        return told.format(things=them, upstream=label)
    if live.state == State.QUEUED:
        return _("No {things} yet: the first sync waits for a worker.").format(things=them)
    told = _("The first sync is running: {count} {things} read so far. Reload to see them.")
    return told.format(count=number(live.fetched), things=them)


def _ended(runs: QuerySet[SyncRun]) -> QuerySet[SyncRun]:
    """Those of ``runs`` that ended and did something: a dry one changed nothing, a busy one did nothing."""
    return runs.filter(is_dry=False).exclude(state__in=[State.QUEUED, State.RUNNING]).exclude(error=BUSY)


def _newest(wanted: QuerySet[SyncRun]) -> QuerySet[SyncRun]:
    """The newest of each resource."""
    newest = wanted.order_by().values("resource").annotate(newest=Max("pk")).values("newest")
    return SyncRun.objects.filter(pk__in=newest)
