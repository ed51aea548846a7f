"""Who carries out a run: enough about a process to tell later whether it is gone."""

import os
import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """One process on one host. ``started`` tells a process from a later one that got the same pid."""

    host: str
    pid: int
    started: str

    def is_gone(self) -> bool | None:
        """Whether the process has ended; None when it ran on another host, where nobody here can see it."""
        if self.host != host_name():
            return None
        return _start_of(self.pid) != self.started


def this_process() -> Process:
    """The process that asks."""
    pid = os.getpid()
    return Process(host_name(), pid, _start_of(pid))


@cache
def host_name() -> str:
    """This host; containers that share a name differ by their process namespace."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:  # not Linux
        namespace = ""
    return f"{socket.gethostname()} {namespace}".strip()


def _start_of(pid: int) -> str:
    """When the kernel says the process started, in clock ticks since boot; "" when it is gone or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "" if Path("/proc/self").exists() else _alive_without_proc(pid)
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]


def _alive_without_proc(pid: int) -> str:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "alive"
