"""``manage.py handling_list``: the handling lists as mirrored here, and what can be done with them at Afosto."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.commands import add_limit
from backoffice.object_command import ObjectCommand
from backoffice.write_command import add_reason
from fulfilment.models import HandlingList
from fulfilment.pieces import pick_lines
from fulfilment.services.lists import HandlingListService
from fulfilment.states import in_words
from fulfilment.verbs import lists as verbs

MEMBERS = (
    "remote_id",
    "number",
    "state",
    "sub",
    "location_remote_id",
    "due_at",
    "is_outbound",
    "is_in_progress",
    "is_on_hold",
    "is_cancelled",
    "is_finished",
    "piece_count",
    "handled_count",
    "missing_count",
    "shipment_ids",
    "started_at",
    "finished_at",
    "remote_created_at",
    "remote_updated_at",
    "synced_at",
    "vanished_at",
)


class Command(ObjectCommand[HandlingList]):
    """``--json`` prints columns by their names; ``show`` adds ``lines``, the pick lines in walking order.

    The verbs that change something print as ``WriteCommand`` says.
    """

    help = "List, show and fetch handling lists; make, assign, hold, release, mark off and delete them at Afosto."
    model = HandlingList
    noun = gettext_lazy("list")
    view = "fulfilment.view_handlinglist"
    refreshing = verbs.REFRESH_LIST
    service = HandlingListService

    def add_arguments(self, parser: ArgumentParser) -> None:
        parsers = parser.add_subparsers(
            dest="verb",
            required=True,
            metavar="list|show|fetch|refresh|create|assign|hold|release|mark_handled|delete",
        )
        listing = self.add_verb(parsers, "list", "List mirrored handling lists, the newest first.")
        listing.add_argument("--state", help="only those in this state: open, assigned, in progress, on hold, ...")
        listing.add_argument("--location", metavar="LOCATION_ID", help="only those of this location")
        listing.add_argument("--sub", metavar="USER", help='only those of this person, by Afosto\'s id; "" for nobody')
        listing.add_argument("--search", metavar="TEXT", help="part of the number, the id or of a piece's SKU or id")
        add_limit(listing)
        listing.add_argument("--all", action="store_true", help="also those that have vanished at Afosto")
        reads = {
            "show": "Show a mirrored handling list.",
            "fetch": "Read a handling list from Afosto, also one that is mirrored already.",
            "refresh": "Read a mirrored handling list and its shipments again.",
        }
        for name, help in reads.items():
            self.add_verb(parsers, name, help).add_argument("remote_id", metavar="LIST_ID")
        self._add_writing(parsers)

    def _add_writing(self, parsers: Any) -> None:
        creating = self.add_write_verb(parsers, "create", "Make a handling list of shipments at Afosto.")
        creating.add_argument(
            "--shipment", dest="shipments", nargs="+", action="extend", required=True, metavar="SHIPMENT_ID"
        )
        creating.add_argument("--due", type=_moment, metavar="ISO", help="when it has to be done: 2026-11-30T16:00")
        helps = {
            "assign": "Assign a handling list to somebody at Afosto, or take it over for him.",
            "hold": "Put a handling list on hold at Afosto.",
            "release": "Release a handling list that is on hold at Afosto.",
            "mark_handled": "Mark pieces of a handling list as handled at Afosto.",
            "delete": "Delete a handling list at Afosto; its shipments can be listed again.",
        }
        changing = {name: self.add_write_verb(parsers, name, help) for name, help in helps.items()}
        for verb in changing.values():
            verb.add_argument("remote_id", metavar="LIST_ID")
        changing["assign"].add_argument("--sub", required=True, metavar="USER", help="the person, by Afosto's id")
        changing["mark_handled"].add_argument(
            "--piece", dest="pieces", nargs="+", action="extend", required=True, metavar="PIECE_ID"
        )
        add_reason(changing["delete"])
        changing["delete"].add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the verb. Raises BackofficeError and RemoteError, which the base turns into exit codes."""
        doing: dict[str, Callable[[dict[str, Any]], None]] = {
            "list": self._list, "show": self.show, "fetch": self.fetch, "refresh": self.refresh,
            "create": self._create, "assign": self._assign, "hold": self._hold, "release": self._release,
            "mark_handled": self._mark_handled, "delete": self._delete,
        }  # fmt: skip
        doing[options["verb"]](options)
        self.end()

    # -- reading ------------------------------------------------------------------------------------------------------

    def _list(self, options: dict[str, Any]) -> None:
        self.actor(options, self.view)
        lists = _asked_for(options)
        listed = list(lists.values(*MEMBERS)[: options["limit"]])
        for row in listed:
            if options["json"]:
                self.put(row)
            else:
                done = f"{row['handled_count']}/{row['piece_count']}"
                whose, state = row["sub"] or _("nobody"), str(in_words(row["state"]))
                self.line(f"{row['remote_id']:<36}  {row['number']:<12}  {state:<11}  {done:>9}  {whose}")
        if not listed:
            self.say(_("No mirrored handling list fits.") if HandlingList.objects.exists() else _NOTHING_YET)
        self.tell_cut(listed, lists, options["limit"], _("handling lists"))

    def tell_object(self, handling_list: HandlingList, options: dict[str, Any]) -> None:
        row = {name: getattr(handling_list, name) for name in MEMBERS}
        lines = pick_lines(handling_list)
        if options["json"]:
            self.put({**row, "lines": [_as_json(asdict(line)) for line in lines]})
            return
        self.lines({**row, "shipment_ids": ", ".join(row["shipment_ids"])})
        for line in lines:
            told = _("{done} of {total} × {sku} at {position}")
            if line.missing_ids:
                told = _("{done} of {total} × {sku} at {position}, {missing} missing")
            done, total, missing = len(line.handled_ids), len(line.ids), len(line.missing_ids)
            position = line.position or "-"
            self.lines({"line": told.format(done=done, total=total, sku=line.sku, position=position, missing=missing)})

    # -- changing something -------------------------------------------------------------------------------------------

    def _create(self, options: dict[str, Any]) -> None:
        sends: dict[str, Any] = {"shipments": [{"id": id} for id in dict.fromkeys(options["shipments"])]}
        if options["due"]:
            sends["due_at"] = options["due"].isoformat()
        write = self.do(verbs.CREATE_LIST, options, sends=sends)[0]
        told = _("Made {list} of {count} shipments.")
        self.tell(write, options, told.format(list=self.named(write.remote_id), count=len(sends["shipments"])))

    def _assign(self, options: dict[str, Any]) -> None:
        done = _("Assigned {object} to {user}.").format(object="{}", user=options["sub"])
        self.change(verbs.ASSIGN_LIST, options, done, sends={"sub": options["sub"]})

    def _hold(self, options: dict[str, Any]) -> None:
        self.change(verbs.HOLD_LIST, options, _("Put {} on hold."))

    def _release(self, options: dict[str, Any]) -> None:
        self.change(verbs.RELEASE_LIST, options, _("Released {}."))

    def _mark_handled(self, options: dict[str, Any]) -> None:
        items = [{"id": id, "is_handled": True} for id in dict.fromkeys(options["pieces"])]
        done = _("Marked {count} pieces of {object}.").format(count=len(items), object="{}")
        self.change(verbs.MARK_HANDLED, options, done, sends={"items": items})

    def _delete(self, options: dict[str, Any]) -> None:
        handling_list = self.found_for(verbs.DELETE_LIST, options)
        reason = self.reason(options, verbs.DELETE_LIST)
        question = _("Delete {object} at Afosto, for good?")
        self.confirm(options, question.format(object=self.named(handling_list.remote_id)))
        self.change(verbs.DELETE_LIST, options, _("Deleted {}."), reason=reason)


_NOTHING_YET = gettext_lazy("No handling list is mirrored here yet. To read them: manage.py sync afosto.handling_lists")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        told = _("{text} is not a time like 2026-11-30T16:00").format(text=repr(text))
        raise ArgumentTypeError(told) from None
    return moment if moment.tzinfo else timezone.make_aware(moment)


def _as_json(members: dict[str, Any]) -> dict[str, Any]:
    """Sets as lists, in the order of the pieces."""
    return {
        name: [id for id in members["ids"] if id in value] if isinstance(value, frozenset) else value
        for name, value in members.items()
    }


def _asked_for(options: dict[str, Any]) -> QuerySet[HandlingList]:
    lists = HandlingList.objects.all() if options["all"] else HandlingList.objects.filter(vanished_at=None)
    columns = {"state": "state", "location": "location_remote_id", "sub": "sub"}
    lists = lists.filter(**{column: options[name] for name, column in columns.items() if options[name] is not None})
    if options["search"]:
        lists = lists.filter(search_text__contains=options["search"].lower())
    return lists
