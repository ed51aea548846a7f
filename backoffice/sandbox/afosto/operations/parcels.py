"""Parcels, their labels and slips, the tasks that make these, and files."""

from flask import request

from backoffice.sandbox.afosto import rules, searches
from backoffice.sandbox.afosto.documents import Body
from backoffice.sandbox.afosto.operations.base import NO_CONTENT, Answer, Calls, flag_of, json_body
from backoffice.sandbox.afosto.packing import parcel_body

TASK_HEADER = "x-task-id"

OPERATIONS = {
    "GET /lcs/parcels": ("list_parcels", "lcs:handling:read"),
    "POST /lcs/parcels": ("create_parcel", "lcs:handling:write"),
    "GET /lcs/parcels/<parcel_id>": ("get_parcel", "lcs:handling:read"),
    "PUT /lcs/parcels/<parcel_id>": ("update_parcel", "lcs:handling:write"),
    "DELETE /lcs/parcels/<parcel_id>": ("delete_parcel", "lcs:handling:write"),
    "POST /lcs/parcels/<parcel_id>/items": ("add_items", "lcs:handling:write"),
    "DELETE /lcs/parcels/<parcel_id>/items": ("remove_items", "lcs:handling:write"),
    "PUT /lcs/parcels/<parcel_id>/transit": ("mark_in_transit", "lcs:handling:write"),
    "PUT /lcs/parcels/<parcel_id>/finished": ("mark_finished", "lcs:handling:write"),
    "POST /lcs/parcels/<parcel_id>/label": ("request_label", "lcs:handling:write"),
    "POST /lcs/parcels/<parcel_id>/slip": ("request_slip", "lcs:handling:write"),
    "POST /lcs/search/parcels": ("search_parcels", "lcs:handling:read"),
    "GET /mes/tasks/<task_id>": ("get_task", ""),
    "GET /cnt/files": ("list_files", "cnt:files:read"),
    "GET /cnt/files/<file_id>": ("get_file", "cnt:files:read"),
}


class ParcelCalls(Calls):
    """See OPERATIONS."""

    def list_parcels(self) -> Answer:
        return self.numbered(self.afosto.parcels, self._body)

    def create_parcel(self) -> Answer:
        return Answer(self.afosto.packing.create(rules.allowed(json_body(), rules.CREATE_PARCEL)))

    def get_parcel(self, parcel_id: str) -> Answer:
        with self.afosto.storage.transaction():
            return Answer(self.afosto.parcel_body(parcel_id))

    def update_parcel(self, parcel_id: str) -> Answer:
        self.afosto.packing.update(parcel_id, rules.allowed(json_body(), rules.UPDATE_PARCEL))
        return NO_CONTENT

    def delete_parcel(self, parcel_id: str) -> Answer:
        self.afosto.packing.delete(parcel_id)
        return NO_CONTENT

    def add_items(self, parcel_id: str) -> Answer:
        return Answer(self.afosto.packing.add_items(parcel_id, rules.allowed(json_body(), rules.IDS)["ids"]))

    def remove_items(self, parcel_id: str) -> Answer:
        return Answer(self.afosto.packing.remove_items(parcel_id, rules.allowed(json_body(), rules.IDS)["ids"]))

    def mark_in_transit(self, parcel_id: str) -> Answer:
        self.afosto.packing.send_off(parcel_id)
        return NO_CONTENT

    def mark_finished(self, parcel_id: str) -> Answer:
        self.afosto.packing.finish(parcel_id)
        return NO_CONTENT

    def request_label(self, parcel_id: str) -> Answer:
        return Answer(None, {TASK_HEADER: self.afosto.labelling.request_label(parcel_id)})

    def request_slip(self, parcel_id: str) -> Answer:
        return Answer(None, {TASK_HEADER: self.afosto.labelling.request_slip(parcel_id)})

    def search_parcels(self) -> Answer:
        return self.searched(searches.PARCELS, self.afosto.parcels, self._body)

    def get_task(self, task_id: str) -> Answer:
        return Answer(self.afosto.labelling.task(task_id))

    def list_files(self) -> Answer:
        asked = {"json_extract(body, '$.dir') = ?": request.args.get("dir") or None}
        asked["json_extract(body, '$.is_public') = ?"] = flag_of("is_public")  # type: ignore[assignment]
        conditions = {sql: value for sql, value in asked.items() if value is not None}
        return self.by_cursor(self.afosto.files, self._file, conditions)

    def get_file(self, file_id: str) -> Answer:
        body = self._file(self.afosto.files.get(file_id))
        return Answer([body] if self.afosto.file_as_array else body)

    def _body(self, parcel: Body) -> Body:
        return parcel_body(self.afosto, parcel)

    def _file(self, file: Body) -> Body:
        """A file with the address of its bytes, where this sandbox is right now."""
        url = f"{request.root_url}files/{file['id']}/{file['filename']}"
        return {**file, "url": url, "metadata": {}}
