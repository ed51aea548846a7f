"""What is wrong with the database, in one plain sentence that says what to do."""

import sqlite3
from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.logs import redact
from backoffice.texts import Text, number_lazy

MIGRATE = "manage.py migrate"
_UNDEFINED = {"42P01", "42703", "3F000"}  # PostgreSQL: table, column, schema


def pending_migrations() -> list[str]:
    """Migrations that this database has not seen, as ``app.name``. Raises DatabaseError."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [str(migration) for migration, _ in plan]


def trouble(error: DatabaseError) -> Text:
    """One sentence for people: what the database could not do, and what to do about it.

    Closes this thread's connection, so that whatever comes next gets a new one.
    """
    connection.close()
    cause: Any = error.__cause__
    sqlite_code = getattr(cause, "sqlite_errorcode", None)
    if sqlite_code is not None:
        told = _SQLITE.get(sqlite_code & 0xFF)  # the low byte is the kind, the rest says more
        if told:
            return format_lazy(told, file=connection.settings_dict["NAME"])
    elif connection.vendor == "postgresql" and getattr(cause, "sqlstate", None) not in _UNDEFINED:
        return _postgresql(error, getattr(cause, "sqlstate", None))
    return _not_migrated() or _failed(error)


def _failed(error: DatabaseError) -> Text:
    return format_lazy(_("The database failed: {error}."), error=_in_short(error))


def _postgresql(error: DatabaseError, state: str | None) -> Text:
    if state is None or state.startswith(("08", "57P")):
        at = f"{connection.settings_dict['HOST'] or 'localhost'}:{connection.settings_dict['PORT'] or 5432}"
        told = _("PostgreSQL at {address} does not answer; start it or correct DATABASE_URL ({error}).")
        return format_lazy(told, address=at, error=_in_short(error))
    if state in {"53100", "53200"}:
        return _("PostgreSQL has no room left; free some and run it again. What was committed is kept.")
    if state == "55P03":
        return _("The database is locked by another process; run it again when that is done.")
    return _failed(error)


def _not_migrated() -> Text:
    try:
        pending = pending_migrations()
    except DatabaseError:
        return ""
    told = _("The database lacks {count} migrations. Run {command} first.")
    return format_lazy(told, count=number_lazy(len(pending)), command=MIGRATE) if pending else ""


def _in_short(error: DatabaseError) -> str:
    return redact(" ".join(str(error).split()))[:200].rstrip(".")


_LOCKED = _("The database {file} is locked by another process for too long; run it again when that is done.")
_UNSOUND = _("{file} is not a sound SQLite database; put the newest backup in its place.")
_CLOSED = _("The database {file} cannot be written; give this user the right to.")
_SQLITE = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_FULL: _(
        "The disk under {file} is full; free some space and run it again. What was committed is kept."
    ),
    sqlite3.SQLITE_IOERR: _("Reading or writing {file} failed; look after its disk and run it again."),
    sqlite3.SQLITE_CANTOPEN: _(
        "The database {file} cannot be opened; its directory is missing or closed to this user."
    ),
    sqlite3.SQLITE_READONLY: _CLOSED,
    sqlite3.SQLITE_PERM: _CLOSED,
    sqlite3.SQLITE_CORRUPT: _UNSOUND,
    sqlite3.SQLITE_NOTADB: _UNSOUND,
}
