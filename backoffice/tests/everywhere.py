"""All places where something could have been kept, to look for what must be in none of them.

Also used by ``.ci/smoke_demo.py``, outside of Django: so Django is imported where it is needed.
"""

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

SANDBOX_TOKEN = re.compile(rb"(?:sandbox|mock)-token-[A-Za-z0-9]{8,}")
"""What the sandbox's one-time tokens look like."""


def every_table() -> str:
    """All rows of all tables, as text, sessions as what they hold."""
    from django.apps import apps
    from django.contrib.sessions.models import Session

    models = apps.get_models(include_auto_created=True)
    rows = [str(row) for model in models for row in model._base_manager.values()]
    return "\n".join([*rows, *(str(session.get_decoded()) for session in Session.objects.all())])


def tokens_in_files(folder: Path, more: Iterable[bytes] = ()) -> Iterator[tuple[Path, bytes]]:
    """Every file below ``folder`` that holds a one-time token of the sandbox, or one of ``more``, with it.

    Files are read as bytes, so what a database or a broker has freed and not overwritten counts as well.
    """
    pattern = re.compile(b"|".join([SANDBOX_TOKEN.pattern, *(re.escape(token) for token in more if token)]))
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        if found := pattern.search(_bytes_of(path)):
            yield path, found[0]


def _bytes_of(path: Path) -> bytes:
    """A file's content; nothing for a message that was taken meanwhile.

    Read by another process: to close a database's file in this one drops the locks that SQLite holds on it here.
    """
    return subprocess.run(["cat", "--", str(path)], capture_output=True, check=False).stdout  # noqa: S603, S607
