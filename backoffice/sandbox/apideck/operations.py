"""Apideck's operations: one method each, from the request to what its envelope holds."""

from typing import Any
from urllib.parse import urlencode

from flask import request

from backoffice.sandbox.apideck.assumptions import UNPAGED_STATUS
from backoffice.sandbox.apideck.fields import trimmed, wanted
from backoffice.sandbox.apideck.paging import PageRequest
from backoffice.sandbox.apideck.refusal import Refusal, invalid
from backoffice.sandbox.apideck.rules import allowed_members
from backoffice.sandbox.apideck.state import Apideck
from backoffice.sandbox.http import read_json
from backoffice.sandbox.pages import cursor_after, move_first_to_end

Answer = dict[str, Any]

OPERATIONS = {
    "GET /customer-support/customers": "all",
    "POST /customer-support/customers": "add",
    "GET /customer-support/customers/<customer_id>": "one",
    "PATCH /customer-support/customers/<customer_id>": "update",
    "DELETE /customer-support/customers/<customer_id>": "delete",
}


class Operations:
    """What each call does. All raise Refusal."""

    def __init__(self, apideck: Apideck) -> None:
        self._apideck, self._customers = apideck, apideck.customers

    def all(self) -> Answer:
        service_id = self._apideck.connection.service_id
        with self._apideck.storage.transaction():
            if self._met("unpaged"):
                return self._whole()
            asked = PageRequest.from_query(request.args, service_id)
            if asked.cursor and self._met("shift"):
                move_first_to_end(self._apideck.storage, self._customers.table, newest_first=False)
            size = max(1, asked.limit // 2) if self._met("short") else asked.limit
            rows, last = self._customers.page(asked.after, size)
        follows = None if last is None else cursor_after(service_id, last)
        if asked.cursor and self._met("repeat"):
            follows = asked.cursor
        return {"data": self._trimmed(rows), **self._meta(len(rows), asked.cursor, follows)}

    def add(self) -> Answer:
        return _id_of(self._customers.create(**_body()))

    def one(self, customer_id: str) -> Answer:
        return {"data": self._trimmed(self._customers.get(customer_id))}

    def update(self, customer_id: str) -> Answer:
        changes = _body()
        customer = self._customers.get(customer_id)
        return _id_of(self._customers.change(customer_id, **changes) if changes else customer)

    def delete(self, customer_id: str) -> Answer:
        self._customers.remove(customer_id)
        return {"data": {"id": customer_id}}

    def _whole(self) -> Answer:
        if {"limit", "cursor"} & request.args.keys():
            raise Refusal(UNPAGED_STATUS, "PaginationNotSupportedError")
        rows, _ = self._customers.page(None, None)
        return {"data": self._trimmed(rows), **self._meta(len(rows), None, None)}

    def _trimmed(self, data: Any) -> Any:
        return trimmed(data, wanted(request.args.get("fields", "")))

    def _meta(self, count: int, current: str | None, follows: str | None) -> Answer:
        """``meta`` and ``links``; a bare page states only where the next one is, and the last one nothing."""
        cursors = {"previous": None, "current": current, "next": follows}
        if self._met("bare"):
            return {"meta": {"cursors": {"next": follows}}} if follows else {}
        links = {"previous": None, "current": request.url, "next": follows and _address_of(follows)}
        return {"meta": {"items_on_page": count, "cursors": cursors}, "links": links}

    def _met(self, kind: str) -> bool:
        return self._apideck.switches.take(kind, request.method, request.path) is not None


def _address_of(cursor: str) -> str:
    query = {**request.args.to_dict(), "cursor": cursor}
    return f"{request.base_url}?{urlencode(query)}"


def _id_of(customer: dict[str, Any]) -> Answer:
    return {"data": {"id": customer["id"]}}


def _body() -> dict[str, Any]:
    try:
        body = read_json()
    except ValueError as error:
        raise Refusal(400, detail=str(error)) from None
    if not isinstance(body, dict):
        raise invalid(("body", "must be an object"))
    return allowed_members(body)
