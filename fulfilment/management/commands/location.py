"""``manage.py location``: the locations as mirrored here, and what can be done with them at Afosto."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.client import PERSON
from backoffice.commands import add_limit, shown
from backoffice.object_command import ObjectCommand
from backoffice.texts import number
from fulfilment.afosto import AfostoAPI
from fulfilment.models import Location
from fulfilment.services.locations import LocationService
from fulfilment.verbs import locations as verbs

MEMBERS = (
    "remote_id", "name", "reference", "address_remote_id", "is_disabled", "positions_at", "remote_created_at",
    "remote_updated_at", "synced_at", "vanished_at",
)  # fmt: skip
EXAMPLE = '[{"sku": "S", "position": "A1.2"}]'


class Command(ObjectCommand[Location]):
    """``--json`` prints columns by their names; ``show`` adds ``positions``, the shelves in walking order.

    ``points`` prints ``id name address distance``. The verbs that change something print as ``WriteCommand`` says.
    """

    help = "List, show and fetch locations; change them and their shelves at Afosto; find service points."
    model = Location
    noun = gettext_lazy("location")
    view = "fulfilment.view_location"
    refreshing = verbs.REFRESH_LOCATION
    service = LocationService

    def add_arguments(self, parser: ArgumentParser) -> None:
        parsers = parser.add_subparsers(
            dest="verb",
            required=True,
            metavar="list|show|fetch|refresh|points|create|rename|enable|disable|set_walk_order|set_skus",
        )
        listing = self.add_verb(parsers, "list", "List mirrored locations.")
        add_limit(listing)
        listing.add_argument("--all", action="store_true", help="also those that have vanished at Afosto")
        for name, help in (
            ("show", "Show a mirrored location with its shelves."),
            ("fetch", "Read a location from Afosto, also one that is mirrored already."),
            ("refresh", "Read a mirrored location and its shelves again."),
        ):
            self.add_verb(parsers, name, help).add_argument("remote_id", metavar="LOCATION_ID")
        points = self.add_verb(parsers, "points", "Find service points of a carrier near an address.")
        points.add_argument("--carrier", required=True, metavar="CODE")
        points.add_argument("--country", required=True, metavar="CC")
        points.add_argument("--postal-code", required=True)
        create = self.add_write_verb(parsers, "create", "Create a location.")
        create.add_argument("--name", required=True)
        create.add_argument("--address-id", required=True, metavar="ADDRESS_ID")
        changing = {
            name: self.add_write_verb(parsers, name, help)
            for name, help in (
                ("rename", "Give a location another name."),
                ("enable", "Switch a location on."),
                ("disable", "Switch a location off."),
                ("set_walk_order", "Put all shelves of a location into an order."),
                ("set_skus", "Say on which shelves SKUs lie; the others stay where they are."),
            )
        }
        for verb in changing.values():
            verb.add_argument("remote_id", metavar="LOCATION_ID")
        changing["rename"].add_argument("--name", required=True)
        changing["set_walk_order"].add_argument(
            "--position", dest="positions", nargs="+", action="extend", required=True, metavar="CODE"
        )
        changing["set_skus"].add_argument(
            "--skus", type=_shelves, required=True, metavar="JSON", help='[{"sku": "S", "position": "A1.2"}, ...]'
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the verb. Raises BackofficeError and RemoteError, which the base turns into exit codes."""
        doing: dict[str, Callable[[dict[str, Any]], None]] = {
            "list": self._list, "show": self.show, "fetch": self.fetch, "refresh": self.refresh,
            "points": self._points, "create": self._create, "rename": self._rename, "enable": self._enable,
            "disable": self._disable, "set_walk_order": self._set_walk_order, "set_skus": self._set_skus,
        }  # fmt: skip
        doing[options["verb"]](options)
        self.end()

    # -- reading ------------------------------------------------------------------------------------------------------

    def _list(self, options: dict[str, Any]) -> None:
        self.actor(options, self.view)
        locations = Location.objects.all() if options["all"] else Location.objects.filter(vanished_at=None)
        listed = list(locations.values(*MEMBERS)[: options["limit"]])
        for row in listed:
            if options["json"]:
                self.put(row)
            else:
                state = _("disabled") if row["is_disabled"] else _("enabled")
                self.line(f"{row['remote_id']:<36}  {state:<8}  {shown(row['name'])}")
        if not listed:
            self.say(_("No location is mirrored here yet. To read them: manage.py sync afosto.locations"))
        self.tell_cut(listed, locations, options["limit"], _("locations"))

    def fetch(self, options: dict[str, Any]) -> None:
        """Read a location with its shelves from Afosto, mirrored or not, and print it."""
        self.actor(options, self.view, self.refreshing.permission)
        with self.reading() as api:
            service = LocationService(api)
            self.tell_object(service.refresh(service.fetch(options["remote_id"])), options)

    def _points(self, options: dict[str, Any]) -> None:
        self.actor(options, "fulfilment.view_shippingmethod")
        with AfostoAPI.from_settings(PERSON) as api:
            found = LocationService(api).service_points(options["carrier"], options["country"], options["postal_code"])
        for point in found:
            if options["json"]:
                self.put(asdict(point))
            else:
                away = (
                    "" if point.distance is None else _("{distance} m").format(distance=number(round(point.distance)))
                )
                self.line(f"{shown(point.id):<14}  {away:>8}  {shown(point.name)}, {shown(point.address)}")
        if not found:
            self.say(_("The carrier names no service point there."))

    def tell_object(self, location: Location, options: dict[str, Any]) -> None:
        row = {name: getattr(location, name) for name in MEMBERS}
        if options["json"]:
            self.put({**row, "positions": location.positions})
            return
        self.lines(row)
        for shelf in location.positions or []:
            self.lines({shelf["code"]: ", ".join(sku["sku"] for sku in shelf.get("skus") or []) or "-"})
        if location.positions is None:
            told = _("Its shelves are not here yet. To read them: manage.py location refresh {id}")
            self.say(told.format(id=location.remote_id))

    # -- changing something -------------------------------------------------------------------------------------------

    def _create(self, options: dict[str, Any]) -> None:
        self.acting(options, verbs.CREATE_LOCATION.permission)
        sends = {"name": options["name"], "address_id": options["address_id"]}
        write = self.do(verbs.CREATE_LOCATION, options, sends=sends)[0]
        told = _("Created location {name} ({id}).").format(name=shown(options["name"]), id=write.remote_id)
        self.tell(write, options, told)

    def _rename(self, options: dict[str, Any]) -> None:
        self.change(verbs.RENAME_LOCATION, options, _("Renamed {}."), sends={"name": options["name"]})

    def _enable(self, options: dict[str, Any]) -> None:
        self.change(verbs.ENABLE_LOCATION, options, _("Enabled {}."))

    def _disable(self, options: dict[str, Any]) -> None:
        self.change(verbs.DISABLE_LOCATION, options, _("Disabled {}."))

    def _set_walk_order(self, options: dict[str, Any]) -> None:
        sends = {"positions": options["positions"]}
        self.change(verbs.SET_WALK_ORDER, options, _("Set the walking order of {}."), sends=sends)

    def _set_skus(self, options: dict[str, Any]) -> None:
        self.change(verbs.SET_SKUS, options, _("Set where SKUs lie in {}."), sends={"skus": options["skus"]})


def _shelves(text: str) -> list[dict[str, str]]:
    """An argument's type: a JSON list of SKUs with their shelves."""
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        rows = None
    if not isinstance(rows, list) or not rows or not all(map(_is_shelved, rows)):
        raise ArgumentTypeError(_("is not a JSON list like {example}").format(example=EXAMPLE))
    return rows


def _is_shelved(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and row.keys() == {"sku", "position"}
        and all(isinstance(value, str) and value for value in row.values())
    )
