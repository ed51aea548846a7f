"""``manage.py shipment``: the shipments as mirrored here, and what can be done with them at Afosto."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.commands import Exit, add_limit, shown, whole_number
from backoffice.object_command import ObjectCommand
from backoffice.write_command import add_reason
from fulfilment.models import Shipment
from fulfilment.pieces import contents_of
from fulfilment.services.corrections import lines_of, name_of
from fulfilment.services.shipments import ShipmentService
from fulfilment.states import in_words
from fulfilment.verbs import shipments as verbs

MAX_QUANTITY = 2**31 - 1
EXAMPLE = '[{"sku": "S", "quantity": 2, "position": "A-1"}]'
MEMBERS = (
    "remote_id",
    "number",
    "state",
    "type",
    "method_remote_id",
    "contact_remote_id",
    "list_remote_id",
    "location_remote_id",
    "order_id",
    "service_point_id",
    "ship_at",
    "expected_at",
    "is_outbound",
    "is_editable",
    "is_complete",
    "is_overcomplete",
    "is_listed",
    "is_handled",
    "is_boxed",
    "is_labeled",
    "is_in_transit",
    "is_finished",
    "is_canceled",
    "piece_count",
    "handled_count",
    "boxed_count",
    "missing_count",
    "remote_created_at",
    "remote_updated_at",
    "synced_at",
    "vanished_at",
)


class Command(ObjectCommand[Shipment]):
    """``--json`` prints columns by their names; ``show`` adds ``pieces``, ``parcels``, ``backorders`` and ``overage``.

    The verbs that change something print as ``WriteCommand`` says.
    """

    help = "List, show and fetch shipments; change their method and pieces, and cancel them at Afosto."
    model = Shipment
    noun = gettext_lazy("shipment")
    view = "fulfilment.view_shipment"
    refreshing = verbs.REFRESH_SHIPMENT
    service = ShipmentService

    def add_arguments(self, parser: ArgumentParser) -> None:
        parsers = parser.add_subparsers(
            dest="verb",
            required=True,
            metavar="list|show|fetch|refresh|set_method|take_default_positions|set_backorders|set_overage|set_missing"
            "|cancel",
        )
        listing = self.add_verb(parsers, "list", "List mirrored shipments, the newest first.")
        listing.add_argument("--state", help="only those in this state: open, on a list, picked, packed, ...")
        listing.add_argument("--list", dest="on_list", metavar="LIST_ID", help="only those on this handling list")
        listing.add_argument("--location", metavar="LOCATION_ID", help="only those of this location")
        listing.add_argument("--search", metavar="TEXT", help="part of the number, or of a piece's SKU or id; or an id")
        add_limit(listing)
        listing.add_argument("--all", action="store_true", help="also those that have vanished at Afosto")
        reads = {
            "show": "Show a mirrored shipment.",
            "fetch": "Read a shipment from Afosto, also one that is mirrored already.",
            "refresh": "Read a mirrored shipment again.",
        }
        for name, help in reads.items():
            self.add_verb(parsers, name, help).add_argument("remote_id", metavar="SHIPMENT_ID")
        self._add_writing(parsers)

    def _add_writing(self, parsers: Any) -> None:
        helps = {
            "set_method": "Send a shipment another way.",
            "take_default_positions": "Give the pieces of a shipment the shelves where their SKUs lie now.",
            "set_backorders": "Set lines of the backorders of a shipment; the other lines stay as they are.",
            "set_overage": "Set lines of the overage of a shipment; the other lines stay as they are.",
            "set_missing": "Say which pieces of a shipment were not found.",
            "cancel": "Cancel a shipment at Afosto, for good.",
        }
        changing = {name: self.add_write_verb(parsers, name, help) for name, help in helps.items()}
        for verb in changing.values():
            verb.add_argument("remote_id", metavar="SHIPMENT_ID")
        changing["set_method"].add_argument("--method", required=True, metavar="METHOD_ID")
        for name in ("set_backorders", "set_overage"):
            changing[name].add_argument("--sku", metavar="SKU")
            changing[name].add_argument(
                "--quantity", type=whole_number(0, MAX_QUANTITY), metavar="N", help="0 takes the line out"
            )
            changing[name].add_argument(
                "--items", type=_lines, metavar="JSON", help='several: [{"sku": "S", "quantity": 2}, ...]'
            )
        changing["set_missing"].add_argument(
            "--piece", dest="pieces", nargs="+", action="extend", required=True, metavar="PIECE_ID"
        )
        changing["set_missing"].add_argument("--found", action="store_true", help="they were found after all")
        add_reason(changing["cancel"])
        changing["cancel"].add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the verb. Raises BackofficeError and RemoteError, which the base turns into exit codes."""
        doing: dict[str, Callable[[dict[str, Any]], None]] = {
            "list": self._list, "show": self.show, "fetch": self.fetch, "refresh": self.refresh,
            "set_method": self._set_method, "take_default_positions": self._take_default_positions,
            "set_backorders": self._set_backorders, "set_overage": self._set_overage,
            "set_missing": self._set_missing, "cancel": self._cancel,
        }  # fmt: skip
        doing[options["verb"]](options)
        self.end()

    # -- reading ------------------------------------------------------------------------------------------------------

    def _list(self, options: dict[str, Any]) -> None:
        self.actor(options, self.view)
        shipments = _asked_for(options)
        listed = list(shipments.values(*MEMBERS)[: options["limit"]])
        for row in listed:
            if options["json"]:
                self.put(row)
            else:
                state = str(in_words(row["state"]))
                self.line(f"{row['remote_id']:<36}  {row['number']:<12}  {state:<11}  {shown(row['ship_at'])}")
        if not listed:
            self.say(_("No mirrored shipment fits.") if Shipment.objects.exists() else _NOTHING_YET)
        self.tell_cut(listed, shipments, options["limit"], _("shipments"))

    def tell_object(self, shipment: Shipment, options: dict[str, Any]) -> None:
        row = {name: getattr(shipment, name) for name in MEMBERS}
        contents = contents_of(shipment)
        corrections = {kind: lines_of(shipment, kind) for kind in ("backorders", "overage")}
        if options["json"]:
            pieces = [{**asdict(piece), "state": piece.state} for piece in contents.pieces]
            self.put({**row, "pieces": pieces, "parcels": [asdict(its) for its in contents.parcels], **corrections})
            return
        self.lines(row)
        for piece in contents.pieces:
            place = _("{sku} at {position}").format(sku=piece.sku, position=piece.position or "-")
            told = f"{piece.id} · {place} · {piece.state_in_words}"
            self.lines({"piece": f"{told} · {piece.parcel_number}" if piece.parcel_number else told})
        for kind, lines in corrections.items():
            for line in lines:
                self.lines({kind: f"{line['quantity']} × {name_of(line)}"})
        if not contents.is_known:
            told = _("Its pieces are not here yet. To read them: manage.py shipment refresh {id}")
            self.say(told.format(id=shipment.remote_id))

    # -- changing something -------------------------------------------------------------------------------------------

    def _set_method(self, options: dict[str, Any]) -> None:
        sends = {"method_id": options["method"]}
        self.change(verbs.SET_METHOD, options, _("Changed the method of {}."), sends=sends)

    def _take_default_positions(self, options: dict[str, Any]) -> None:
        self.change(verbs.TAKE_DEFAULT_POSITIONS, options, _("Reset the positions of {}."))

    def _set_backorders(self, options: dict[str, Any]) -> None:
        sends = {"items": _given_lines(options)}
        self.change(verbs.SET_BACKORDERS, options, _("Changed the backorders of {}."), sends=sends)

    def _set_overage(self, options: dict[str, Any]) -> None:
        sends = {"items": _given_lines(options)}
        self.change(verbs.SET_OVERAGE, options, _("Changed the overage of {}."), sends=sends)

    def _set_missing(self, options: dict[str, Any]) -> None:
        items = [{"id": id, "is_missing": not options["found"]} for id in dict.fromkeys(options["pieces"])]
        told = _("Marked {count} pieces of {object} as missing.")
        if options["found"]:
            told = _("Marked {count} pieces of {object} as found.")
        done = told.format(count=len(items), object="{}")
        self.change(verbs.SET_MISSING, options, done, sends={"items": items})

    def _cancel(self, options: dict[str, Any]) -> None:
        shipment = self.found_for(verbs.CANCEL_SHIPMENT, options)
        reason = self.reason(options, verbs.CANCEL_SHIPMENT)
        question = _("Cancel {object} at Afosto, for good?")
        self.confirm(options, question.format(object=self.named(shipment.remote_id)))
        self.change(verbs.CANCEL_SHIPMENT, options, _("Cancelled {}."), reason=reason)


_NOTHING_YET = gettext_lazy("No shipment is mirrored here yet. To read them: manage.py sync afosto.shipments")


def _given_lines(options: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines of ``--items``, or the one of ``--sku`` and ``--quantity``. Raises CommandError (usage)."""
    sku, quantity, items = options["sku"], options["quantity"], options["items"]
    if items is not None and sku is None and quantity is None:
        return list(items)
    if items is None and sku and quantity is not None:
        return [{"sku": sku, "quantity": quantity}]
    raise CommandError(_("Give --sku and --quantity, or --items."), returncode=Exit.USAGE)


def _lines(text: str) -> list[dict[str, Any]]:
    """An argument's type: a JSON list of lines."""
    try:
        lines = json.loads(text)
    except (ValueError, RecursionError):
        lines = None
    if not isinstance(lines, list) or not lines or not all(map(_is_line, lines)):
        raise ArgumentTypeError(_("is not a JSON list like {example}").format(example=EXAMPLE))
    if len({name_of(line) for line in lines}) < len(lines):
        raise ArgumentTypeError(_("names an SKU twice"))
    return lines


def _is_line(line: Any) -> bool:
    if not isinstance(line, dict) or not line.keys() <= {"sku", "quantity", "position", "description"}:
        return False
    quantity, words = line.get("quantity"), [line.get(name, "") for name in ("sku", "position", "description")]
    is_count = isinstance(quantity, int) and not isinstance(quantity, bool) and 0 <= quantity <= MAX_QUANTITY
    return is_count and bool(line.get("sku")) and all(isinstance(word, str) for word in words)


def _asked_for(options: dict[str, Any]) -> QuerySet[Shipment]:
    shipments = Shipment.objects.all() if options["all"] else Shipment.objects.filter(vanished_at=None)
    columns = {"state": "state", "on_list": "list_remote_id", "location": "location_remote_id"}
    given = {column: options[name] for name, column in columns.items() if options[name] is not None}
    shipments = shipments.filter(**given)
    if text := options["search"]:
        by_piece = Q(piece_text__contains=text.lower())
        shipments = shipments.filter(Q(number__icontains=text) | Q(remote_id=text) | by_piece)
    return shipments
