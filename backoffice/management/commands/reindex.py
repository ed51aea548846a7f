"""``manage.py reindex``: fill search and identity columns for all rows."""

from argparse import ArgumentParser
from typing import Any

from backoffice.commands import StaffCommand, add_json
from backoffice.reindex import INDEXES, fill_search, searchable
from backoffice.texts import number


class Command(StaffCommand):
    """``--json`` prints index and rows: of a search text how many were otherwise, else how many were read."""

    help = "Derive search texts and what else is found by, anew for all rows: after a bulk load or an upgrade."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Fill everything. Safe to repeat, and to stop at any time."""
        for resource in searchable():
            self._tell(f"search {resource.name}", fill_search(resource), options)
        for name, fill in INDEXES.items():
            self._tell(name, fill(), options)

    def _tell(self, index: str, rows: int, options: dict[str, Any]) -> None:
        if options["json"]:
            self.put({"index": index, "rows": rows})
        else:
            self.line(f"{index:<32} {number(rows):>10}")
