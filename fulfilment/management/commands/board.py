"""``manage.py board``: which handling lists wait to be picked or sorted, the most urgent first."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.commands import Exit, StaffCommand, add_as, add_json, add_limit, shown
from fulfilment.board import holder_of, holders, lists, sub_of
from fulfilment.counts import done_of, missing_told
from fulfilment.filters import ALL, DUE, ME, BoardFilter
from fulfilment.models import HandlingList
from fulfilment.states import LIST, in_words
from fulfilment.tables import location_of


class Command(StaffCommand):
    """``--json`` prints list, number, state, location, sub, due_at, overdue, pieces, handled, missing of each.

    ``list``, ``location`` and ``sub`` are Afosto's ids.
    """

    help = "Show the work board: handling lists that are open, overdue ones first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--state", choices=[*LIST, ALL], help="only those in this state; all: also those over")
        parser.add_argument("--location", metavar="LOCATION_ID", help="only those of this location")
        parser.add_argument(
            "--sub", metavar="SUB", help='only those that this person holds; "nobody", or with --as "me"'
        )
        parser.add_argument("--due", choices=[word for word, _ in DUE], help="only those due then")
        parser.add_argument("--direction", choices=["pick", "sort"], help="only pick lists, or only sort lists")
        add_limit(parser)
        add_json(parser)
        add_as(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the board. Raises NotAllowed, CommandError (usage)."""
        user = self.actor(options, "fulfilment.view_handlinglist")
        names = holders()
        sub = sub_of(user) if user else ""
        if options["sub"] == ME and not sub:
            raise CommandError(_("--sub me: nobody has said who that is at Afosto."), returncode=Exit.USAGE)
        asked = {"assignee": options["sub"]} | {
            name: options[name] for name in ("state", "location", "due", "direction")
        }
        data = QueryDict(mutable=True)
        data.update({name: value for name, value in asked.items() if value})
        rows = BoardFilter(data, lists(), sub=sub).qs
        listed = list(rows[: options["limit"]])
        for row in listed:
            if options["json"]:
                self.put(_line(row))
            else:
                self._print(row, holder_of(row, names))
        if not listed:
            self.say(_("No handling list fits.") if HandlingList.objects.exists() else _NOTHING_YET)
        self.tell_cut(listed, rows, options["limit"], _("lists"))

    def _print(self, row: Any, holder: str) -> None:
        due = _("no due time")
        if row.due_at:
            due = _("due {moment}, overdue") if row.is_overdue else _("due {moment}")
        told = " · ".join(
            filter(None, (shown(location_of(row)), shown(holder or _("nobody")), due.format(moment=shown(row.due_at))))
        )
        done = done_of(row.handled_count, row.piece_count)
        if row.missing_count:
            done = f"{done}, {missing_told(row.missing_count)}"
        self.line(f"{shown(row):<12}  {shown(in_words(row.state)):<12}  {done:<14}  {told}")


def _line(row: Any) -> dict[str, Any]:
    return {
        "list": row.remote_id,
        "number": row.number,
        "state": row.state,
        "location": row.location_remote_id,
        "sub": row.sub,
        "due_at": row.due_at,
        "overdue": row.is_overdue,
        "pieces": row.piece_count,
        "handled": row.handled_count,
        "missing": row.missing_count,
    }


_NOTHING_YET = gettext_lazy("No handling list is mirrored here yet. To read them: manage.py sync afosto.handling_lists")
