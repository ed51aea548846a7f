"""What the commands share that change something at a remote: plan, carry out, one line a write, exit codes, signals."""

import signal
import sys
import threading
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, TypeVar
from uuid import UUID, uuid4

from django.core.management.base import CommandError
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice import audit
from backoffice.badges import in_words
from backoffice.client import PERSON, RemoteClient
from backoffice.commands import Exit, StaffCommand, in_json, shown, stop_signals, worst
from backoffice.correlation import correlated
from backoffice.errors import ChangedMeanwhile
from backoffice.models import RemoteWrite
from backoffice.texts import Text, capital, number
from backoffice.writes import settle as settling
from backoffice.writes.carry_out import carry_out
from backoffice.writes.plan import MAX_REASON_CHARS, Actor, plan
from backoffice.writes.verbs import Verb, WriteVerb, verb_of

T = TypeVar("T")
Work = Callable[[Any], T]  # does a verb with a client
State = RemoteWrite.State

OVERWRITE = gettext_lazy("To set yours all the same: add --overwrite.")
NOT_SENT = gettext_lazy("Nothing was sent.")
EXIT_OF_STATE = {State.CONFIRMED: Exit.DONE, State.REFUSED: Exit.REFUSED}  # others: FAILED


class WriteCommand(StaffCommand):
    """Base of the commands with verbs that change something.

    With ``--json`` every write is one line: write (its id), verb, target, state, remote_id, status (of the last answer,
    or null), request_id and error (a sentence, or ""); ``setup_url`` besides where a link is made, null where it is not
    shown. Without, a sentence says what was done; what went wrong, and what to do then, is on stderr in either case.
    """

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command; all that it does belongs together."""
        self._codes: list[Exit] = []
        with _sigterm_as_ctrl_c(), correlated(str(uuid4())):
            return super().execute(*args, **options)

    def add_write_verb(self, verbs: Any, name: str, help: str) -> ArgumentParser:
        """The parser of a verb that writes, with ``--json``, ``--as`` and ``--write``."""
        parser = self.add_verb(verbs, name, help)
        parser.add_argument(
            "--write", type=write_id, metavar="UUID", help="the write's id; the same again only shows that write"
        )
        return parser

    def acting(self, options: dict[str, Any], *permissions: str) -> Actor:
        """Who acts (``StaffCommand.actor``), through this door."""
        return Actor(self.actor(options, *permissions), RemoteWrite.Door.COMMAND)

    def do(
        self,
        verb: WriteVerb,
        options: dict[str, Any],
        work: Callable[[RemoteWrite], Work[Any]] | None = None,
        **wanted: Any,
    ) -> tuple[RemoteWrite, bool]:
        """Do a verb, unless ``--write`` names a write made before; the write as it ended, and whether it is new.

        Args:
            work: from the planned write to what is done with a client, where that is more than the verb registered.
            wanted: as ``plan``.

        Raises NotAllowed, and CommandError (usage) where ``--write`` is the id of another write.
        """
        write, is_new = self.plan(verb, options, **wanted)
        if is_new:
            self.carry_out(write, work=work(write) if work else None)
        return write, is_new

    def do_compared(
        self, verb: WriteVerb, options: dict[str, Any], **wanted: Any
    ) -> tuple[RemoteWrite, ChangedMeanwhile | None]:
        """Do a verb that compares first; the write as it ended, and what had been changed meanwhile, if that was why.

        Raises as ``do``.
        """
        met: list[ChangedMeanwhile] = []

        def work(write: RemoteWrite) -> Work[object]:
            def compared(api: Any) -> object:
                try:
                    return verb.carry_out(api, write)
                except ChangedMeanwhile as conflict:
                    met.append(conflict)
                    raise

            return compared

        return self.do(verb, options, work, **wanted)[0], next(iter(met), None)

    def tell_conflict(self, conflict: ChangedMeanwhile, sends: Mapping[str, Any]) -> None:
        """Say, member by member, what was changed meanwhile, and how to set the values of ``sends`` all the same."""
        for name, theirs in conflict.theirs.items():
            self.say(_("  {member} before: {value}").format(member=name, value=in_json(conflict.before[name])))
            self.say(_("  {member} theirs: {value}").format(member=name, value=in_json(theirs)))
            self.say(_("  {member} yours:  {value}").format(member=name, value=in_json(sends[name])))
        self.say(OVERWRITE)

    def plan(self, verb: WriteVerb, options: dict[str, Any], **wanted: Any) -> tuple[RemoteWrite, bool]:
        """Plan a write under the id of ``--write``, or find it there. Raises as ``do``."""
        actor = self.acting(options, wanted.get("permission") or verb.permission)
        write, is_new = plan(verb, actor, **{"id": options["write"], **wanted})
        remote_id, owner = wanted.get("remote_id", ""), wanted.get("owner_remote_id", "")
        is_same_object = write.remote_id == remote_id if remote_id else write.owner_remote_id == owner
        if (write.target, write.verb) != (verb.target, verb.name) or not is_same_object:
            refuse_id(write)
        if not is_new:
            told = _("Write {id} was made before, {moment}, by {user} through {door}; nothing was sent now.")
            self.say(told.format(id=write.pk, moment=shown(write.planned_at), **_by(write)))
            if write.sends != {**verb.sends, **(wanted.get("sends") or {})}:
                self.say(_("It was made with other values than those given now."))
        return write, is_new

    def carry_out(self, write: RemoteWrite, *also: RemoteWrite, work: Work[T] | None = None) -> T | None:
        """Carry out a planned write; the service's answer, None where it did not come to that.

        Ctrl-C and SIGTERM end what is under way, and the write ends as it then stands. Whatever breaks off, ``write``
        and ``also``, done by the same work, are not left without an end.
        """
        stopper = _Stopper()
        chosen: Work[Any] = work or (lambda api: verb_of(write).carry_out(api, write))
        try:
            with stop_signals(stopper.stop) as is_stopped:
                answer: T | None = carry_out(write, PERSON, stopper.watched(chosen))
            if is_stopped():
                self.say(_("Stopped."))
        except BaseException:
            for one in (write, *also):
                self._leave(one)
            raise
        finally:
            with suppress(DatabaseError):
                write.refresh_from_db()
        return answer

    def hand_over(self, write: RemoteWrite, options: dict[str, Any], secret: str, done: Text, line: str = "") -> None:
        """Print what is shown this once. Until that has worked the write counts as one whose secret was lost.

        Args:
            line: what is printed for people, where that is more than the secret alone.
        """
        here = RemoteWrite.objects.filter(pk=write.pk)
        with suppress(DatabaseError):  # a database that fails now is no reason to swallow what nobody can ask for again
            here.update(secret_lost=True)
            audit.note_done_with("reveal", [write], write.actor, write.door)
        if options["json"]:
            self.put({**line_of(write), verb_of(write).shows: secret})
        else:
            self.line(line or secret)
        here.update(secret_lost=False)
        if not options["json"]:
            self.say(done)
        self._codes.append(Exit.DONE)

    def came_to(self, code: Exit) -> None:
        """What was told so far ends no better than this."""
        self._codes.append(code)

    def tell(
        self, write: RemoteWrite, options: dict[str, Any], done: Text, *, beside: bool = False, **also: Any
    ) -> None:
        """Print how a write ended; what it shows once is not shown (any more).

        Args:
            done: the sentence of success.
            beside: say that on stderr, because stdout is for a secret alone.
            also: what ``--json`` prints beside a verb's keys.
        """
        shows = verb_of(write).shows
        if options["json"]:
            self.put({**line_of(write), **({shows: None} if shows else {}), **also})
        if write.state == State.CONFIRMED:
            if shows or (beside and not options["json"]):
                self.say(done)
            elif not options["json"]:
                self.line(done)
            if write.remark:
                self.say(write.remark)
        else:
            for sentence in why_not(write):
                self.say(sentence)
        self._codes.append(EXIT_OF_STATE.get(State(write.state), Exit.FAILED))

    def end(self) -> None:
        """Raises CommandError with the worst exit code of what was told, unless all is done."""
        code = worst(self._codes)
        if code is not Exit.DONE:
            raise CommandError("", returncode=code)

    def reason(self, options: dict[str, Any], verb: Verb) -> str:
        """The reason given. Where the verb asks for one a person has to give it; a script's ``--yes`` goes without.

        Raises CommandError (usage).
        """
        given = (options["reason"] or "").strip()
        if verb.asks_reason and not given and not options["yes"]:
            told = _("{verb} takes a reason: --reason TEXT.").format(verb=verb.label)
            raise CommandError(told, returncode=Exit.USAGE)
        return given

    def confirm(self, options: dict[str, Any], question: Text, otherwise: Text = NOT_SENT) -> None:
        """Ask on a terminal, where ``--yes`` was not given. Raises CommandError: refused for a no, else usage.

        Args:
            otherwise: what a no comes to.
        """
        if options["yes"]:
            return
        if not sys.stdin.isatty():
            told = _("This asks before it is done: give --yes where nobody can answer.")
            raise CommandError(told, returncode=Exit.USAGE)
        self.stderr.write(f"{shown(question)} [y/N] ", style_func=str, ending="")
        self.stderr.flush()
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            raise CommandError(str(otherwise), returncode=Exit.REFUSED)

    def _leave(self, write: RemoteWrite) -> None:
        """Say what becomes of a write that is broken off."""
        with suppress(DatabaseError):
            write.refresh_from_db()
            settling.leave(write)
        if write.state == State.CONFIRMED and write.secret_lost:
            secret = verb_of(write).shows.replace("_", " ")
            told = _("The {secret} of {target} {id} could not be printed and is lost: replace it.")
            self.say(told.format(secret=secret, target=write.target, id=write.remote_id))
        elif write.state != State.CONFIRMED:
            for sentence in why_not(write):
                self.say(sentence)


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """What only reads may be broken off anywhere, and says so; sending has handlers of its own (``stop_signals``)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Stopper:
    """Lets a signal give up what a client is doing: the write then ends as after any lost answer."""

    def __init__(self) -> None:
        self._api: RemoteClient | None = None
        self._is_asked = False

    def stop(self) -> None:
        """Give up; from any thread."""
        self._is_asked = True
        if self._api:
            self._api.give_up()

    def watched(self, work: Work[T]) -> Work[T]:
        """``work``, which ``stop`` gives up."""

        def watched_work(api: RemoteClient) -> T:
            self._api = api
            if self._is_asked:
                api.give_up()
            return work(api)

        return watched_work


def write_id(text: str) -> UUID:
    """An argument's type: the id of a write."""
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentTypeError(_("{text} is not a UUID").format(text=repr(text))) from None


def add_reason(parser: ArgumentParser) -> None:
    """The option ``--reason``; see ``WriteCommand.reason``."""
    parser.add_argument("--reason", metavar="TEXT", type=_reason, help="why, for the history here; it is not sent")


def _reason(text: str) -> str:
    if len(text) > MAX_REASON_CHARS:
        told = _("a reason may have {count} characters at most")
        raise ArgumentTypeError(told.format(count=number(MAX_REASON_CHARS)))
    return text


def line_of(write: RemoteWrite) -> dict[str, Any]:
    """A write as ``--json`` prints it; people script against these names."""
    return {
        "write": str(write.pk),
        "verb": write.verb,
        "target": write.target,
        "state": write.state,
        "remote_id": write.remote_id,
        "status": write.status,
        "request_id": write.request_id,
        "error": write.error,
    }


def told_of(write: RemoteWrite) -> str:
    """A write as a sentence begins with it: "Suspend customer cus_…"."""
    return capital(str(write))


def why_not(write: RemoteWrite) -> list[str]:
    """Why a write is not confirmed, what is wrong with its members, and what to do now; a sentence each."""
    what = told_of(write)
    if write.state in {State.PLANNED, State.SENT}:
        if write.state == State.PLANNED:
            told = _("{write}: It waits to be sent. To see how it ends: manage.py writes show {id}")
        else:
            told = _(
                "{write}: It is being sent, or its process is gone. To see how it ends: manage.py writes show {id}"
            )
        return [told.format(write=what, id=write.pk)]
    sentences = [f"{what}: {write.error}", *(f"  {name}: {words}" for name, words in write.field_errors.items())]
    if write.state == State.UNKNOWN:
        sentences += [write.remark] if write.remark else []
        told = _("To look for it, which sends nothing: manage.py writes settle {id}")
        sentences.append(told.format(id=write.pk))
    if write.state == State.FAILED and (write.follows is None or write.follows.state == State.CONFIRMED):
        sentences.append(_("To send it again: manage.py writes send_again {id}").format(id=write.pk))
    return sentences


def refuse_id(write: RemoteWrite) -> NoReturn:
    """Raises CommandError (usage): ``--write`` is the id of another write than the one meant."""
    told = _(
        "--write: {id} is another write: {write}, {state}, made {moment} by {user} through {door}. "
        "Take a new id. Nothing was sent."
    )
    state, moment = in_words(write.state), shown(write.planned_at)
    raise CommandError(
        told.format(id=write.pk, write=write, state=state, moment=moment, **_by(write)), returncode=Exit.USAGE
    )


def _by(write: RemoteWrite) -> dict[str, Any]:
    """Who made it and how, for sentences."""
    return {"user": write.actor or _("the operator"), "door": write.get_door_display()}
