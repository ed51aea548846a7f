"""One process at a time changes keys and suggestions: for the length of the caller's transaction."""

from django.db import connection

_OURS = 0x1DE47171  # any number that nobody else takes


def take() -> None:
    """Wait until no other transaction has it. SQLite's transactions exclude each other anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_OURS])
