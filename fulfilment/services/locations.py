"""Locations: created, renamed, switched on and off, their shelves and walking order; and service points."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db.models import Q, QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.errors import RemoteError, RemoteNotFound
from backoffice.models import RemoteWrite
from backoffice.records import id_in
from backoffice.sync import single
from backoffice.sync.changes import BY_HAND, Cause
from backoffice.sync.resource import RESOURCES
from backoffice.texts import Text, written
from backoffice.writes.sending import lost_before, note_unlike, send, settle
from backoffice.writes.verbs import Look
from fulfilment.afosto import AfostoAPI, DpdPointRecord, PointHitRecord
from fulfilment.afosto.reading import Body
from fulfilment.models import Location
from fulfilment.services.hindrances import IT, gone, refused
from fulfilment.services.outcomes import MADE_BEFORE, as_it_is, compared, found_as
from fulfilment.services.rereads import RESOURCE_OF, fetch, keep

State = RemoteWrite.State


@dataclass(frozen=True)
class ServicePoint:
    """Where a carrier keeps parcels for people. ``distance`` in metres, as it is taken."""

    id: str
    name: str
    address: str
    distance: float | None


@dataclass(frozen=True)
class LocationService:
    """Called by admin, commands and tasks, with a client that has their patience."""

    api: AfostoAPI

    def fetch(self, remote_id: str, cause: Cause = BY_HAND) -> Location:
        """Mirror one location by its id. Source: ``GET /lcs/locations/{id}``. Raises as ``rereads.fetch``."""
        return fetch(self.api, Location, remote_id, cause)

    def refresh(self, location: Location, cause: Cause = BY_HAND) -> Location:
        """Read a mirrored location and all its shelves again. Raises as ``rereads.fetch``; what was read stays.

        Sources: ``GET /lcs/locations/{id}``, ``GET /lcs/locations/{id}/positions``.
        """
        fresh = self.fetch(location.remote_id, cause)
        self._read_shelves(fresh)
        return fresh

    def service_points(self, carrier: str, country_code: str, postal_code: str) -> list[ServicePoint]:
        """Service points of a carrier near an address, the nearest first.

        Sources: ``GET /lcs/points/{carrier}``, ``GET /lcs/dpd/points``. Raises RemoteError.
        """
        if carrier.lower() == "dpd":
            points = [_dpd_point(found) for found in self.api.dpd_points(country_code, postal_code)]
        else:
            points = [_point(found) for found in self.api.points(carrier, country_code, postal_code)]
        return sorted(points, key=lambda point: (point.distance is None, point.distance or 0))

    # -- changing something -------------------------------------------------------------------------------------------

    def create(self, write: RemoteWrite) -> Location | None:
        """Create a location and mirror it. ``write.sends``: name, address_id. Source: ``POST /lcs/locations``.

        Raises RemoteError: the write says what is known. A create is never repeated after a lost answer.
        """
        if lost_before(write) and (found := self._created(write)):
            settle(write, State.CONFIRMED, remark=MADE_BEFORE, remote_id=found)
            return Location.objects.filter(remote_id=found).first()

        def take(answer: Body) -> str:
            keep(Location, answer, Cause(write=write))
            return id_in(answer[0])

        call, before = self.api.create_location, {"ids": list(_like(write).values_list("remote_id", flat=True))}
        body, _ = send(write, lambda attempts: call(write.sends, attempts), take, before=before)
        return Location.objects.filter(remote_id=id_in(body)).first()

    def rename(self, location: Location, write: RemoteWrite) -> Location:
        """Give it another name. ``write.sends``: name. Sources: ``GET`` and ``PUT /lcs/locations/{id}``.

        The location is sent whole from a fresh read. Raises NotInThisState (nothing was sent), RemoteError.
        """
        return self._change("rename", location, write)

    def enable(self, location: Location, write: RemoteWrite) -> Location:
        """Switch it on. As ``rename``."""
        return self._change("enable", location, write)

    def disable(self, location: Location, write: RemoteWrite) -> Location:
        """Switch it off: Afosto deletes no location. As ``rename``."""
        return self._change("disable", location, write)

    def set_walk_order(self, location: Location, write: RemoteWrite) -> Location:
        """Put its shelves into an order. ``write.sends``: positions, all codes. Source: ``PUT .../positions``.

        Raises NotInThisState where a code is missing or not there, by a fresh read (nothing was sent); RemoteError.
        """
        fresh = self._with_shelves("set_walk_order", location, write)
        there, wanted = codes_of(fresh), list(write.sends["positions"])
        if Counter(there) != Counter(wanted):
            unknown, left = sorted(set(wanted) - set(there)), sorted(set(there) - set(wanted))
            told = _("The shelves of {location} are others than these (left out: {shelves}).")
            if unknown:
                told = _("The shelves of {location} are others than these (not there: {shelves}).")
            raise refused(format_lazy(told, location=fresh, shelves=", ".join((unknown or left)[:5])))
        if there == wanted:
            return as_it_is(fresh, write)
        call, before = self.api.set_walk_order, {"positions": there}
        counted = send(write, lambda attempts: call(fresh.remote_id, wanted, attempts), before=before)
        return self._after_counted(fresh, write, counted.failed)

    def set_skus(self, location: Location, write: RemoteWrite) -> Location:
        """Say on which shelves SKUs lie. ``write.sends``: skus ([{sku, position}]). Source: ``PUT .../skus``.

        Other SKUs stay where they are. Raises NotInThisState (nothing was sent), RemoteError.
        """
        fresh = self._with_shelves("set_skus", location, write)
        there, wanted = shelves_of(fresh), _wanted_shelves(write)
        changes = [{"sku": sku, "position": code} for sku, code in wanted.items() if there.get(sku) != code]
        if not changes:
            return as_it_is(fresh, write)
        call, before = self.api.set_skus, {"skus": [{"sku": sku, "position": there.get(sku, "")} for sku in wanted]}
        counted = send(write, lambda attempts: call(fresh.remote_id, changes, attempts), before=before)
        return self._after_counted(fresh, write, counted.failed)

    # -- looking ------------------------------------------------------------------------------------------------------

    def look_for_created(self, write: RemoteWrite, is_late: bool) -> Look:
        """Find a location of that name and address among all. Source: ``GET /lcs/locations``."""
        if found := self._created(write):
            return Look(State.CONFIRMED, found_as(found), found)
        if is_late:
            return Look(State.FAILED, _("Afosto has no such location: all of them were read."))
        return Look(State.UNKNOWN, _("Afosto has no such location so far."))

    def look_for_changed(self, write: RemoteWrite, is_late: bool) -> Look:
        """Compare name or switch with what was sent."""
        try:
            fresh = self.fetch(write.remote_id, Cause(write=write))
        except RemoteNotFound:
            return _GONE
        return compared(_members(fresh, write.sends), write.sends, write.before, is_late)

    def look_for_walk_order(self, write: RemoteWrite, is_late: bool) -> Look:
        """Compare the order with what was sent."""
        fresh = self._looked_at(write)
        if fresh is None:
            return _GONE
        return compared({"positions": codes_of(fresh)}, write.sends, write.before, is_late)

    def look_for_skus(self, write: RemoteWrite, is_late: bool) -> Look:
        """Compare the shelves of the SKUs with what was sent."""
        fresh = self._looked_at(write)
        if fresh is None:
            return _GONE
        before = {item["sku"]: item["position"] for item in write.before.get("skus", [])}
        wanted = _wanted_shelves(write)
        there = shelves_of(fresh)
        return compared({sku: there.get(sku, "") for sku in wanted}, wanted, before, is_late)

    # -- parts --------------------------------------------------------------------------------------------------------

    def _change(self, verb: str, location: Location, write: RemoteWrite) -> Location:
        _refuse_if_gone(location)
        fresh = self.fetch(location.remote_id, Cause(write=write))
        there = _members(fresh, write.sends)
        if there == dict(write.sends):
            return as_it_is(fresh, write)
        _refuse_unless_may(verb, fresh)
        whole = {"name": fresh.name, "address_id": fresh.address_remote_id, "is_disabled": fresh.is_disabled}
        call, members = self.api.update_location, {**whole, **write.sends}

        def take(answer: Body) -> None:
            keep(Location, answer, Cause(write=write))

        send(write, lambda attempts: call(fresh.remote_id, members, attempts), take, before=there)
        fresh.refresh_from_db()
        note_unlike(write, _members(fresh, write.sends))
        return fresh

    def _with_shelves(self, verb: str, location: Location, write: RemoteWrite) -> Location:
        _refuse_unless_may(verb, location)
        return self.refresh(location, Cause(write=write))

    def _after_counted(self, location: Location, write: RemoteWrite, failed: int) -> Location:
        try:
            self._read_shelves(location)
        except RemoteError:  # the next reading brings them
            location.refresh_from_db()
        if failed:
            told = _("Afosto took part of it and counted {count} as failed. The page shows how it is now.")
            remark = written(format_lazy(told, count=failed))
            RemoteWrite.objects.filter(pk=write.pk).update(remark=remark[:500])
            write.refresh_from_db()
        return location

    def _read_shelves(self, location: Location) -> None:
        if location.positions_at and self.api.leaves_out("GET /lcs/locations/{id}/positions"):
            return
        found, sent_at = self.api.all_positions(location.remote_id)
        shelves = msgspec.to_builtins(found)
        older = Q(positions_at=None) | Q(positions_at__lte=sent_at)
        Location.objects.filter(older, pk=location.pk).update(positions=shelves, positions_at=sent_at)
        location.refresh_from_db()

    def _looked_at(self, write: RemoteWrite) -> Location | None:
        location = Location.objects.get(remote_id=write.remote_id)
        try:
            return self.refresh(location, Cause(write=write))
        except RemoteNotFound:
            return None

    def _created(self, write: RemoteWrite) -> str:
        """The id of the location like this that was not there before and that nobody else's write made; "" for none."""
        for stream in RESOURCES[RESOURCE_OF[Location]].streams(self.api, full=True, checkpoint=None):
            for batch in stream:
                single.take(RESOURCE_OF[Location], batch, Cause(write=write))
        made = RemoteWrite.objects.filter(target="location", verb="create", state=State.CONFIRMED).exclude(pk=write.pk)
        others = [*write.before.get("ids", []), *made.values_list("remote_id", flat=True)]
        return _like(write).exclude(remote_id__in=others).values_list("remote_id", flat=True).first() or ""


_GONE = Look(State.UNKNOWN, _("Afosto no longer knows the location."))


def _like(write: RemoteWrite) -> QuerySet[Location]:
    """Locations with the name and address of a write that creates one."""
    sends = write.sends
    return Location.objects.filter(name=sends["name"], address_remote_id=sends["address_id"], vanished_at=None)


def codes_of(location: Location) -> list[str]:
    """The codes of its shelves in walking order, as they were last read."""
    return [str(shelf["code"]) for shelf in location.positions or []]


def shelves_of(location: Location) -> dict[str, str]:
    """The shelf of each SKU, as they were last read."""
    shelves = location.positions or []
    return {str(sku["sku"]): str(shelf["code"]) for shelf in shelves for sku in shelf.get("skus") or []}


def why_not(verb: str, location: Location) -> Text:
    """Why a verb cannot be done to a location as it is here, in a sentence; "" when it can. The services' own rule."""
    return _hindrance(verb, location, IT)


def _hindrance(verb: str, location: Location, it: Text) -> Text:
    """The sentence about the location, which it calls ``it``."""
    if verb == "refresh":
        return ""
    if location.vanished_at is not None:
        return gone(it)
    if verb == "enable" and not location.is_disabled:
        return format_lazy(_("{it} is enabled already."), it=it)
    if verb == "disable" and location.is_disabled:
        return format_lazy(_("{it} is disabled already."), it=it)
    return ""


def _refuse_if_gone(location: Location) -> None:
    if location.vanished_at is not None:
        raise refused(gone(_named(location)))


def _refuse_unless_may(verb: str, location: Location) -> None:
    if hindrance := _hindrance(verb, location, _named(location)):
        raise refused(hindrance)


def _named(location: Location) -> Text:
    return format_lazy(_("Location {location}"), location=location)


def _members(location: Location, names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: getattr(location, name) for name in names}


def _wanted_shelves(write: RemoteWrite) -> dict[str, str]:
    return {str(item["sku"]): str(item["position"]) for item in write.sends["skus"]}


def _point(found: PointHitRecord) -> ServicePoint:
    address = found.point.address
    street = [address.address_line_1, address.postal_code, address.locality] if address else []
    return ServicePoint(found.point.id, found.point.name or "", ", ".join(filter(None, street)), found.distance)


def _dpd_point(found: DpdPointRecord) -> ServicePoint:
    street = " ".join(filter(None, (found.street, found.house_no)))
    address = ", ".join(filter(None, (street, found.zip_code, found.city)))
    return ServicePoint(found.pudo_id or str(found.parcel_shop_id or ""), found.company or "", address, found.distance)
