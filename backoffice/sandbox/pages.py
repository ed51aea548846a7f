"""What the upstreams' pages share: cursors that nobody can guess, and rows that move between pages."""

import base64
import binascii

from backoffice.sandbox.storage import Storage


def cursor_after(listed: str, seq: int) -> str:
    """The opaque cursor of what follows the row ``seq`` of the list of this name."""
    return base64.urlsafe_b64encode(f"{listed}:{seq}".encode()).decode().rstrip("=")


def seq_in(cursor: str, listed: str) -> int | None:
    """The ``seq`` in a cursor; None for anything that ``cursor_after`` did not make for this list."""
    try:
        decoded = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        seq = int(decoded.removeprefix(f"{listed}:"))
    except (binascii.Error, ValueError):  # ValueError: not ASCII, not UTF-8, no number
        return None
    is_ours = cursor_after(listed, seq) == cursor and abs(seq) < 2**63  # SQLite's largest
    return seq if is_ours else None


def move_first_to_end(storage: Storage, table: str, *, newest_first: bool) -> None:
    """Let the first row of the list become its last."""
    ends = ("max(seq)", "min(seq) - 1") if newest_first else ("min(seq)", "max(seq) + 1")
    storage.run(
        f"UPDATE {table} SET seq = (SELECT {ends[1]} FROM {table}) "  # noqa: S608  all names are ours
        f"WHERE seq = (SELECT {ends[0]} FROM {table})"
    )
