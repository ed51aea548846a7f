"""The embedded broker's files. One that cannot be read ends kombu's filesystem transport, and the worker with it."""

import json
from pathlib import Path
from time import sleep

STILL_WRITING_S = 0.3  # a message is created empty and filled at once


def set_unreadable_aside(broker_dir: Path) -> list[Path]:
    """Rename messages and routing tables that are not JSON to ``*.bad``; returns their new names.

    What a message asked for is not lost: its row waits, and the reaper sends it again.
    """
    suspects = [path for path in _files(broker_dir) if not _is_readable(path)]
    if suspects:
        sleep(STILL_WRITING_S)
    moved = []
    for path in suspects:
        if not _is_readable(path):
            moved.append(path.rename(path.with_name(f"{path.name}.bad")))
    return moved


def _files(broker_dir: Path) -> list[Path]:
    return sorted([*broker_dir.glob("queue/*.msg"), *broker_dir.glob("control/*.exchange")])


def _is_readable(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except FileNotFoundError:  # a worker took it
        return True
    except ValueError:
        return False
    return True
