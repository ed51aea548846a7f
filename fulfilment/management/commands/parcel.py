"""``manage.py parcel``: the parcels as mirrored here, and what can be done with them at Afosto."""

import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.client import PERSON
from backoffice.commands import Exit, add_limit, shown, whole_number
from backoffice.models import RemoteWrite
from backoffice.object_command import ObjectCommand
from backoffice.write_command import add_reason
from backoffice.writes.verbs import WriteVerb
from fulfilment.afosto import AfostoAPI
from fulfilment.models import LabelJob, Parcel
from fulfilment.services import labels
from fulfilment.services.parcel_rules import piece_ids
from fulfilment.services.parcels import MEMBERS as CHANGEABLE
from fulfilment.services.parcels import ParcelService
from fulfilment.states import in_words
from fulfilment.verbs import parcels as verbs

MAX_NUMBER = 2**31 - 1
NUMBERS = ("weight", "length", "width", "height")
MEMBERS = (
    "remote_id", "number", "state", "shipment_remote_id", "piece_count", *CHANGEABLE, "label_file_id",
    "label_requested_at", "label_reference", "slip_file_id", "is_outbound", "is_in_transit", "is_delivered",
    "is_finished", "ship_at", "in_transit_at", "finished_at", "remote_created_at", "remote_updated_at", "synced_at",
    "vanished_at",
)  # fmt: skip
POLL_S = 0.5


class Command(ObjectCommand[Parcel]):
    """``--json`` prints columns by their names; ``show`` adds ``pieces``, ids.

    The verbs that change something print as ``WriteCommand`` says; ``label --wait`` adds ``label``: ready or failed.
    """

    help = "List, show and fetch parcels; pack, label and hand them over at Afosto."
    model = Parcel
    noun = gettext_lazy("parcel")
    view = "fulfilment.view_parcel"
    refreshing = verbs.REFRESH_PARCEL
    service = ParcelService

    def add_arguments(self, parser: ArgumentParser) -> None:
        parsers = parser.add_subparsers(
            dest="verb",
            required=True,
            metavar="list|show|fetch|refresh|create|update|add_pieces|remove_pieces|label|slip|transit|finish|delete",
        )
        listing = self.add_verb(parsers, "list", "List mirrored parcels, the newest first.")
        listing.add_argument("--state", help="only those in this state: packed, labelled, in transit, ...")
        listing.add_argument("--shipment", metavar="SHIPMENT_ID", help="only those of this shipment")
        listing.add_argument("--search", metavar="TEXT", help="part of number, tracking code, SKU or id")
        add_limit(listing)
        listing.add_argument("--all", action="store_true", help="also those that have vanished at Afosto")
        for name, help in (
            ("show", "Show a mirrored parcel."),
            ("fetch", "Read a parcel from Afosto, also one that is mirrored already."),
            ("refresh", "Read a mirrored parcel again."),
        ):
            self.add_verb(parsers, name, help).add_argument("remote_id", metavar="PARCEL_ID")
        create = self.add_write_verb(parsers, "create", "Pack pieces of one shipment.")
        create.add_argument("--shipment", required=True, metavar="SHIPMENT_ID")
        _add_pieces(create)
        _add_numbers(create)
        self._add_changing(parsers)

    def _add_changing(self, parsers: Any) -> None:
        helps = {
            "update": "Change weight, size, position or tracking of a parcel.",
            "add_pieces": "Put more pieces into a parcel.",
            "remove_pieces": "Take pieces out of a parcel.",
            "label": "Have the label of a parcel made; it may cost money.",
            "slip": "Have the packing slip of a parcel made.",
            "transit": "Hand a parcel over to the carrier.",
            "finish": "Say that a parcel has arrived.",
            "delete": "Unpack a parcel at Afosto, for good.",
        }
        changing = {name: self.add_write_verb(parsers, name, help) for name, help in helps.items()}
        for verb in changing.values():
            verb.add_argument("remote_id", metavar="PARCEL_ID")
        _add_numbers(changing["update"])
        for name in ("position", "tracking-code", "tracking-url"):
            changing["update"].add_argument(f"--{name}")
        _add_pieces(changing["add_pieces"])
        _add_pieces(changing["remove_pieces"])
        for name in ("label", "slip"):
            changing[name].add_argument("--wait", action="store_true", help="until the document is there or failed")
        add_reason(changing["delete"])
        changing["delete"].add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the verb. Raises BackofficeError and RemoteError, which the base turns into exit codes."""
        doing: dict[str, Callable[[dict[str, Any]], None]] = {
            "list": self._list, "show": self.show, "fetch": self.fetch, "refresh": self.refresh,
            "create": self._create, "update": self._update, "add_pieces": self._add, "remove_pieces": self._remove,
            "label": self._label, "slip": self._slip, "transit": self._transit, "finish": self._finish,
            "delete": self._delete,
        }  # fmt: skip
        doing[options["verb"]](options)
        self.end()

    # -- reading ------------------------------------------------------------------------------------------------------

    def _list(self, options: dict[str, Any]) -> None:
        self.actor(options, self.view)
        parcels = _asked_for(options)
        listed = list(parcels.values(*MEMBERS)[: options["limit"]])
        for row in listed:
            if options["json"]:
                self.put(row)
            else:
                told = shown(row["tracking_code"]) if row["tracking_code"] else ""
                state = str(in_words(row["state"]))
                self.line(f"{row['remote_id']:<36}  {row['number']:<12}  {state:<15}  {told}")
        if not listed:
            self.say(_("No mirrored parcel fits.") if Parcel.objects.exists() else _NOTHING_YET)
        self.tell_cut(listed, parcels, options["limit"], _("parcels"))

    def tell_object(self, parcel: Parcel, options: dict[str, Any]) -> None:
        row = {name: getattr(parcel, name) for name in MEMBERS}
        if options["json"]:
            self.put({**row, "pieces": sorted(piece_ids(parcel))})
            return
        self.lines(row)
        for id in sorted(piece_ids(parcel)):
            self.lines({"piece": id})

    # -- changing something -------------------------------------------------------------------------------------------

    def _create(self, options: dict[str, Any]) -> None:
        self.acting(options, verbs.CREATE_PARCEL.permission)
        sends = {"shipment_id": options["shipment"], "item_ids": list(dict.fromkeys(options["pieces"]))}
        sends |= {name: options[name] for name in NUMBERS if options[name] is not None}
        write = self.do(verbs.CREATE_PARCEL, options, sends=sends)[0]
        self.tell(write, options, _("Packed {object}.").format(object=self.named(write.remote_id)))

    def _update(self, options: dict[str, Any]) -> None:
        sends = {name: options[name] for name in CHANGEABLE if options[name] is not None}
        if not sends:
            told = _("Say what to change: --weight, --length, --width, --height, --position, --tracking-code or -url.")
            raise CommandError(told, returncode=Exit.USAGE)
        self.change(verbs.UPDATE_PARCEL, options, _("Changed {}."), sends=sends)

    def _add(self, options: dict[str, Any]) -> None:
        self._repack(verbs.ADD_PIECES, options, _("Put the pieces into {}."))

    def _remove(self, options: dict[str, Any]) -> None:
        self._repack(verbs.REMOVE_PIECES, options, _("Took the pieces out of {}."))

    def _repack(self, verb: WriteVerb, options: dict[str, Any], done: str) -> None:
        wanted = list(dict.fromkeys(options["pieces"]))
        write = self.change(verb, options, done, sends={"ids": wanted})
        if write.state != RemoteWrite.State.CONFIRMED:
            return
        there = piece_ids(self.find(options))
        if any((id in there) is (verb is verbs.REMOVE_PIECES) for id in wanted):
            self.came_to(Exit.PARTIAL)

    def _label(self, options: dict[str, Any]) -> None:
        self._document(verbs.REQUEST_LABEL, LabelJob.Kind.LABEL, options)

    def _slip(self, options: dict[str, Any]) -> None:
        self._document(verbs.REQUEST_SLIP, LabelJob.Kind.SLIP, options)

    def _document(self, verb: WriteVerb, kind: LabelJob.Kind, options: dict[str, Any]) -> None:
        parcel = self.found_for(verb, options)
        under_way = labels.open_of(parcel, kind)
        if under_way and under_way.write:  # a request that joins a pending one is that one
            write = under_way.write
        else:
            write = self.do(verb, options, remote_id=parcel.remote_id)[0]
        job = LabelJob.objects.filter(parcel=parcel, kind=kind).order_by("-pk").first()
        if not options["wait"] or write.state != RemoteWrite.State.CONFIRMED or job is None:
            told = _("Afosto makes the {document} of {object}.")
            self.tell(write, options, told.format(document=kind.label, object=self.named(parcel.remote_id)))
            return
        job = _waited_for(job)
        state = "ready" if job.state == LabelJob.State.READY else "failed"
        told = _("The {document} of {object} is {state}.")
        if job.error:
            told = _("The {document} of {object} is {state}: {reason}.")
        shown_state = LabelJob.State(state).label
        names = {"document": kind.label, "object": self.named(parcel.remote_id), "state": shown_state}
        told = told.format(**names, reason=job.error)
        self.tell(write, options, told, label=state)
        if state == "failed":
            self.came_to(Exit.FAILED)

    def _transit(self, options: dict[str, Any]) -> None:
        self.change(verbs.MARK_IN_TRANSIT, options, _("Handed over {}."))

    def _finish(self, options: dict[str, Any]) -> None:
        self.change(verbs.FINISH_PARCEL, options, _("Finished {}."))

    def _delete(self, options: dict[str, Any]) -> None:
        parcel = self.found_for(verbs.DELETE_PARCEL, options)
        reason = self.reason(options, verbs.DELETE_PARCEL)
        question = _("Delete {object} at Afosto, for good?")
        self.confirm(options, question.format(object=self.named(parcel.remote_id)))
        self.change(verbs.DELETE_PARCEL, options, _("Deleted {}."), reason=reason)


_NOTHING_YET = gettext_lazy("No parcel is mirrored here yet. To read them: manage.py sync afosto.parcels")


def _waited_for(job: LabelJob) -> LabelJob:
    """The job once it is over; polled here, so it needs no worker."""
    with AfostoAPI.from_settings(PERSON) as api:
        while job.state in labels.OPEN:
            labels.poll(job.pk, api)
            job.refresh_from_db()
            if job.state in labels.OPEN:
                time.sleep(POLL_S)
    return job


def _add_pieces(parser: ArgumentParser) -> None:
    parser.add_argument("--piece", dest="pieces", nargs="+", action="extend", required=True, metavar="PIECE_ID")


def _add_numbers(parser: ArgumentParser) -> None:
    for name, unit in zip(NUMBERS, ("G", "CM", "CM", "CM"), strict=True):
        parser.add_argument(f"--{name}", type=whole_number(0, MAX_NUMBER), metavar=unit)


def _asked_for(options: dict[str, Any]) -> QuerySet[Parcel]:
    parcels = Parcel.objects.all() if options["all"] else Parcel.objects.filter(vanished_at=None)
    columns = {"state": "state", "shipment": "shipment_remote_id"}
    parcels = parcels.filter(**{column: options[name] for name, column in columns.items() if options[name] is not None})
    return parcels.filter(search_text__contains=options["search"].lower()) if options["search"] else parcels
