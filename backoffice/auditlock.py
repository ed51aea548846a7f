"""The database itself refuses to change an entry of the audit, or to delete one before its time.

Two triggers, made anew after every ``migrate``: SQLite drops them where a later migration rebuilds the table. An
erasure may blank ``label`` and ``reason``; nothing else passes. Who owns the database can drop them; ``doctor`` then
says so.
"""

from typing import Any

from django.db import connection

from backoffice.models import AuditEntry
from backoffice.models.audit import ERASED, KEEP_AUDIT

TABLE = AuditEntry._meta.db_table
NO_CHANGE, NO_DELETE = f"{TABLE}_no_change", f"{TABLE}_no_delete"
BLANKED = ("label", "reason")
_TOLD = "The audit is kept as it is."


def lock(using: str = "default", **kwargs: Any) -> None:
    """Make the triggers anew; connected to ``post_migrate``."""
    if using != "default" or TABLE not in connection.introspection.table_names():
        return
    unlock()
    postgresql = connection.vendor == "postgresql"
    for statement in _postgresql() if postgresql else _sqlite():
        _execute(statement)


def unlock() -> None:
    """Drop the triggers. For tests that empty the database; nothing in the back office calls it but ``lock``."""
    of_table = f" ON {TABLE}" if connection.vendor == "postgresql" else ""
    for name in (NO_CHANGE, NO_DELETE):
        _execute(f"DROP TRIGGER IF EXISTS {name}{of_table}")


def is_locked() -> bool:
    """Whether both triggers are there and in force."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT COUNT(*) FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled <> 'D' "
                "AND tgname IN (%s, %s)",
                [TABLE, NO_CHANGE, NO_DELETE],
            )
        else:
            cursor.execute(
                "SELECT COUNT(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s AND name IN (%s, %s)",
                [TABLE, NO_CHANGE, NO_DELETE],
            )
        found = cursor.fetchone()
    return bool(found and found[0] == 2)


def _changes(same: str) -> str:
    """The condition under which an update is refused; ``same`` is the database's equality that knows null."""
    names = [field.column for field in AuditEntry._meta.concrete_fields]
    kept = [f"NEW.{name} {same} OLD.{name}" for name in names if name not in BLANKED]
    blanked = [f"(NEW.{name} {same} OLD.{name} OR NEW.{name} = '{ERASED}')" for name in BLANKED]
    return f"NOT ({' AND '.join([*kept, *blanked])})"


def _sqlite() -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_TOLD}'); END"
    young = f"OLD.at > strftime('%Y-%m-%d %H:%M:%f', 'now', '-{KEEP_AUDIT.days} days')"
    return [
        f"CREATE TRIGGER {NO_CHANGE} BEFORE UPDATE ON {TABLE} WHEN {_changes('IS')} {refuse}",
        f"CREATE TRIGGER {NO_DELETE} BEFORE DELETE ON {TABLE} WHEN {young} {refuse}",
    ]


def _postgresql() -> list[str]:
    function = f"{TABLE}_refuse"
    refuse = f"FOR EACH ROW WHEN ({{}}) EXECUTE FUNCTION {function}()"
    young = f"OLD.at > now() - interval '{KEEP_AUDIT.days} days'"
    return [
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_TOLD}'; END $$",
        f"CREATE TRIGGER {NO_CHANGE} BEFORE UPDATE ON {TABLE} {refuse.format(_changes('IS NOT DISTINCT FROM'))}",
        f"CREATE TRIGGER {NO_DELETE} BEFORE DELETE ON {TABLE} {refuse.format(young)}",
    ]


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
