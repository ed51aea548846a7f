"""What ``demo`` and ``run`` have in common: make ready, then web, worker and beat under one supervisor."""

import fcntl
import hashlib
import os
import socket
import sys
from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils.translation import gettext as _

from backoffice.broker_files import set_unreadable_aside
from backoffice.supervisor import Child, Say

HOST = "127.0.0.1"
UP_WITHIN_S = 0.3
_MANAGE = [sys.executable, str(settings.BASE_DIR / "manage.py")]


def only_one() -> IO[str]:
    """Keep a second demo or run off this data directory for as long as the answer is open.

    Raises CommandError when one is running.
    """
    lock = (settings.DATA_DIR / "supervisor.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        told = _("It is running already on {folder}. Stop that one first, or name another DATA_DIR.")
        raise CommandError(told.format(folder=settings.DATA_DIR)) from None
    return lock


def refuse_taken_port(port: int, instead: str) -> None:
    """Raises CommandError when the web port cannot be listened on; ``instead`` says what to do."""
    problem = _why_not(port)
    if problem:
        told = _("Port {port} on {host} cannot be used ({problem}). {instead}")
        raise CommandError(told.format(port=port, host=HOST, problem=problem, instead=instead))


def free_port(wanted: int, *, but_not: int) -> int:
    """``wanted`` if it can be listened on, else some port that can."""
    if wanted != but_not and not _why_not(wanted):
        return wanted
    with socket.create_server((HOST, 0)) as listening:
        return int(listening.getsockname()[1])


def _why_not(port: int) -> str:
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        return os.strerror(error.errno or 0).lower()  # not error.strerror: it repeats the address
    return ""


def make_ready(say: Say) -> None:
    """Bring the tables and the static files up to the code. Raises CommandError with a plain sentence."""
    try:
        call_command("migrate", verbosity=0, interactive=False)
    except DatabaseError as error:
        reason = " ".join(str(error).split())[:300]
        told = _("The database cannot be used: {reason}. DATABASE_URL names it.")
        raise CommandError(told.format(reason=reason)) from None
    stamp = settings.STATIC_ROOT / ".collected"
    wanted = _static_fingerprint()
    if not stamp.exists() or stamp.read_text() != wanted:
        say(_("Collecting the static files."))
        stamp.unlink(missing_ok=True)
        call_command("collectstatic", verbosity=0, interactive=False)
        stamp.write_text(wanted)


def _static_fingerprint() -> str:
    """Changes with any static file of the project or of a package."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            file = Path(storage.path(name))
            digest.update(f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}\n".encode())
    return digest.hexdigest()


def children(web_port: int, say: Say) -> list[Child]:
    """Web, worker and beat."""
    # As root Celery warns of pickled messages; ours are JSON and nothing else is accepted.
    celery = [sys.executable, "-W", "ignore:You're running the worker", "-m", "celery", "-A", "backoffice"]
    return [
        Child(
            "web",
            [sys.executable, "-m", "gunicorn", "backoffice.wsgi", "--bind", f"{HOST}:{web_port}"]
            + "--workers 1 --threads 8 --graceful-timeout 10 --log-level warning".split(),
            is_up=answers(web_port, "/healthz"),
        ),
        Child(
            "worker",
            [*celery, *"worker -c 2 --without-gossip --without-mingle -l WARNING".split()],
            before_start=lambda: _clear_broker(say),
        ),
        Child("beat", [*celery, *"beat -l WARNING --pidfile=".split()]),
    ]


def sandbox(port: int) -> Child:
    """The upstreams in small; worker and web start when it answers."""
    command = [*_MANAGE, "sandbox", "--port", str(port)]
    return Child("sandbox", command, is_up=answers(port, "/sandbox/control/"), serves_others=True)


def answers(port: int, path: str) -> Callable[[], bool]:
    """Whether a server on the loopback port answers, whatever it says."""

    def ask() -> bool:
        web = HTTPConnection(HOST, port, timeout=UP_WITHIN_S)
        try:
            web.request("GET", path)
            web.getresponse().read()
        except (OSError, HTTPException):
            return False
        finally:
            web.close()
        return True

    return ask


def _clear_broker(say: Say) -> None:
    moved: Sequence[Path] = []
    if settings.CELERY_BROKER_URL.startswith("filesystem:"):
        moved = set_unreadable_aside(settings.BROKER_DIR)
    for path in moved:
        told = _("An unreadable broker file was set aside: {path}. What it asked for is sent again from its row.")
        say(told.format(path=path))
