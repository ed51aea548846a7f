"""A Kirim for tests: rows in memory behind httpx's mock transport, with every page open to mischief."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from backoffice.models import SyncRun
from backoffice.sync import engine, runs

BASE = "/v1"
Row = dict[str, Any]


def customer(number: int, **members: Any) -> Row:
    """A customer in the contract's list shape."""
    return {
        "id": f"cus_{number:026d}",
        "object": "customer",
        "name": f"Toko {number}",
        "email": f"owner{number}@shop.example",
        "status": "active",
        "metadata": {"external_ref": f"crm-{number}"},
        "archived_at": None,
        "team_id": "team_main",
        "created_at": "2025-03-04T08:15:30.000Z",
        "updated_at": "2025-03-05T10:00:00.000Z",
        **members,
    }


def setup_link(number: int, customer_id: str, **members: Any) -> Row:
    """A setup link in the contract's list shape."""
    return {
        "id": f"csl_{number:026d}",
        "object": "customer_setup_link",
        "customer_id": customer_id,
        "status": "active",
        "token_last4": f"{number:04d}",
        "expires_at": "2030-03-11T08:20:00.000Z",
        "consumed_at": None,
        "success_redirect_url": "https://app.example.com/whatsapp/done",
        "failure_redirect_url": None,
        "created_at": "2025-03-04T08:20:00.000Z",
        **members,
    }


def account(number: int, customer_id: str | None = None, **members: Any) -> Row:
    """An account in the contract's list shape."""
    return {
        "object": "account",
        "phone_number_id": f"{106540352242000 + number}",
        "phone_number": f"+62812{number:08d}",
        "name": f"Toko {number}",
        "status": "connected",
        "customer_id": customer_id,
        **members,
    }


@dataclass
class FakeKirim:
    """Lists customers, accounts and links, page by page, and reads one customer by id.

    ``mischief`` is asked before every answer: what it returns is sent instead.
    """

    customers: list[Any] = field(default_factory=list)
    accounts: list[Any] = field(default_factory=list)
    links: dict[str, list[Any]] = field(default_factory=dict)
    subscriptions: list[Any] = field(default_factory=list)
    page_size: int = 50
    lists_archived: bool = False
    mischief: Callable[[httpx.Request], httpx.Response | None] = lambda request: None
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.mischief(request) or self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What a faithful Kirim says."""
        parts = request.url.path.removeprefix(BASE).strip("/").split("/")
        match parts:
            case ["customers"]:
                return self._page(self._listed(request.url.params.get("status")), request)
            case ["accounts"]:
                return self._page(self.accounts, request)
            case ["webhook_subscriptions"]:
                return self._page(self.subscriptions, request)
            case ["customers", remote_id]:
                return self._single(remote_id)
            case ["customers", remote_id, "setup_links"]:
                return answer({"data": self.links.get(remote_id, [])[:50], "has_more": False, "next_cursor": None})
        raise KeyError(request.url.path)

    def paths(self) -> list[str]:
        """Paths asked for so far."""
        return [request.url.path for request in self.requests]

    def _listed(self, status: str | None) -> list[Any]:
        def state(row: Any) -> str:
            return row.get("status", "") if isinstance(row, dict) else ""

        if status:
            return [row for row in self.customers if state(row) == status]
        return [row for row in self.customers if self.lists_archived or state(row) != "archived"]

    def _page(self, rows: list[Any], request: httpx.Request) -> httpx.Response:
        start = int(request.url.params.get("cursor", "0"))
        end = start + self.page_size
        more = end < len(rows)
        return answer({"data": rows[start:end], "has_more": more, "next_cursor": str(end) if more else None})

    def _single(self, remote_id: str) -> httpx.Response:
        for row in self.customers:
            if isinstance(row, dict) and row.get("id") == remote_id:
                mine = [account for account in self.accounts if account["customer_id"] == remote_id]
                names = ("phone_number_id", "phone_number", "name", "status")
                accounts = [{**{name: one[name] for name in names}, "onboarded_at": None} for one in mine]
                return answer({"data": {**row, "whatsapp_accounts": accounts}})
        return refusal(404, "not_found", "No such record.")


def answer(body: dict[str, Any]) -> httpx.Response:
    """A 200 in Kirim's envelope."""
    return httpx.Response(200, json={**body, "request_id": "req_01J9ZQ0000000000000000000A"})


def raw_page(*rows: str) -> httpx.Response:
    """One whole list whose rows are given as JSON text, well-formed or not."""
    body = f'{{"data": [{", ".join(rows)}], "has_more": false, "next_cursor": null, "request_id": "req_1"}}'
    return httpx.Response(
        200, content=body.encode("utf-8", "surrogatepass"), headers={"Content-Type": "application/json"}
    )


def refusal(status: int, code: str, message: str, **headers: str) -> httpx.Response:
    """An error in Kirim's envelope."""
    body = {"error": {"code": code, "message": message}, "request_id": "req_01J9ZQ0000000000000000000A"}
    return httpx.Response(status, json=body, headers=headers)


def sync(resource: str = "kirim.customers", **wanted: Any) -> SyncRun:
    """Carry out one run, without the patience for another one to end."""
    run = runs.queue(resource, trigger="command", **wanted)
    return engine.carry_out(run, busy_wait_s=0, is_trial=True)


def counts(run: SyncRun) -> dict[str, int]:
    """The tally of a run, less what is zero."""
    names = ("fetched", "created", "updated", "unchanged", "failed", "vanished", "held")
    return {name: getattr(run, name) for name in names if getattr(run, name)}


def text(row: Row) -> str:
    """A row as JSON text."""
    return json.dumps(row)
