"""A L4YERCAK3 for tests: rows in memory behind httpx's mock transport, as the contract words them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

API = "/api/v1"
TENANT = "org_9f2k7q"
MS = 1776409200000
Row = dict[str, Any]


def contact(number: int, **members: Any) -> Row:
    """A contact in the reference's shape; ``email`` and the like are nested."""
    row: Row = {
        "id": f"obj_c{number:03d}",
        "type": "contact",
        "subtype": "customer",
        "status": "active",
        "displayName": f"Sanne de Vries {number}",
        "customProperties": {
            "email": f"sanne{number}@example.com",
            "phone": f"+3161234{number:04d}",
            "company": "Theehuis Noord B.V.",
            "tags": ["b2b"],
            "customFields": {"department": "Purchasing"},
        },
        "createdAt": MS + number,
        "updatedAt": MS + number,
    }
    return changed(row, members)


def organization(number: int, **members: Any) -> Row:
    """A customer company."""
    row: Row = {
        "id": f"obj_o{number:03d}",
        "type": "crm_organization",
        "subtype": "customer",
        "status": "active",
        "displayName": f"Mug Factory {number}",
        "customProperties": {
            "website": f"https://mugs{number}.example.com",
            "industry": "Manufacturing",
            "taxId": f"DE{number:09d}",
        },
        "contactCount": 2,
        "createdAt": MS,
        "updatedAt": MS,
    }
    return changed(row, members)


def invoice(number: int, client_id: str = "", **members: Any) -> Row:
    """An invoice over EUR 1,785.00, sent and due on 15 May 2026."""
    row: Row = {
        "id": f"obj_i{number:03d}",
        "type": "invoice",
        "status": "sent",
        "displayName": f"INV-2026-{number:03d}",
        "customProperties": {
            "invoiceNumber": f"INV-2026-{number:03d}",
            "clientId": client_id,
            "clientName": "Mug Factory 1",
            "lineItems": [{"description": "Consulting", "quantity": 10, "unitPrice": 15000, "total": 150000}],
            "subtotal": 150000,
            "taxRate": 19,
            "tax": 28500,
            "total": 178500,
            "currency": "EUR",
            "dueDate": "2026-05-15",
            "paymentTerms": "net30",
        },
        "createdAt": MS + number,
        "updatedAt": MS + number,
    }
    return changed(row, members)


def transaction(number: int, **members: Any) -> Row:
    """A purchase of two tickets."""
    row: Row = {
        "id": f"obj_t{number:03d}",
        "type": "transaction",
        "subtype": "product_purchase",
        "status": "completed",
        "displayName": f"Order #{number}",
        "customProperties": {
            "lineItems": [
                {"productId": "obj_p01", "productName": "Ticket", "quantity": 2, "unitPrice": 19900, "total": 39800}
            ],
            "subtotal": 39800,
            "tax": 7562,
            "total": 47362,
            "currency": "EUR",
            "customerEmail": "sanne1@example.com",
            "paymentMethod": "card",
        },
        "createdAt": MS + number,
        "updatedAt": MS + number,
    }
    return changed(row, members)


def changed(row: Row, members: Row) -> Row:
    """The row with members set: at the top where they are there already or known there, else nested."""
    top = {"id", "status", "subtype", "displayName", "name", "createdAt", "updatedAt", "customProperties"}
    for name, value in members.items():
        if name in top:
            row[name] = value
        else:
            row["customProperties"] = {**row["customProperties"], name: value}
    return row


@dataclass
class FakeLayercake:
    """Lists, reads, creates, changes and removes as the contract says; ``mischief`` may answer instead.

    ``says_more``: whether lists state ``hasMore`` and ``total``. ``answers``: "whole", "wrapped" or "id" for creations.
    """

    contacts: list[Any] = field(default_factory=list)
    organizations: list[Any] = field(default_factory=list)
    invoices: list[Any] = field(default_factory=list)
    transactions: list[Any] = field(default_factory=list)
    webhooks: list[Any] = field(default_factory=list)
    says_more: bool = True
    largest_page: int = 100
    answers: str = "whole"
    searches: bool = True
    soft_deletes: bool = False
    mischief: Callable[[httpx.Request], httpx.Response | None] = lambda request: None
    after: Callable[[httpx.Request], httpx.Response | None] = lambda request: None
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.mischief(request) or self._done(request)

    def _done(self, request: httpx.Request) -> httpx.Response:
        answer = self.answer(request)
        return self.after(request) or answer

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What a faithful L4YERCAK3 says."""
        if request.headers.get("Authorization") != "Bearer layercake-test-key":
            return refusal(401, "UNAUTHORIZED", "no token, or a bad one")
        parts = request.url.path.partition(API)[2].strip("/").split("/")
        kind, *rest = parts[1:] if parts[0] == "crm" else parts
        rows: list[Any] = getattr(self, kind)
        if not rest:
            return self._listed(kind, rows, request) if request.method == "GET" else self._made(kind, rows, request)
        row = next((row for row in rows if isinstance(row, dict) and row.get("id") == rest[0]), None)
        if row is None:
            return refusal(404, "NOT_FOUND", "no such record")
        if request.method == "DELETE":
            if self.soft_deletes:
                row["status"] = "archived"
            else:
                rows.remove(row)
            return httpx.Response(200, json={"success": True})
        if request.method == "PATCH":
            self._change(row, json.loads(request.content))
            return httpx.Response(200, json={"success": True})
        return httpx.Response(200, json={"contact": row} if kind == "contacts" else row)

    def called(self, method: str) -> list[str]:
        """The paths that were asked for with this method."""
        return [request.url.path.partition(API)[2] for request in self.requests if request.method == method]

    def sent(self, method: str) -> list[Any]:
        """The bodies that came with this method."""
        return [json.loads(request.content) for request in self.requests if request.method == method]

    def _listed(self, kind: str, rows: list[Any], request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        if asked.get("organizationId") != TENANT:
            return refusal(400, "MISSING_PARAM", "organizationId is needed")
        if kind == "webhooks":
            return httpx.Response(200, json={"webhooks": rows})
        if self.searches and "search" in asked:
            rows = [row for row in rows if asked["search"].lower() in json.dumps(row).lower()]
        start, size = int(asked.get("offset", "0")), min(int(asked.get("limit", "50")), self.largest_page)
        page: Row = {kind: rows[start : start + size]}
        if self.says_more:
            page |= {"total": len(rows), "hasMore": start + size < len(rows)}
        return httpx.Response(200, json=page)

    def _made(self, kind: str, rows: list[Any], request: httpx.Request) -> httpx.Response:
        members = json.loads(request.content)
        if members.pop("organizationId", None) != TENANT:
            return refusal(403, "NOT_AUTHORIZED", "another tenant's")
        if kind == "webhooks":
            row: Row = {"id": f"wh_{len(self.requests)}", "status": "active", **members}
            secret_free = {name: value for name, value in row.items() if name != "secret"}
            rows.append(secret_free)
            return httpx.Response(201, json=secret_free)
        row = {"id": f"obj_new{len(rows)}", "displayName": members.pop("name", ""), "customProperties": {}}
        row |= {"createdAt": MS, "updatedAt": MS, "status": "active", "subtype": "customer"}
        self._change(row, members)
        rows.append(row)
        names = {"contacts": ("contact", "contactId"), "organizations": ("organization", "crmOrganizationId")}[kind]
        if self.answers == "id":
            return httpx.Response(201, json={names[1]: row["id"]})
        return httpx.Response(201, json={names[0]: row} if self.answers == "wrapped" else row)

    @staticmethod
    def _change(row: Row, members: Row) -> None:
        changed(row, members)
        row["updatedAt"] += 1


def refusal(status: int, code: str, message: str, **more: Any) -> httpx.Response:
    """An error as the contract words it."""
    headers = more.pop("headers", {})
    return httpx.Response(status, json={"error": message, "code": code, **more}, headers=headers)
