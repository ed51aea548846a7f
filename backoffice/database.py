"""What is wrong with the database, in one plain sentence that says what to do."""

import sqlite3
from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from backoffice.logs import redact

MIGRATE = "manage.py migrate"
_UNDEFINED = {"42P01", "42703", "3F000"}  # PostgreSQL: table, column, schema


def pending_migrations() -> list[str]:
    """Migrations that this database has not seen, as ``app.name``. Raises DatabaseError."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [str(migration) for migration, _ in plan]


def trouble(error: DatabaseError) -> str:
    """One sentence for people: what the database could not do, and what to do about it.

    Closes this thread's connection, so that whatever comes next gets a new one.
    """
    connection.close()
    cause: Any = error.__cause__
    sqlite_code = getattr(cause, "sqlite_errorcode", None)
    if sqlite_code is not None:
        told = _SQLITE.get(sqlite_code & 0xFF)  # the low byte is the kind, the rest says more
        if told:
            return told.format(file=connection.settings_dict["NAME"])
    elif connection.vendor == "postgresql" and getattr(cause, "sqlstate", None) not in _UNDEFINED:
        return _postgresql(error, getattr(cause, "sqlstate", None))
    return _not_migrated() or f"The database failed: {_in_short(error)}."


def _postgresql(error: DatabaseError, state: str | None) -> str:
    if state is None or state.startswith(("08", "57P")):
        at = f"{connection.settings_dict['HOST'] or 'localhost'}:{connection.settings_dict['PORT'] or 5432}"
        return f"PostgreSQL at {at} does not answer; start it or correct DATABASE_URL ({_in_short(error)})."
    if state in {"53100", "53200"}:
        return "PostgreSQL has no room left; free some and run it again. What was committed is kept."
    if state == "55P03":
        return "The database is locked by another process; run it again when that is done."
    return f"The database failed: {_in_short(error)}."


def _not_migrated() -> str:
    try:
        pending = pending_migrations()
    except DatabaseError:
        return ""
    return f"The database lacks {len(pending)} migrations. Run {MIGRATE} first." if pending else ""


def _in_short(error: DatabaseError) -> str:
    return redact(" ".join(str(error).split()))[:200].rstrip(".")


_LOCKED = "The database {file} is locked by another process for too long; run it again when that is done."
_UNSOUND = "{file} is not a sound SQLite database; put the newest backup in its place."
_SQLITE = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_FULL: "The disk under {file} is full; free some space and run it again. What was committed is kept.",
    sqlite3.SQLITE_IOERR: "Reading or writing {file} failed; look after its disk and run it again.",
    sqlite3.SQLITE_CANTOPEN: "The database {file} cannot be opened; its directory is missing or closed to this user.",
    sqlite3.SQLITE_READONLY: "The database {file} cannot be written; give this user the right to.",
    sqlite3.SQLITE_PERM: "The database {file} cannot be written; give this user the right to.",
    sqlite3.SQLITE_CORRUPT: _UNSOUND,
    sqlite3.SQLITE_NOTADB: _UNSOUND,
}
