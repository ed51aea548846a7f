"""The embedded broker's files. One that cannot be read ends kombu's filesystem transport, and the worker with it."""

import json
from pathlib import Path
from time import monotonic_ns, sleep
from typing import Any
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps

STILL_WRITING_S = 0.3  # a routing table is created empty and filled at once


class Channel(filesystem.Channel):
    """kombu's, but a message gets its name when it is whole: kombu's own can be taken while it is still empty."""

    # kombu's own two name the message differently
    def _put(self, queue: str, payload: dict[str, Any], **_: Any) -> None:  # type: ignore[override]
        file = Path(self.data_folder_out, f"{monotonic_ns() // 1_000_000}_{uuid4()}.{queue}.msg")
        unfinished = file.with_name(f"{file.name}.part")
        try:
            unfinished.write_text(dumps(payload))
            unfinished.rename(file)
        except OSError as error:
            raise ChannelError(f"Cannot add file {str(file)!r} to directory") from error


class Transport(filesystem.Transport):
    """The embedded broker, as ``CELERY_BROKER_TRANSPORT`` names it."""

    Channel = Channel


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
