"""What `doctor` looks at: small functions, each answering with findings. They change nothing and never raise."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from celery.exceptions import CeleryError
from django.conf import settings
from django.core.checks.security.base import SECRET_KEY_INSECURE_PREFIX, SECRET_KEY_MIN_LENGTH
from django.db import DatabaseError, connection
from django.utils import timezone
from kombu.exceptions import KombuError

from backoffice import database, health, upstreams
from backoffice.celery import app
from backoffice.client import PERSON
from backoffice.errors import BackofficeError, RemoteAuthFailed, RemoteError
from backoffice.models import SyncRun
from backoffice.sync import runs
from backoffice.sync.resource import RESOURCES, CursorResource

ANSWERS_WITHIN_S = 1.0  # workers
BACKUP_EVERY = timedelta(hours=24)
QUEUED_TOO_LONG = timedelta(minutes=10)
CLOCK_MAY_DIFFER = timedelta(seconds=5)
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Health(StrEnum):
    """How it stands: ``warn`` wants a look, with ``fail`` something does not work or is not safe."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's. ``fix`` is what to do, "" where nothing is to be done."""

    name: str
    state: Health
    text: str
    fix: str = ""


Check = Callable[[], Iterator[Finding]]


def everything() -> Iterator[Finding]:
    """All findings, in the order in which they are best put right."""
    yield from check_settings()
    is_there = True
    for finding in _guarded("database", check_database):
        is_there = is_there and finding.state is not Health.FAIL
        yield finding
    for check in (check_clock, check_runs, check_upstreams) if is_there else ():
        yield from _guarded(check.__name__.removeprefix("check_"), check)
    yield from check_broker()
    yield from check_backup()


def _guarded(name: str, check: Check) -> Iterator[Finding]:
    try:
        yield from check()
    except DatabaseError as error:
        yield Finding(name, Health.FAIL, database.trouble(error))


# -- settings ---------------------------------------------------------------------------------------------------------


def check_settings() -> Iterator[Finding]:
    """What production needs. On loopback the same is only worth a warning."""
    public = urlsplit(settings.PUBLIC_BASE_URL)
    is_local = public.hostname in LOOPBACK
    bad = Health.WARN if is_local else Health.FAIL
    yield _either(
        "settings: SECRET_KEY",
        _is_strong(settings.SECRET_KEY),
        "long and random",
        Finding(
            "",
            bad,
            "short or guessable: sessions can be forged",
            "set SECRET_KEY to what `python -c 'import secrets; print(secrets.token_urlsafe(50))'` prints",
        ),
    )
    yield _either(
        "settings: DEBUG",
        not settings.DEBUG,
        "off",
        Finding("", bad, "on: error pages show settings and data to everybody", "set DEBUG=False"),
    )
    hosts = set(settings.ALLOWED_HOSTS)
    yield _either(
        "settings: ALLOWED_HOSTS",
        "*" not in hosts and _is_allowed(public.hostname or "", hosts),
        ", ".join(sorted(host for host in hosts if host)),
        Finding(
            "",
            bad,
            "takes every host" if "*" in hosts else f"lacks {public.hostname}, the host of PUBLIC_BASE_URL",
            f"set ALLOWED_HOSTS={public.hostname}",
        ),
    )
    yield _either(
        "settings: PUBLIC_BASE_URL",
        is_local or public.scheme == "https",
        settings.PUBLIC_BASE_URL,
        Finding(
            "",
            Health.FAIL,
            f"{settings.PUBLIC_BASE_URL}: passwords and sessions cross the network in the clear",
            "serve it over TLS and set PUBLIC_BASE_URL=https://...",
        ),
    )


def _either(name: str, is_good: bool, good: str, bad: Finding) -> Finding:
    return Finding(name, Health.OK, good) if is_good else Finding(name, bad.state, bad.text, bad.fix)


def _is_strong(key: str) -> bool:
    return len(key) >= SECRET_KEY_MIN_LENGTH and len(set(key)) >= 10 and not key.startswith(SECRET_KEY_INSECURE_PREFIX)


def _is_allowed(host: str, patterns: set[str]) -> bool:
    named = {host, f"[{host}]"} & patterns
    return bool(named) or any(pattern.startswith(".") and f".{host}".endswith(pattern) for pattern in patterns)


# -- database ---------------------------------------------------------------------------------------------------------


def check_database() -> Iterator[Finding]:
    """Reachable, sound, set up as we need it, and migrated."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA quick_check(1)")
            sound = cursor.fetchone()[0]
            cursor.execute("PRAGMA journal_mode")
            journal = cursor.fetchone()[0]
            yield _sqlite(sound, journal)
        else:
            version, least = connection.get_database_version(), connection.features.minimum_database_version or (0,)
            yield _either(
                "database",
                version >= least,
                f"PostgreSQL {_dotted(version)}",
                Finding(
                    "", Health.FAIL, f"PostgreSQL {_dotted(version)} is too old", f"upgrade it to {_dotted(least)}"
                ),
            )
    pending = database.pending_migrations()
    yield _either(
        "migrations",
        not pending,
        "all applied",
        Finding(
            "", Health.FAIL, f"{len(pending)} not applied, {pending[0] if pending else ''} first", database.MIGRATE
        ),
    )


def _sqlite(sound: str, journal: str) -> Finding:
    file = connection.settings_dict["NAME"]
    if sound != "ok":
        return Finding("database", Health.FAIL, f"{file} is damaged: {sound}", "put the newest backup in its place")
    if journal != "wal":
        return Finding(
            "database",
            Health.WARN,
            f"SQLite in journal mode {journal}: readers and writers block each other",
            "move it to a local disk; network file systems have no WAL",
        )
    return Finding("database", Health.OK, f"SQLite at {file}, sound, WAL")


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def check_clock() -> Iterator[Finding]:
    """Our clock orders the bodies of one object, so it must neither be wrong nor have been set back."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            apart = abs(cursor.fetchone()[0] - timezone.now())
        if apart > CLOCK_MAY_DIFFER:
            yield Finding(
                "clock",
                Health.FAIL,
                f"{apart.total_seconds():.0f} s from PostgreSQL's",
                "let NTP keep both clocks",
            )
            return
    newest = SyncRun.objects.exclude(started_at=None).order_by("-started_at").first()
    ahead = newest.started_at - timezone.now() if newest and newest.started_at else timedelta()
    yield _either(
        "clock",
        ahead <= CLOCK_MAY_DIFFER,
        f"{timezone.now():%Y-%m-%d %H:%M} UTC, shown to people in {settings.TIME_ZONE}",
        Finding(
            "",
            Health.FAIL,
            f"run {newest and newest.pk} began in the future: the clock was set back",
            "let NTP keep the clock; records read meanwhile are taken once it is past that moment",
        ),
    )


# -- runs -------------------------------------------------------------------------------------------------------------


def check_runs() -> Iterator[Finding]:
    """Runs that need somebody: silent ones, held ones, and those that no worker takes."""
    found = [*_silent_runs(), *_held_runs(), *_waiting_runs()]
    yield from found or [Finding("runs", Health.OK, "none is stuck, none waits for a person")]


def _silent_runs() -> Iterator[Finding]:
    for run in SyncRun.objects.filter(state=SyncRun.State.RUNNING):
        if run.is_silent():
            yield Finding(
                "runs",
                Health.WARN,
                f"run {run.pk} of {run.resource} says it runs, but its process is gone",
                f"manage.py sync {run.resource} (a worker's next round does it too)",
            )


def _held_runs() -> Iterator[Finding]:
    for name in RESOURCES:
        last = SyncRun.objects.filter(resource=name, is_dry=False, ended_at__isnull=False).first()
        if last and last.error == runs.HELD:
            yield Finding(
                "runs",
                Health.WARN,
                f"run {last.pk} of {name} found {last.held} records gone and waits for a yes",
                f"look whether they are, then manage.py sync {name} --accept-vanished {last.pk}",
            )


def _waiting_runs() -> Iterator[Finding]:
    waiting = len(runs.forgotten_runs(QUEUED_TOO_LONG))
    if waiting:
        yield Finding(
            "runs",
            Health.WARN,
            f"{waiting} wait for more than {QUEUED_TOO_LONG.seconds // 60} minutes",
            "start a worker and beat: manage.py run",
        )


# -- upstreams --------------------------------------------------------------------------------------------------------


def check_upstreams() -> Iterator[Finding]:
    """Each upstream: its variables, whether it is the one mirrored here, and whether it takes our key."""
    for name, upstream in upstreams.UPSTREAMS.items():
        missing = upstreams.missing_variables(name)
        if missing:
            half = len(missing) < len(upstream.variables)
            yield Finding(
                name,
                Health.FAIL if half else Health.WARN,
                f"off: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set",
                f"set {' and '.join(missing)}",
            )
        elif not upstreams.is_on(name):
            yield Finding(name, Health.FAIL, "off: a variable cannot be used", upstreams.to_do(name))
        else:
            yield _credentials(name)


def _credentials(name: str) -> Finding:
    """One page of the upstream's first list, read as a person would: a pause after failures is no reason to wait."""
    keys = " and ".join(variable for variable in upstreams.UPSTREAMS[name].variables if "BASE_URL" not in variable)
    resource = next(r for r in RESOURCES.values() if r.upstream == name and isinstance(r, CursorResource))
    try:
        with resource.client(PERSON) as api:
            api.breaker.paused_until = None
            resource.page(api, resource.parts[0], None)
    except RemoteAuthFailed as error:
        return Finding(name, Health.FAIL, f"refuses us: {error}", f"correct {keys}")
    except RemoteError as error:
        return Finding(name, Health.FAIL, str(error), f"check {name.upper()}_BASE_URL and the network")
    except BackofficeError as error:  # its records here came from another one
        return Finding(name, Health.FAIL, str(error), f"manage.py doctor --accept-upstream {name}")
    return Finding(name, Health.OK, f"{upstreams.identity(name)} answers and takes {keys}")


# -- broker and backups -----------------------------------------------------------------------------------------------


def broker_trouble() -> str:
    """Why tasks cannot be handed over now, in a sentence; "" when they can. Takes a second or two at most."""
    if settings.CELERY_TASK_ALWAYS_EAGER or health.broker_state() == health.OK:
        return ""
    return f"The broker at {_without_password(settings.CELERY_BROKER_URL)} does not answer."


def check_broker() -> Iterator[Finding]:
    """The broker takes connections, and workers answer."""
    if settings.CELERY_TASK_ALWAYS_EAGER:
        yield Finding(
            "broker",
            Health.WARN,
            "not used: whoever asks does the work",
            "unset CELERY_TASK_ALWAYS_EAGER in production",
        )
        return
    trouble = broker_trouble()
    if trouble:
        yield Finding("broker", Health.FAIL, trouble, "start it or correct CELERY_BROKER_URL; queued runs are kept")
        return
    yield Finding("broker", Health.OK, _without_password(settings.CELERY_BROKER_URL))
    try:
        answers = app.control.ping(timeout=ANSWERS_WITHIN_S) or []
    except (CeleryError, KombuError, OSError):
        answers = []
    yield _either(
        "workers",
        bool(answers),
        f"{len(answers)} answered",
        Finding("", Health.WARN, "none answers, so nothing is synced by itself", "manage.py run"),
    )


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def check_backup() -> Iterator[Finding]:
    """The newest file in ``DATA_DIR/backups``."""
    folder = Path(settings.DATA_DIR) / "backups"
    files = [entry for entry in os.scandir(folder) if entry.is_file()] if folder.is_dir() else []
    newest = max((entry.stat().st_mtime for entry in files), default=None)
    if newest is None:
        yield Finding("backup", Health.WARN, f"none in {folder}", _backup_command(folder))
        return
    age = datetime.now(UTC) - datetime.fromtimestamp(newest, UTC)
    yield _either(
        "backup",
        age <= BACKUP_EVERY,
        f"{age.total_seconds() / 3600:.0f} h old",
        Finding("", Health.WARN, f"the newest is {age.total_seconds() / 3600:.0f} h old", _backup_command(folder)),
    )


def _backup_command(folder: Path) -> str:
    name = folder / "backoffice-$(date +%F)"
    if connection.vendor == "postgresql":
        return f'mkdir -p {folder} && pg_dump --format=custom --file="{name}.dump" "$DATABASE_URL"'
    source = connection.settings_dict["NAME"]
    return f'mkdir -p {folder} && sqlite3 {source} ".backup {name}.sqlite3"'
