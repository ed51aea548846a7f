"""``manage.py bulk``: bulk actions, what came of their rows, and sending again what failed."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.management.base import CommandError
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice import upstreams
from backoffice.badges import in_words
from backoffice.bulk import again, run
from backoffice.bulk.outcome import (
    OPEN,
    Outcome,
    outcome_of,
    outcomes_of,
    state_in_words,
    verb_of,
    visible_bulk_actions,
    with_writes,
)
from backoffice.commands import Exit, StaffCommand, add_limit, shown, stop_signals
from backoffice.errors import NotConfigured, NotFound
from backoffice.models import BulkAction, BulkItem
from backoffice.texts import number

State = BulkItem.State
ROWS_AT_ONCE = 500


class Command(StaffCommand):
    """``--json`` prints a bulk action with the keys ``bulk verb target state total counts selection reason actor
    confirmed_at ended_at``, and each of its rows with a verb's keys, ``position`` and ``name``.
    """

    help = "List and show bulk actions, and send again what failed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|show|retry")
        listing = self.add_verb(verbs, "list", "List bulk actions, the newest first.")
        listing.add_argument("--state", choices=BulkAction.State.values, help="only those in this state")
        add_limit(listing)
        showing = self.add_verb(verbs, "show", "Show a bulk action and what came of each row.")
        showing.add_argument("bulk", metavar="BULK", help="its id, as on its page")
        retrying = self.add_verb(
            verbs, "retry", "Send the failed rows again, in this process; unknown ones are looked for first."
        )
        retrying.add_argument("bulk", metavar="BULK", help="its id, as on its page")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the verb. Raises BackofficeError, which the base turns into exit codes."""
        user = self.actor(options, "backoffice.view_bulkaction")
        verbs = {"list": self._list, "show": self._show, "retry": self._retry}
        verbs[options["verb"]](options, user)

    def _list(self, options: dict[str, Any], user: User | None) -> None:
        bulks = visible_bulk_actions(user)
        if options["state"]:
            bulks = bulks.filter(state=options["state"])
        listed = list(bulks[: options["limit"]])
        outcomes = outcomes_of(listed)
        for bulk in listed:
            self._put_bulk(bulk, outcomes[bulk.pk], options["json"])
        if not listed:
            self.say(_("No bulk action fits.") if BulkAction.objects.exists() else _("Nothing was done in bulk yet."))
        self.tell_cut(listed, bulks, options["limit"], _("bulk actions"))

    def _show(self, options: dict[str, Any], user: User | None) -> None:
        bulk = _found(options["bulk"], user)
        self._put_bulk(bulk, outcome_of(bulk), options["json"])
        for item in _rows(bulk):
            self._put_row(bulk, item, options["json"])

    def _retry(self, options: dict[str, Any], user: User | None) -> None:
        bulk = _found(options["bulk"], user)
        upstream = verb_of(bulk).upstream
        if upstreams.why_off(upstream):
            nothing = gettext_lazy("{off} Nothing was sent again.")
            raise NotConfigured(format_lazy(nothing, off=upstreams.why_off_lazy(upstream)))
        count = again.retry(bulk, user)
        if not count:
            self.say(_("No row is failed or unknown; nothing was sent again."))
        was_stopped = False
        with stop_signals() as is_asked_to_stop:
            goes_on = bool(count)
            while goes_on:
                goes_on = run.work(bulk, waits_out_pauses=False, goes_on=lambda: not is_asked_to_stop())
                was_stopped = is_asked_to_stop()
                goes_on = goes_on and not was_stopped
        bulk.refresh_from_db()
        outcome = outcome_of(bulk)
        self._put_bulk(bulk, outcome, options["json"])
        for item in _rows(bulk):
            self._put_row(bulk, item, options["json"])
        if left := outcome.of(*OPEN):
            told = _("{count} rows have no outcome yet; the workers go on with them.")
            self.say(told.format(count=number(left)))
        code = Exit.FAILED if was_stopped else exit_code_for(outcome)
        if code != Exit.DONE:
            raise CommandError(outcome.sentence, returncode=code)

    def _put_bulk(self, bulk: BulkAction, outcome: Outcome, as_json: bool) -> None:
        if not as_json:
            state = in_words(state_in_words(bulk, outcome))
            told = f"{shown(bulk)}  {state}  {outcome.sentence}"
            self.line(f"{bulk.pk}  {shown(bulk.confirmed_at)}  {told}  {shown(bulk.selection)}")
            return
        self.put(
            {
                "bulk": str(bulk.pk),
                "verb": bulk.verb,
                "target": bulk.target,
                "state": state_in_words(bulk, outcome),
                "total": bulk.total,
                "counts": {state: outcome.of(state) for state in State.values},
                "selection": bulk.selection,
                "reason": bulk.reason,
                "actor": bulk.actor.username if bulk.actor else None,
                "confirmed_at": bulk.confirmed_at,
                "ended_at": bulk.ended_at,
            }
        )

    def _put_row(self, bulk: BulkAction, item: Any, as_json: bool) -> None:
        if not as_json:
            told = f"  {shown(item.error)}" if item.error else ""
            row = f"{item.position:>6}  {shown(item.remote_id):<30}  {in_words(item.state)!s:<9}"
            self.line(f"{row}  {shown(item.name)}{told}")
            return
        self.put(
            {
                "write": str(item.pk),
                "verb": bulk.verb,
                "target": bulk.target,
                "state": item.state,
                "remote_id": item.remote_id,
                "status": item.status,
                "request_id": item.request_id or "",
                "error": item.error,
                "position": item.position,
                "name": item.name,
            }
        )


def exit_code_for(outcome: Outcome) -> Exit:
    """How it ended: all rows confirmed, some, or none and why."""
    confirmed = outcome.of(State.CONFIRMED)
    if confirmed:
        return Exit.DONE if confirmed == outcome.total else Exit.PARTIAL
    return Exit.REFUSED if outcome.of(State.REFUSED) == outcome.total else Exit.FAILED


def _found(text: str, user: User | None) -> BulkAction:
    """Raises CommandError (usage) for what is no id, NotFound for one that the person cannot see."""
    try:
        id = UUID(text)
    except ValueError:
        problem = _("{text} is not the id of a bulk action.").format(text=repr(text))
        raise CommandError(problem, returncode=Exit.USAGE) from None
    bulk = visible_bulk_actions(user).filter(pk=id).first()
    if bulk is None:
        raise NotFound(
            format_lazy(gettext_lazy("There is no bulk action {id}. To see all: manage.py bulk list"), id=id)
        )
    return bulk


def _rows(bulk: BulkAction) -> Iterator[BulkItem]:
    rows = with_writes(BulkItem.objects.filter(bulk=bulk)).order_by("position")
    return rows.iterator(chunk_size=ROWS_AT_ONCE)
