"""The installation: settings, database, clock, backup."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks.security.base import SECRET_KEY_INSECURE_PREFIX, SECRET_KEY_MIN_LENGTH
from django.db import connection
from django.utils import timezone

from backoffice import auditlock, database, textindex
from backoffice.checks.finding import Finding, Health, either
from backoffice.models import SyncRun
from backoffice.subscriptions import LOOPBACK

BACKUP_EVERY = timedelta(hours=24)
CLOCK_MAY_DIFFER = timedelta(seconds=5)


def check_settings() -> Iterator[Finding]:
    """What production needs. On loopback the same is only worth a warning."""
    public = urlsplit(settings.PUBLIC_BASE_URL)
    is_local = public.hostname in LOOPBACK
    bad = Health.WARN if is_local else Health.FAIL
    yield either(
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
    yield either(
        "settings: DEBUG",
        not settings.DEBUG,
        "off",
        Finding("", bad, "on: error pages show settings and data to everybody", "set DEBUG=False"),
    )
    hosts = set(settings.ALLOWED_HOSTS)
    yield either(
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
    yield either(
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


def _is_strong(key: str) -> bool:
    return len(key) >= SECRET_KEY_MIN_LENGTH and len(set(key)) >= 10 and not key.startswith(SECRET_KEY_INSECURE_PREFIX)


def _is_allowed(host: str, patterns: set[str]) -> bool:
    named = {host, f"[{host}]"} & patterns
    return bool(named) or any(pattern.startswith(".") and f".{host}".endswith(pattern) for pattern in patterns)


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
            yield either(
                "database",
                version >= least,
                f"PostgreSQL {_dotted(version)}",
                Finding(
                    "", Health.FAIL, f"PostgreSQL {_dotted(version)} is too old", f"upgrade it to {_dotted(least)}"
                ),
            )
    pending = database.pending_migrations()
    yield either(
        "migrations",
        not pending,
        "all applied",
        Finding(
            "", Health.FAIL, f"{len(pending)} not applied, {pending[0] if pending else ''} first", database.MIGRATE
        ),
    )
    if not pending:
        yield either(
            "audit",
            auditlock.is_locked(),
            "the database refuses to change it",
            Finding("", Health.FAIL, "the triggers that keep it as it is are gone", database.MIGRATE),
        )


def check_search() -> Iterator[Finding]:
    """The index of words, without which a search in a long list takes long."""
    trouble = textindex.trouble()
    fix = "run manage.py reindex"
    if connection.vendor == "postgresql":
        fix = "have a superuser run CREATE EXTENSION pg_trgm in this database, then run manage.py migrate"
    yield either("search: words", not trouble, "indexed", Finding("", Health.WARN, trouble, fix))


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
    yield either(
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


def check_backup() -> Iterator[Finding]:
    """The newest file in ``DATA_DIR/backups``."""
    folder = Path(settings.DATA_DIR) / "backups"
    files = [entry for entry in os.scandir(folder) if entry.is_file()] if folder.is_dir() else []
    newest = max((entry.stat().st_mtime for entry in files), default=None)
    if newest is None:
        yield Finding("backup", Health.WARN, f"none in {folder}", _backup_command(folder))
        return
    age = datetime.now(UTC) - datetime.fromtimestamp(newest, UTC)
    yield either(
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
