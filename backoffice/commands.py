"""What our commands share: exit codes, ``--json``, ``--as``, messages on stderr, signals, and no traceback, ever."""

import json
import logging
import os
import signal
import sys
import threading
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, NoReturn, TypeVar

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.db.models import Model, QuerySet
from django.utils.functional import lazystr
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice import acting, audit, database, limits
from backoffice.errors import (
    BackofficeError,
    ChangedMeanwhile,
    NotAllowed,
    NotInThisState,
    RemoteError,
    RemoteRejected,
    UpstreamChanged,
    WriteIsSettled,
)
from backoffice.logs import redact
from backoffice.models import AuditEntry
from backoffice.texts import Text, number, together_lazy, written

M = TypeVar("M", bound=Model)


class Exit(IntEnum):
    """How a command ends."""

    DONE = 0  # or enqueued
    FAILED = 1  # failed, unknown, interrupted, busy or not configured
    USAGE = 2  # also an unknown resource, upstream or user
    REFUSED = 3  # by us or by the remote
    PARTIAL = 4


_WORST_FIRST = (Exit.USAGE, Exit.FAILED, Exit.REFUSED, Exit.PARTIAL, Exit.DONE)
_REFUSALS = (RemoteRejected, NotAllowed, UpstreamChanged, NotInThisState, ChangedMeanwhile, WriteIsSettled)


def worst(codes: Iterable[Exit]) -> Exit:
    """The exit code of several outcomes; DONE for none."""
    return min(codes, key=_WORST_FIRST.index, default=Exit.DONE)


def exit_code_for(error: RemoteError | BackofficeError | DatabaseError) -> Exit:
    """How a command ends that met ``error``."""
    return Exit.REFUSED if isinstance(error, _REFUSALS) else Exit.FAILED


class StaffCommand(BaseCommand):
    """Base of our commands. Records go to stdout, everything said to people goes to stderr.

    From a shell every end but DONE is an exit code, told in one sentence. From ``call_command`` it is a CommandError
    with that ``returncode``, whose text is empty where all has been said already.
    """

    requires_system_checks: list[str] = []  # they load the whole web side; `doctor` looks at what matters here
    is_from_shell = False

    def run_from_argv(self, argv: list[str]) -> None:
        """What `manage.py` calls."""
        self.is_from_shell = True
        super().run_from_argv(argv)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command, and turn what it raises into a sentence and an exit code."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")  # a terminal that knows fewer characters is no reason
        try:
            _check_readable(options)
            with _only_warnings_logged(options), limits.everything(), acting.acting(AuditEntry.Door.COMMAND):
                try:
                    return super().execute(*args, **options)
                except NotAllowed as error:
                    self._note_denied(options, error)
                    raise
        except CommandError as error:
            self._end(str(error), error.returncode, error)
        except DatabaseError as error:
            self._end(str(database.trouble(error)), Exit.FAILED, error)
        except (RemoteError, BackofficeError) as error:
            self._end(str(error), exit_code_for(error), error)
        except KeyboardInterrupt as error:
            self._end(_("Stopped."), Exit.FAILED, error)
        except BrokenPipeError as error:  # the reader went away, as `| head` does; the interpreter must not complain
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self._end("", Exit.FAILED, error)
        except Exception as error:
            if not self.is_from_shell or options.get("traceback"):
                raise
            told = _("This is a fault of ours ({kind}); --traceback shows where.")
            self._end(told.format(kind=type(error).__name__), Exit.FAILED, error)

    def _note_denied(self, options: dict[str, Any], error: NotAllowed) -> None:
        """In the audit: what somebody may not do is asked for by name. What was typed besides is not kept."""
        name = type(self).__module__.rpartition(".")[2]
        remote_id = str(options.get("remote_id") or "")[:255]
        audit.note(
            "command", kind="command", remote_id=remote_id, label=f"{name} {options.get('verb') or ''}".strip(),
            outcome=AuditEntry.Outcome.DENIED, detail=written(lazystr(error)),
        )  # fmt: skip

    def _end(self, sentence: str, code: int, cause: BaseException) -> NoReturn:
        if not self.is_from_shell:
            if isinstance(cause, CommandError):
                raise cause
            raise CommandError(sentence, returncode=code) from cause
        if sentence:
            self.say(sentence)
        sys.exit(code)

    def add_verb(self, verbs: Any, name: str, help: str) -> ArgumentParser:
        """A verb's parser, with ``--json`` and ``--as``. Django's own options may stand after the verb as well."""
        parser: ArgumentParser = verbs.add_parser(name, help=help, description=help)
        for flag in ("--settings", "--pythonpath"):
            parser.add_argument(flag, default=SUPPRESS, help=SUPPRESS)
        for flag in ("--traceback", "--no-color", "--force-color"):
            parser.add_argument(flag, action="store_true", default=SUPPRESS, help=SUPPRESS)
        parser.add_argument("-v", "--verbosity", type=int, choices=range(4), default=SUPPRESS, help=SUPPRESS)
        add_json(parser)
        add_as(parser)
        return parser

    def actor(self, options: dict[str, Any], *permissions: str) -> User | None:
        """Who acts: the person named by ``--as``, who must hold ``permissions``, or (None) the machine's operator.

        From then on the command meets only records within the person's limits.

        Raises CommandError (usage) for nobody we know, NotAllowed for somebody who may not.
        """
        name = options["as_user"]
        if name is None:
            return None
        user = User.objects.filter(username=name, is_active=True).first()
        if user is None:
            told = _("--as: there is no active user {name}.")
            raise CommandError(told.format(name=repr(name)), returncode=Exit.USAGE)
        acting.become(user)
        missing = [permission for permission in permissions if not (user.is_staff and user.has_perm(permission))]
        if missing:
            may_not = gettext_lazy("{user} may not do this: it takes {permissions}. Nothing was done.")
            raise NotAllowed(format_lazy(may_not, user=name, permissions=together_lazy(missing)))
        limits.hold(user)
        return user

    def tell_cut(self, listed: Sequence[Any], rows: QuerySet[Any], limit: int, them: Text) -> None:
        """Say so where ``--limit`` cut a list of ``rows`` short; ``them`` is what they are called."""
        if len(listed) == limit and (count := rows.count()) > limit:
            told = _("{limit} of {count} {things}; --limit N shows more.")
            self.say(told.format(limit=limit, count=number(count), things=them))

    def put(self, record: dict[str, Any]) -> None:
        """Print one record as JSON on a line of its own, at once."""
        self.stdout.write(json.dumps(record, default=_jsonable))  # ASCII: no control character reaches a terminal
        self.stdout.flush()

    def line(self, text: Text) -> None:
        """Print a line for people, at once."""
        self.stdout.write(shown(text))
        self.stdout.flush()

    def lines(self, members: dict[str, Any]) -> None:
        """Print a record for people, a line for each member."""
        for name, value in members.items():
            self.line(f"{name:<18} {shown(value)}")

    def say(self, sentence: Text) -> None:
        """Tell people something, beside the output."""
        self.stderr.write(shown(redact(str(sentence))), style_func=str)
        self.stderr.flush()


def _check_readable(options: dict[str, Any]) -> None:
    """Raises CommandError where the shell handed over bytes that are no text: no database could look for them."""
    for name, value in options.items():
        if isinstance(value, str) and not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
            raise CommandError(_("{name} is not readable text.").format(name=name), returncode=Exit.USAGE)


@contextmanager
def _only_warnings_logged(options: dict[str, Any]) -> Iterator[None]:
    """A command tells its story itself; ``-v 2`` shows the log lines too."""
    before = logging.root.manager.disable
    if options.get("verbosity", 1) < 2:
        logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(before)


def add_json(parser: ArgumentParser) -> None:
    """The option ``--json``."""
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def add_as(parser: ArgumentParser) -> None:
    """The option ``--as``; see ``StaffCommand.actor``."""
    parser.add_argument("--as", dest="as_user", metavar="USERNAME", help="act with this person's permissions")


def asked_for(rows: QuerySet[M], options: Mapping[str, Any]) -> QuerySet[M]:
    """Those of mirrored ``rows`` that the options ``--all``, ``--status`` and ``--search`` of a list name."""
    if not options["all"]:
        rows = rows.filter(vanished_at=None)
    if options["status"]:
        rows = rows.filter(status=options["status"])
    if options["search"]:
        rows = rows.filter(search_text__contains=options["search"].lower())
    return rows


def in_json(value: Any) -> str:
    """A member's value as one line for people."""
    return json.dumps(value, ensure_ascii=False)


def add_limit(parser: ArgumentParser) -> None:
    """The option ``--limit``; see ``StaffCommand.tell_cut``."""
    parser.add_argument(
        "--limit", type=whole_number(1, 2**31 - 1), default=50, metavar="N", help="at most so many (50)"
    )


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """An argument's type: a whole number from ``least`` to ``most``."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            told = _("{text} is not a whole number from {least} to {most}")
            raise ArgumentTypeError(told.format(text=repr(text), least=number(least), most=number(most)))
        return int(text)

    return read


def shown(value: object) -> str:
    """A value as a line on a terminal: remote text can neither break the line nor command the terminal."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in str(value))


def _jsonable(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


@contextmanager
def stop_signals(then: Callable[[], None] | None = None) -> Iterator[Callable[[], bool]]:
    """Ctrl-C and SIGTERM ask instead of killing: yields what tells whether one came. A second Ctrl-C ends at once.

    Args:
        then: called at the first, on a thread of its own: the handler may have come between a lock and its release.
    """
    asked = threading.Event()

    def ask(number: int, frame: object) -> None:
        if asked.is_set():
            if number == signal.SIGINT:
                raise KeyboardInterrupt
            return
        asked.set()
        if then:
            threading.Thread(target=then, daemon=True).start()

    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield asked.is_set
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
