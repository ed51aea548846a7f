"""An Apideck for tests: rows in memory behind httpx's mock transport, with every answer open to mischief."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

PATH = "/customer-support/customers"
KEY = "apideck-test-key"
IBAN, ACCOUNT, TAX = "BE68539007547034", "539007547034", "BE0000000097"
PRIVATE = (IBAN, ACCOUNT, TAX)
"""Values of the first customer's masked members."""
CONTRACT_MEMBERS = frozenset(
    "company_name first_name last_name individual addresses notes phone_numbers emails tax_number currency "
    "bank_accounts status".split()
)
Row = dict[str, Any]


def customer(number: int = 1, **members: Any) -> Row:
    """A customer as the contract shows one."""
    return {
        "id": f"cs_{1000 + number}",
        "company_name": "Nordwind NV",
        "first_name": "Ana",
        "last_name": f"Peeters {number}",
        "individual": False,
        "addresses": [
            {
                "id": "ad-1", "type": "billing", "string": None, "name": "Head office", "line1": "Rue Haute 12",
                "city": "Brussels", "postal_code": "1000", "country": "BE", "latitude": "50.8411", "row_version": "3-9",
            }
        ],
        "notes": "Prefers mail.",
        "phone_numbers": [
            {"id": "ph-1", "country_code": "32", "area_code": "2", "number": "555 01 00", "extension": None,
             "type": "work"}
        ],
        "emails": [{"id": "em-1", "email": f"Ana{number}@nordwind.example", "type": "primary"}],
        "tax_number": TAX,
        "currency": "EUR",
        "bank_accounts": {
            "account_number": ACCOUNT, "account_name": "Nordwind NV", "account_type": "bank_account", "iban": IBAN,
            "bic": "NWBKBEBB", "bsb_number": None, "branch_identifier": "001", "bank_code": "NWB", "currency": "EUR",
        },
        "status": "active",
        "updated_by": "u-7",
        "created_by": "u-7",
        "updated_at": "2025-02-11T09:30:00.000Z",
        "created_at": "2024-11-02T14:05:10.000Z",
        **members,
    }  # fmt: skip


@dataclass
class FakeApideck:
    """Lists, reads, creates, changes and deletes customers as the contract says.

    ``mischief`` is asked before every answer: what it returns is sent instead. ``lose`` drops the answers to a method
    after the work was done.
    """

    customers: list[Any] = field(default_factory=list)
    page_size: int = 20
    mischief: Callable[[httpx.Request], httpx.Response | None] = lambda request: None
    lose: set[str] = field(default_factory=set)
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answered = self.mischief(request) or self.answer(request)
        if request.method in self.lose:
            raise httpx.ReadTimeout("lost", request=request)
        return answered

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What a faithful Apideck says."""
        needed = ("x-apideck-app-id", "x-apideck-consumer-id")
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return refusal(401, "UnauthorizedError", "Unauthorized Request", "Unknown key.")
        if missing := [{name: "required"} for name in needed if not request.headers.get(name)]:
            return refusal(400, "RequestValidationError", "Invalid Params", {"missing": missing})
        remote_id = request.url.path.removeprefix(PATH).strip("/")
        body = json.loads(request.content or b"{}")
        if unknown := body.keys() - CONTRACT_MEMBERS:
            return refusal(400, "RequestValidationError", "Invalid Params", {"unknown": [dict.fromkeys(unknown, "no")]})
        if request.method == "GET" and not remote_id:
            return self._page(request)
        if request.method == "POST":
            new = {"id": f"cs_{5000 + len(self.customers)}", "created_at": "2026-11-20T08:00:00Z", **body}
            self.customers.append(new)
            return answer("add", {"id": new["id"]}, 201)
        row = self.row(remote_id)
        if row is None:
            return not_found(remote_id)
        if request.method == "GET":
            return answer("one", row)
        if request.method == "PATCH":
            row.update(body)
        else:
            self.customers.remove(row)
        return answer("update" if request.method == "PATCH" else "delete", {"id": remote_id})

    def row(self, remote_id: str) -> Row | None:
        """The customer as Apideck has it."""
        return next((row for row in self.customers if isinstance(row, dict) and row.get("id") == remote_id), None)

    def sent(self, method: str) -> list[Any]:
        """The bodies that were sent so."""
        return [json.loads(one.content or b"null") for one in self.requests if one.method == method]

    def _page(self, request: httpx.Request) -> httpx.Response:
        start = int(request.url.params.get("cursor", "0"))
        end = start + min(self.page_size, int(request.url.params.get("limit", "20")))
        following = str(end) if end < len(self.customers) else None
        return listed(self.customers[start:end], following)


def listed(rows: list[Any], following: str | None, **members: Any) -> httpx.Response:
    """A page; ``members`` of the answer can be set otherwise, or left out with None."""
    meta = {"items_on_page": len(rows), "cursors": {"previous": None, "current": "x", "next": following}}
    return answer("all", rows, **{"meta": meta, **members})


def answer(operation: str, data: Any, status: int = 200, **members: Any) -> httpx.Response:
    """An answer in Apideck's envelope."""
    told = {"status_code": status, "status": "OK", "service": "kustomer", "resource": "customers"}
    body = {**told, "operation": operation, "data": data, **members}
    kept = {name: value for name, value in body.items() if value is not None}
    return httpx.Response(status, json=kept, headers={"Request-Id": "req-42"})


def refusal(status: int, type_name: str, message: str = "", detail: Any = "", **headers: str) -> httpx.Response:
    """An error in Apideck's envelope."""
    body = {"status_code": status, "error": "Error", "type_name": type_name, "message": message, "detail": detail}
    return httpx.Response(status, json=body, headers={"Request-Id": "req-13", **headers})


def not_found(remote_id: str) -> httpx.Response:
    """The 404 that says that there is no such customer."""
    detail = {"not_found": {"entity": "customer", "id": remote_id}}
    return refusal(404, "EntityNotFoundError", "Unknown Customer", detail)
