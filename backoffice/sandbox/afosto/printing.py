"""The print queue: jobs for the printers of a hub. A job is printed a few seconds after it is due."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from backoffice.sandbox.afosto.assumptions import PRINT_TAKES_S
from backoffice.sandbox.afosto.documents import Body
from backoffice.sandbox.afosto.records import Records
from backoffice.sandbox.afosto.refusal import invalid, not_found


class Printing:
    """What calls do with print jobs. All raise Refusal."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def create(self, given: Mapping[str, Any]) -> Body:
        """A new job; the same reference twice prints twice."""
        records, moment = self._records, self._records.moment()
        if not any(printer["hub_id"] == given["hub_id"] for printer in records.printers):
            raise invalid("hub_id")
        with records.storage.transaction():
            return records.print_jobs.add(
                {
                    "id": f"pj_{70_000 + records.storage.count_up('print jobs')}",
                    "job": given["job"],
                    "tag": given.get("tag", ""),
                    "description": given.get("description", ""),
                    "artifact": None,
                    "reference": given.get("reference") or records.ids.uuid(),
                    "status": "scheduled",
                    "hub_id": given["hub_id"],
                    "schedule_at": given.get("schedule_at") or moment,
                    "printed_at": None,
                    "created_at": moment,
                    "updated_at": moment,
                }
            )

    def by_reference(self, reference: str) -> Body:
        """The newest job with that reference."""
        found = self._records.print_jobs.where({"json_extract(body, '$.reference') = ?": reference})
        if not found:
            raise not_found("print job")
        return found[-1]

    def print_due(self) -> None:
        """Print what was to be printed by now."""
        records = self._records
        latest = records.now() - timedelta(seconds=PRINT_TAKES_S)
        with records.storage.transaction():
            for job in records.print_jobs.where({"json_extract(body, '$.status') = ?": "scheduled"}):
                if datetime.fromisoformat(job["schedule_at"]) <= latest:
                    moment = records.moment()
                    records.print_jobs.change(job["id"], status="printed", printed_at=moment, updated_at=moment)
