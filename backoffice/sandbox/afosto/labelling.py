"""Labels and packing slips: asked for with a call, made by a task that takes its time and may fail.

Nobody carries tasks out by itself: ``carry_out_due`` does what is due by the clock, and is called before each call is
answered.
"""

from datetime import timedelta
from typing import Any

from backoffice.sandbox.afosto.assumptions import TASK_EXPIRES_S
from backoffice.sandbox.afosto.documents import Body
from backoffice.sandbox.afosto.pdf import page_of
from backoffice.sandbox.afosto.records import Records
from backoffice.sandbox.afosto.refusal import conflict, lacking, not_found
from backoffice.sandbox.clock import milliseconds, offset_stamp
from backoffice.sandbox.switches import Switches

LABEL, SLIP = "lcs:label", "lcs:slip"
_TASK = "TASK"  # stands where a call's method does, as switches narrow calls down
_EMPTY_LABEL = {"file_id": None, "reference": None, "label_text": None}
_HIDDEN = ("parcel_id", "ready_ms", "failure", "runs_for")  # of the kept task


class Labelling:
    """What calls do with labels, slips and their tasks. All raise Refusal."""

    def __init__(self, records: Records, switches: Switches) -> None:
        self._records, self._switches = records, switches

    def request_label(self, parcel_id: str) -> str:
        """Begin to buy a label, a second one too; answers the id of the task."""
        records = self._records
        with records.storage.transaction():
            parcel = records.parcels.get(parcel_id)
            if parcel["is_in_transit"] or parcel["is_delivered"] or parcel["is_finished"]:
                raise conflict("The parcel has left")
            if not records.shipments.get(parcel["shipment_id"])["method_id"]:
                raise lacking("method_id")
            asked = {"requested_at": records.moment()}
            label = {**(parcel["label"] or _EMPTY_LABEL), **asked}
            records.save(records.parcels, parcel_id, label=label)
            return self._begin(LABEL, parcel, records.label_takes_s)

    def request_slip(self, parcel_id: str) -> str:
        """Begin to make a packing slip; answers the id of the task."""
        with self._records.storage.transaction():
            return self._begin(SLIP, self._records.parcels.get(parcel_id), self._records.slip_takes_s)

    def task(self, task_id: str) -> Body:
        """A task, until it expires."""
        task = self._records.tasks.get(task_id)
        if task["expires_at"] <= self._records.moment():
            raise not_found("task")
        body = {name: value for name, value in task.items() if name not in _HIDDEN}
        if not task["completed_at"]:
            began = task["ready_ms"] - milliseconds(self._records.now())
            body["progress"] = 40 if began > 0 else 90
        return body

    def carry_out_due(self, *, all_of_them: bool = False) -> None:
        """Complete the tasks whose time has come, or all that run."""
        records, now = self._records, milliseconds(self._records.now())
        running: dict[str, Any] = {"owner IS NOT ?": None}
        if not all_of_them:
            running["json_extract(body, '$.ready_ms') <= ?"] = now
        with records.storage.transaction():
            for task in records.tasks.where(running):
                self._complete(task)

    def content(self, file_id: str) -> bytes:
        """The bytes of a label or slip."""
        return page_of(self._records.files.get(file_id)["metadata"]["lines"])

    def _begin(self, name: str, parcel: Body, takes_s: float) -> str:
        records, now = self._records, self._records.now()
        slow, fails = (self._switches.take(kind, _TASK, name) for kind in ("task_slow", "task_fail"))
        ready = now + timedelta(seconds=takes_s, milliseconds=slow.ms if slow else 0)
        task = records.tasks.add(
            {
                "id": records.ids.uuid(),
                "name": name,
                "description": f"Parcel {parcel['number']}",
                "progress": 0,
                "result": None,
                "started_at": offset_stamp(now),
                "completed_at": None,
                "expires_at": offset_stamp(now + timedelta(seconds=TASK_EXPIRES_S)),
                "parcel_id": parcel["id"],
                "runs_for": parcel["id"],
                "ready_ms": milliseconds(ready),
                "failure": (fails.value or "the task failed") if fails else None,
            }
        )
        return str(task["id"])

    def _complete(self, task: Body) -> None:
        records = self._records
        parcel = records.parcels.find(task["parcel_id"])
        if parcel is None:
            result = "the parcel is gone"
        elif task["name"] == SLIP:
            result = task["failure"] or self._make_slip(parcel)
        else:
            result = task["failure"] or self._refusal_of_carrier(parcel) or self._make_label(parcel, task["id"])
        members = {"progress": 100, "result": result, "completed_at": records.moment(), "runs_for": None}
        records.tasks.change(task["id"], **members)

    def _refusal_of_carrier(self, parcel: Body) -> str | None:
        """Why the method of the parcel's shipment does not take it, or None."""
        records = self._records
        shipment = records.shipments.get(parcel["shipment_id"])
        method, to = records.methods.find(shipment["method_id"] or ""), shipment["addressing"]["to"]
        if method is None or not method["is_enabled"]:
            return "the shipping method is not enabled"
        if parcel["weight"] > method["max_weight"]:
            return f"the parcel weighs {parcel['weight']} g, the method takes {method['max_weight']} g at most"
        if method["is_carrier_location"] and not (to and to["carrier"]["carrier_location_reference"]):
            return "a service point is needed"
        address = records.addresses.find(to["entity_id"]) if to else None
        if address and address["country_code"] not in {country["code"] for country in method["countries"]}:
            return "carrier refused the address"
        return None

    def _make_label(self, parcel: Body, task_id: str) -> str:
        records = self._records
        shipment = records.shipments.get(parcel["shipment_id"])
        method = records.methods.get(shipment["method_id"])
        code = f"3SSBX{records.storage.count_up('tracking codes'):08}"
        text = f"{method['label']} {code}"
        file_id = self._keep_file("label", parcel, [text, f"Parcel {parcel['number']}", *self._lines_to(shipment)])
        label = {**parcel["label"], "file_id": file_id, "reference": f"SC-{records.ids.digits(8)}", "label_text": text}
        tracking = {"tracking_code": code, "tracking_url": f"https://tracking.example.com/{code}"}
        records.save(records.parcels, parcel["id"], label=label, **tracking)
        price = method["countries"][0]["amount"] if method["countries"] else 0
        bought = {"id": records.ids.uuid(), "parcel_id": parcel["id"], "task_id": task_id, "amount": price}
        records.purchases.add({**bought, "bought_at": records.moment()})
        records.roll_up(parcel["shipment_id"])
        return file_id

    def _make_slip(self, parcel: Body) -> str:
        records = self._records
        pieces = records.pieces.of_parcel(parcel["id"])
        lines = [f"{piece['sku']}  {piece['description']}" for piece in pieces]
        file_id = self._keep_file("slip", parcel, [f"Packing slip of parcel {parcel['number']}", *lines])
        records.save(records.parcels, parcel["id"], file_id=file_id)
        return file_id

    def _lines_to(self, shipment: Body) -> list[str]:
        """The address on a label."""
        to = shipment["addressing"]["to"]
        address = self._records.addresses.find(to["entity_id"]) if to else None
        if address is None:
            return []
        name = " ".join(filter(None, (address["given_name"], address["additional_name"], address["family_name"])))
        place = f"{address['postal_code']} {address['locality']}"
        return [
            *filter(None, (address["organisation"], name)),
            address["address_line_1"],
            place,
            address["country_code"],
        ]

    def _keep_file(self, kind: str, parcel: Body, lines: list[str]) -> str:
        records, moment = self._records, self._records.moment()
        body = {
            "id": records.ids.uuid(),
            "filename": f"{kind}-{parcel['number']}.pdf",
            "label": f"{kind.title()} {parcel['number']}",
            "dir": f"/{kind}s",
            "type": "file",
            "mime": "application/pdf",
            "is_public": False,
            "is_listed": False,
            "metadata": {"lines": lines},
            "created_at": moment,
            "updated_at": moment,
        }
        return str(records.files.add(body)["id"])
