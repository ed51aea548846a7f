"""Locations, and on which shelf of them which SKU lies."""

from collections.abc import Iterable, Mapping
from typing import Any

from backoffice.sandbox.afosto.documents import Body
from backoffice.sandbox.afosto.records import Records
from backoffice.sandbox.afosto.refusal import invalid, not_found


def position_key(location_id: str, code: str) -> str:
    """The id under which a position is kept: codes repeat between locations."""
    return f"{location_id}/{code}"


def position_body(position: Body) -> Body:
    """A position as calls state it."""
    return {name: position[name] for name in ("code", "sorting", "skus", "created_at")}


class Warehouse:
    """What calls do with locations. All raise Refusal."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def create(self, given: Mapping[str, Any]) -> Body:
        """A new location."""
        records, moment = self._records, self._records.moment()
        self._check(given)
        return records.locations.add(
            {
                "id": records.ids.uuid(),
                "name": given["name"],
                "reference": records.ids.uuid(),
                "address_id": given["address_id"],
                "is_disabled": given.get("is_disabled", False),
                "created_at": moment,
                "updated_at": moment,
            }
        )

    def update(self, location_id: str, given: Mapping[str, Any]) -> Body:
        """Change name, address or whether it is disabled."""
        with self._records.storage.transaction():
            self._records.locations.get(location_id)
            self._check(given)
            return self._records.save(self._records.locations, location_id, **given)

    def position(self, location_id: str, code: str) -> Body:
        """One position."""
        self._records.locations.get(location_id)
        position = self._records.positions.find(position_key(location_id, code))
        if position is None:
            raise not_found("position")
        return position_body(position)

    def skus(self, location_id: str, wanted: Iterable[str] | None = None) -> list[Body]:
        """What lies where, in walking order; all, or only these SKUs."""
        self._records.locations.get(location_id)
        among = None if wanted is None else set(wanted)
        positions = sorted(self._records.positions.of(location_id), key=lambda its: int(its["sorting"]))
        return [sku for its in positions for sku in its["skus"] if among is None or sku["sku"] in among]

    def reorder(self, location_id: str, codes: Iterable[str]) -> Body:
        """Set the walking order: these codes first, in this order; unknown ones are made."""
        records = self._records
        with records.storage.transaction():
            records.locations.get(location_id)
            order = list(dict.fromkeys(codes))
            known = {its["code"]: its for its in records.positions.of(location_id)}
            for code in [code for code in order if code not in known]:
                self._add_position(location_id, code)
            rest = sorted(known.keys() - set(order), key=lambda code: int(known[code]["sorting"]))
            for sorting, code in enumerate([*order, *rest], start=1):
                records.positions.change(position_key(location_id, code), sorting=sorting)
            return {"success": len(order)}

    def delete_positions(self, location_id: str, codes: Iterable[str]) -> Body:
        """Take positions away with what is said to lie there; one that is not there is no failure."""
        records = self._records
        with records.storage.transaction():
            records.locations.get(location_id)
            known = {its["code"] for its in records.positions.of(location_id)} & set(codes)
            for code in known:
                records.positions.remove(position_key(location_id, code))
            return {"success": len(known)}

    def put_skus(self, location_id: str, given: Iterable[Mapping[str, Any]]) -> Body:
        """Say where these SKUs lie from now on; a shelf that is not there is made, none is a failure."""
        records, all_of_them = self._records, {its["sku"]: its["position"] for its in given}
        wanted = {sku: code for sku, code in all_of_them.items() if code}
        with records.storage.transaction():
            records.locations.get(location_id)
            for position in records.positions.of(location_id):
                kept = [its for its in position["skus"] if its["sku"] not in wanted]
                if kept != position["skus"]:
                    records.positions.change(position["id"], skus=kept)
            for sku, code in wanted.items():
                key = position_key(location_id, code)
                position = records.positions.find(key) or self._add_position(location_id, code)
                new = {"sku": sku, "position": code, "created_at": records.moment()}
                records.positions.change(key, skus=[*position["skus"], new])
            return {"success": len(wanted), "failed": len(all_of_them) - len(wanted)}

    def _add_position(self, location_id: str, code: str) -> Body:
        records = self._records
        last = max((int(its["sorting"]) for its in records.positions.of(location_id)), default=0)
        own = {"id": position_key(location_id, code), "location_id": location_id, "code": code}
        return records.positions.add({**own, "sorting": last + 1, "skus": [], "created_at": records.moment()})

    def _check(self, given: Mapping[str, Any]) -> None:
        if "address_id" in given and self._records.addresses.find(given["address_id"]) is None:
            raise invalid("address_id")
