"""``manage.py sync``: bring the mirror up to date, now and here, or hand it to the workers."""

from argparse import ArgumentParser
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError, transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice import checks, database, tasks, upstreams
from backoffice.badges import in_words
from backoffice.commands import Exit, StaffCommand, add_as, add_json, stop_signals, whole_number, worst
from backoffice.errors import NotAllowed
from backoffice.models import SyncRun
from backoffice.sync import engine, runs
from backoffice.sync.resource import RESOURCES
from backoffice.texts import number

State = SyncRun.State
COUNTS = ("fetched", "created", "updated", "unchanged", "vanished", "failed")
EXIT_OF_STATE = {State.SUCCEEDED: Exit.DONE, State.QUEUED: Exit.DONE, State.PARTIAL: Exit.PARTIAL}  # others: FAILED


class Command(StaffCommand):
    """One run a resource, in dependency order, one line each.

    With ``--json`` the members are resource, state, the six counts, seconds (first request to last commit), run (null
    where none was made) and error: ``busy``, ``held``, a sentence, or "" when there is nothing to say.
    """

    help = "Sync the named resources, or all that are configured."
    busy_wait_s = runs.BUSY_WAIT_S

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("resources", nargs="*", metavar="RESOURCE", help=f"one of {', '.join(RESOURCES)}")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--hot", action="store_true", help="only what changes often")
        which.add_argument("--full", action="store_true", help="everything, from the first page")
        parser.add_argument("--dry-run", action="store_true", help="read and compare, write nothing to the mirror")
        parser.add_argument("--enqueue", action="store_true", help="let the workers do it")
        parser.add_argument(
            "--accept-vanished",
            type=whole_number(1, 2**31 - 1),
            metavar="RUN",
            help="what that held run found gone may vanish",
        )
        add_json(parser)
        add_as(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Sync. Raises CommandError with the exit code unless all is done."""
        names = _in_order(options["resources"])
        held = options["accept_vanished"]
        if held and (len(names) != 1 or options["hot"]):
            told = _("--accept-vanished takes exactly one RESOURCE, and no --hot.")
            raise CommandError(told, returncode=Exit.USAGE)
        wanted: dict[str, Any] = {
            "trigger": "command",
            "mode": SyncRun.Mode.HOT if options["hot"] else SyncRun.Mode.FULL if options["full"] else "normal",
            "is_dry": options["dry_run"],
            "user": self.actor(options, "backoffice.view_syncrun", "backoffice.start_syncrun"),
        }
        if held:
            self.actor(options, "backoffice.approve_syncrun")
            wanted["accepts"] = _held_run(names[0], held)
        self._as_json = options["json"]
        codes = self._enqueue(names, wanted) if options["enqueue"] else self._carry_out(names, wanted)
        if worst(codes) is not Exit.DONE:
            raise CommandError("", returncode=worst(codes))

    def _enqueue(self, names: list[str], wanted: dict[str, Any]) -> list[Exit]:
        queued: list[SyncRun] = []
        lines: list[dict[str, Any]] = []
        with transaction.atomic():  # all rows are there before a worker takes the first
            for name in names:
                off = _line_if_off(name)
                if off is None:
                    queued.append(tasks.queue_after(name, queued[-1] if queued else None, **wanted))
                lines.append(off or _line_of(queued[-1]))
        trouble = checks.broker_trouble() if queued else ""
        if trouble:
            told = _("{trouble} The runs are kept and start as soon as the broker and a worker are back.")
            self.say(told.format(trouble=trouble))
        return [self._tell(line) for line in lines]

    def _carry_out(self, names: list[str], wanted: dict[str, Any]) -> list[Exit]:
        codes: list[Exit] = []
        tried: set[str] = set()
        with stop_signals() as should_stop:
            for place, name in enumerate(names):
                upstream = RESOURCES[name].upstream
                # The first run of an upstream may find out whether a paused one is back, the others believe it.
                line, may_go_on = self._run(name, wanted, should_stop, is_trial=upstream not in tried)
                tried.add(upstream)
                codes.append(self._tell(line))
                if not may_go_on and names[place + 1 :]:
                    self.say(_("Not begun: {names}.").format(names=", ".join(names[place + 1 :])))
                if not may_go_on:
                    break
        return codes

    def _run(
        self, name: str, wanted: dict[str, Any], should_stop: Callable[[], bool], *, is_trial: bool
    ) -> tuple[dict[str, Any], bool]:
        """One resource; its line, and whether the next one may be begun."""
        off = _line_if_off(name)
        if off is not None:
            return off, True
        run: SyncRun | None = None
        try:
            run = runs.queue(name, **wanted)
            self._show_progress(run)
            engine.carry_out(
                run,
                should_stop=should_stop,
                on_progress=self._show_progress,
                busy_wait_s=self.busy_wait_s,
                is_trial=is_trial,
            )
            if not run.is_over:  # we joined a waiting run, and another process carries it out
                return self._wait_for(run, should_stop), not should_stop()
        except DatabaseError as error:
            told = str(database.trouble(error))
            return _line(name, state=State.FAILED, run=run.pk if run else None, error=told), False
        except KeyboardInterrupt:  # the second one, before the run had begun
            if run:
                runs.request_stop(run)
            told = _("Stopped by Ctrl-C.")
            return _line(name, state=State.INTERRUPTED, run=run.pk if run else None, error=told), False
        finally:
            self._clear_progress()
        return _line_of(run), not should_stop()

    def _wait_for(self, run: SyncRun, should_stop: Callable[[], bool]) -> dict[str, Any]:
        give_up_at = monotonic() + self.busy_wait_s
        while not run.is_over and monotonic() < give_up_at and not should_stop():
            sleep(runs.POLL_S)
            run.refresh_from_db()
        return _line_of(run) if run.is_over else _line(run.resource, state=State.FAILED, run=run.pk, error=runs.BUSY)

    # -- what people see ----------------------------------------------------------------------------------------------

    def _show_progress(self, run: SyncRun) -> None:
        if self.stderr.isatty():
            told = _("{resource} {count} read …").format(resource=run.resource, count=number(run.fetched))
            self.stderr.write(f"\r\033[K{told}", style_func=str, ending="")
            self.stderr.flush()

    def _clear_progress(self) -> None:
        if self.stderr.isatty():
            self.stderr.write("\r\033[K", style_func=str, ending="")

    def _tell(self, line: dict[str, Any]) -> Exit:
        if self._as_json:
            self.put(line)
        else:
            self.line(_readable(line))
        sentence = _why(line)
        if sentence:
            self.say(sentence)
        return EXIT_OF_STATE.get(line["state"], Exit.FAILED)


def _in_order(names: list[str]) -> list[str]:
    """The resources meant, in dependency order. Raises CommandError for unknown ones, or where there are none."""
    unknown = sorted(set(names) - RESOURCES.keys())
    if unknown:
        told = _("Unknown resource: {unknown}. There are: {names}.")
        raise CommandError(told.format(unknown=", ".join(unknown), names=", ".join(RESOURCES)), returncode=Exit.USAGE)
    meant = [name for name in RESOURCES if (name in names if names else upstreams.is_on(RESOURCES[name].upstream))]
    if not meant:
        told = _(
            "No upstream is configured, so there is nothing to sync. `manage.py doctor` says which variables to set."
        )
        raise CommandError(told, returncode=Exit.FAILED)
    return meant


def _held_run(name: str, key: int) -> SyncRun:
    held = SyncRun.objects.filter(pk=key, resource=name, state=State.PARTIAL, error=runs.HELD).first()
    if held is None:
        told = _("Run {run} is not a held run of {resource}.").format(run=key, resource=name)
        raise CommandError(told, returncode=Exit.USAGE)
    refusal = runs.why_not_acceptable(held)
    if refusal:
        raise NotAllowed(format_lazy(gettext_lazy("{why} Nothing was done."), why=refusal))
    return held


def _line_if_off(name: str) -> dict[str, Any] | None:
    """The line of a resource whose upstream is off; None when it is on."""
    off = upstreams.why_off(RESOURCES[name].upstream)
    return _line(name, state=State.FAILED, error=off) if off else None


def _line(resource: str, *, state: str, run: int | None = None, error: str = "", **counts: int) -> dict[str, Any]:
    zeros = dict.fromkeys(COUNTS, 0)
    return {"resource": resource, "state": str(state), **zeros, **counts, "seconds": 0.0, "run": run, "error": error}


def _line_of(run: SyncRun) -> dict[str, Any]:
    counts = {name: getattr(run, name) for name in COUNTS}
    line = _line(run.resource, state=run.state, run=run.pk, error=run.error, **counts)
    return {**line, "seconds": round(run.seconds, 3)}


def _readable(line: dict[str, Any]) -> str:
    head = f"{line['resource']:<20} {in_words(line['state'])!s:<11}"
    if line["run"] is None:
        return head.rstrip()
    if line["state"] == State.QUEUED:
        run = _("run {run}").format(run=line["run"])
        return f"{head} {run}"
    told = _(
        "{fetched} read: {created} new, {updated} changed, {unchanged} as before, {failed} rejected; "
        "{vanished} vanished ({seconds} s, run {run})"
    )
    counts = {name: number(line[name]) for name in COUNTS}
    return f"{head} {told.format(**counts, seconds=number(line['seconds'], 1), run=line['run'])}"


def _why(line: dict[str, Any]) -> str:
    """Why it is not simply done, and what to do about it; "" when it is."""
    name, state, error = line["resource"], line["state"], line["error"]
    if error == runs.BUSY:
        told = _("{resource}: another run of it still goes on, so this one did nothing. Try again when that is over.")
        return told.format(resource=name)
    if error == runs.HELD:
        told = _(
            "{resource}: so many records look gone that nothing was marked as vanished. If they are really gone: "
            "manage.py sync {resource} --accept-vanished {run}"
        )
        return told.format(resource=name, run=line["run"])
    if state == State.PARTIAL:
        return _("{resource}: not everything could be taken. {error}").format(resource=name, error=error)
    if state == State.INTERRUPTED:
        return _("{resource}: {error} To go on: manage.py sync {resource}").format(resource=name, error=error)
    if state == State.FAILED:
        if not line["run"]:
            return f"{name}: {error.rstrip('.')}."
        told = _("{resource}: {error}. What was read before is kept; manage.py doctor finds what to put right.")
        return told.format(resource=name, error=error.rstrip("."))
    return ""
