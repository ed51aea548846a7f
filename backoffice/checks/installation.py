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
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice import auditlock, database, textindex
from backoffice.checks.finding import Finding, Health, either
from backoffice.models import SyncRun
from backoffice.subscriptions import LOOPBACK
from backoffice.texts import Text, number

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
        _("long and random"),
        Finding(
            "",
            bad,
            _("short or guessable: sessions can be forged"),
            format_lazy(
                _("set SECRET_KEY to what `{command}` prints"),
                command="python -c 'import secrets; print(secrets.token_urlsafe(50))'",
            ),
        ),
    )
    yield either(
        "settings: DEBUG",
        not settings.DEBUG,
        _("off"),
        Finding("", bad, _("on: error pages show settings and data to everybody"), _set("DEBUG=False")),
    )
    hosts = set(settings.ALLOWED_HOSTS)
    yield either(
        "settings: ALLOWED_HOSTS",
        "*" not in hosts and _is_allowed(public.hostname or "", hosts),
        ", ".join(sorted(host for host in hosts if host)),
        Finding(
            "",
            bad,
            _("takes every host")
            if "*" in hosts
            else format_lazy(_("lacks {host}, the host of PUBLIC_BASE_URL"), host=public.hostname),
            _set(f"ALLOWED_HOSTS={public.hostname}"),
        ),
    )
    yield either(
        "settings: PUBLIC_BASE_URL",
        is_local or public.scheme == "https",
        settings.PUBLIC_BASE_URL,
        Finding(
            "",
            Health.FAIL,
            format_lazy(
                _("{address}: passwords and sessions cross the network in the clear"), address=settings.PUBLIC_BASE_URL
            ),
            _("serve it over TLS and set PUBLIC_BASE_URL=https://..."),
        ),
    )


def _set(line: str) -> Text:
    return format_lazy(_("set {variable}"), variable=line)


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
                    "",
                    Health.FAIL,
                    format_lazy(_("PostgreSQL {version} is too old"), version=_dotted(version)),
                    format_lazy(_("upgrade it to {version}"), version=_dotted(least)),
                ),
            )
    pending = database.pending_migrations()
    yield either(
        "migrations",
        not pending,
        _("all applied"),
        Finding(
            "",
            Health.FAIL,
            format_lazy(
                _("{count} not applied, {migration} first"),
                count=number(len(pending)),
                migration=pending[0] if pending else "",
            ),
            database.MIGRATE,
        ),
    )
    if not pending:
        yield either(
            "audit",
            auditlock.is_locked(),
            _("the database refuses to change it"),
            Finding("", Health.FAIL, _("the triggers that keep it as it is are gone"), database.MIGRATE),
        )


def check_search() -> Iterator[Finding]:
    """The index of words, without which a search in a long list takes long."""
    trouble = textindex.trouble()
    fix = _("run manage.py reindex")
    if connection.vendor == "postgresql":
        fix = _("have a superuser run CREATE EXTENSION pg_trgm in this database, then run manage.py migrate")
    yield either("search: words", not trouble, _("indexed"), Finding("", Health.WARN, trouble, fix))


def _sqlite(sound: str, journal: str) -> Finding:
    file = connection.settings_dict["NAME"]
    if sound != "ok":
        told = format_lazy(_("{file} is damaged: {what}"), file=file, what=sound)
        return Finding("database", Health.FAIL, told, _("put the newest backup in its place"))
    if journal != "wal":
        return Finding(
            "database",
            Health.WARN,
            format_lazy(_("SQLite in journal mode {mode}: readers and writers block each other"), mode=journal),
            _("move it to a local disk; network file systems have no WAL"),
        )
    return Finding("database", Health.OK, format_lazy(_("SQLite at {file}, sound, WAL"), file=file))


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
                format_lazy(_("{seconds} s from PostgreSQL's"), seconds=f"{apart.total_seconds():.0f}"),
                _("let NTP keep both clocks"),
            )
            return
    newest = SyncRun.objects.exclude(started_at=None).order_by("-started_at").first()
    ahead = newest.started_at - timezone.now() if newest and newest.started_at else timedelta()
    yield either(
        "clock",
        ahead <= CLOCK_MAY_DIFFER,
        format_lazy(
            _("{time} UTC, shown to people in {zone}"), time=f"{timezone.now():%Y-%m-%d %H:%M}", zone=settings.TIME_ZONE
        ),
        Finding(
            "",
            Health.FAIL,
            format_lazy(_("run {run} began in the future: the clock was set back"), run=newest.pk if newest else ""),
            _("let NTP keep the clock; records read meanwhile are taken once it is past that moment"),
        ),
    )


def check_backup() -> Iterator[Finding]:
    """The newest file in ``DATA_DIR/backups``."""
    folder = Path(settings.DATA_DIR) / "backups"
    files = [entry for entry in os.scandir(folder) if entry.is_file()] if folder.is_dir() else []
    newest = max((entry.stat().st_mtime for entry in files), default=None)
    if newest is None:
        yield Finding("backup", Health.WARN, format_lazy(_("none in {folder}"), folder=folder), _backup_command(folder))
        return
    age = datetime.now(UTC) - datetime.fromtimestamp(newest, UTC)
    hours = f"{age.total_seconds() / 3600:.0f}"
    yield either(
        "backup",
        age <= BACKUP_EVERY,
        format_lazy(_("{hours} h old"), hours=hours),
        Finding("", Health.WARN, format_lazy(_("the newest is {hours} h old"), hours=hours), _backup_command(folder)),
    )


def _backup_command(folder: Path) -> str:
    name = folder / "backoffice-$(date +%F)"
    if connection.vendor == "postgresql":
        return f'mkdir -p {folder} && pg_dump --format=custom --file="{name}.dump" "$DATABASE_URL"'
    source = connection.settings_dict["NAME"]
    return f'mkdir -p {folder} && sqlite3 {source} ".backup {name}.sqlite3"'
