"""L4YERCAK3's operations: one method each, from the request to the answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request

from backoffice.sandbox.checks import Member
from backoffice.sandbox.documents import Body, body_of
from backoffice.sandbox.http import read_json
from backoffice.sandbox.layercake import rules
from backoffice.sandbox.layercake.assumptions import LISTS_NEWEST_FIRST
from backoffice.sandbox.layercake.objects import Objects
from backoffice.sandbox.layercake.paging import PageRequest
from backoffice.sandbox.layercake.refusal import Refusal, invalid, lacking
from backoffice.sandbox.layercake.state import Layercake
from backoffice.sandbox.pages import move_first_to_end
from backoffice.sandbox.switches import Switch

OPERATIONS = {
    "GET /api/v1/crm/contacts": "list_contacts",
    "POST /api/v1/crm/contacts": "create_contact",
    "GET /api/v1/crm/contacts/<contact_id>": "get_contact",
    "PATCH /api/v1/crm/contacts/<contact_id>": "update_contact",
    "DELETE /api/v1/crm/contacts/<contact_id>": "delete_contact",
    "GET /api/v1/crm/organizations": "list_companies",
    "POST /api/v1/crm/organizations": "create_company",
    "GET /api/v1/crm/organizations/<company_id>": "get_company",
    "GET /api/v1/transactions": "list_transactions",
    "GET /api/v1/transactions/<transaction_id>": "get_transaction",
    "GET /api/v1/invoices": "list_invoices",
    "GET /api/v1/invoices/<invoice_id>": "get_invoice",
    "GET /api/v1/webhooks": "list_webhooks",
    "POST /api/v1/webhooks": "create_webhook",
    "DELETE /api/v1/webhooks/<webhook_id>": "delete_webhook",
    "POST /api/v1/webhooks/<webhook_id>/test": "test_webhook",
}
_MEMBER = "json_extract(body, '$.{}')"
_IS = f"{_MEMBER} = ?"
_SEARCHED = ("displayName", "customProperties.email", "customProperties.phone", "customProperties.company")
_HOLDS = "instr(lower(" + " || char(10) || ".join(f"coalesce({_MEMBER.format(name)}, '')" for name in _SEARCHED)
_HOLDS += "), lower(?))"


@dataclass(frozen=True)
class Answer:
    """What a call answers; no body with a 204."""

    body: Any
    status: int = 200


OK = Answer({"success": True})


class Operations:
    """What each call does. All raise Refusal."""

    def __init__(self, layercake: Layercake) -> None:
        self._layercake, self._habits = layercake, layercake.habits

    def list_contacts(self) -> Answer:
        conditions = {**self._asked("status"), **self._asked("subtype", rules.CONTACT_SUBTYPES)}
        if search := request.args.get("search"):
            conditions[_HOLDS] = search
        return self._page("contacts", self._layercake.contacts, conditions)

    def create_contact(self) -> Answer:
        members = self._own_body(rules.CREATE_CONTACT)
        with self._layercake.storage.transaction():
            self._layercake.check_room()
            contact = self._layercake.contacts.create(**members)
        return self._created(contact, "contactId")

    def get_contact(self, contact_id: str) -> Answer:
        return Answer(self._wrapped(self._layercake.contacts.get(contact_id)))

    def update_contact(self, contact_id: str) -> Answer:
        changes = rules.allowed_members(_body(), rules.UPDATE_CONTACT)
        if not changes:
            raise invalid(("the body", "holds nothing to change"))
        contact = self._layercake.contacts.change(contact_id, **changes)
        return OK if self._habits.updates_say_ok_only else Answer(self._wrapped(contact))

    def delete_contact(self, contact_id: str) -> Answer:
        self._layercake.contacts.remove(contact_id)
        return self._deleted()

    def list_companies(self) -> Answer:
        return self._page("organizations", self._layercake.organizations, {})

    def create_company(self) -> Answer:
        members = self._own_body(rules.CREATE_COMPANY)
        company = self._layercake.organizations.create(displayName=members.pop("name"), **members)
        return self._created(self._layercake.organizations.shown(company), "crmOrganizationId")

    def get_company(self, company_id: str) -> Answer:
        return self._one(self._layercake.organizations, company_id)

    def list_transactions(self) -> Answer:
        return self._page("transactions", self._layercake.transactions, {}, counts=False)

    def get_transaction(self, transaction_id: str) -> Answer:
        return self._one(self._layercake.transactions, transaction_id)

    def list_invoices(self) -> Answer:
        conditions = self._asked("status", rules.INVOICE_STATUSES)
        return self._page("invoices", self._layercake.invoices, conditions, counts=False)

    def get_invoice(self, invoice_id: str) -> Answer:
        return self._one(self._layercake.invoices, invoice_id)

    def list_webhooks(self) -> Answer:
        self._check_tenant(request.args)
        return Answer({"webhooks": [_without_secret(its) for its in self._layercake.events.webhooks]})

    def create_webhook(self) -> Answer:
        return Answer(_without_secret(self._layercake.events.subscribe(**self._own_body(rules.CREATE_WEBHOOK))), 201)

    def delete_webhook(self, webhook_id: str) -> Answer:
        self._layercake.events.unsubscribe(webhook_id)
        return self._deleted()

    def test_webhook(self, webhook_id: str) -> Answer:
        self._layercake.events.test(webhook_id)
        return OK

    def _page(self, name: str, kind: Objects, conditions: Mapping[str, Any], *, counts: bool = True) -> Answer:
        """A page of a list under ``name``; where it ``counts`` it says how many there are and whether more follow."""
        self._check_tenant(request.args)
        asked, storage = PageRequest.from_query(request.args), kind.storage
        is_short = counts and self._met("short") is not None
        with storage.transaction():
            if asked.offset and self._met("shift"):
                move_first_to_end(storage, kind.table, newest_first=LISTS_NEWEST_FIRST)
            total = storage.count(kind.table, conditions)
            size = max(1, asked.limit // 2) if is_short else asked.limit
            found = storage.select(
                kind.table, conditions, newest_first=LISTS_NEWEST_FIRST, limit=size, offset=asked.offset
            )
            rows = [self._named(kind.shown(body_of(row))) for row in found]
        if not counts or self._met("bare"):
            return Answer({name: rows})
        stated = self._met("count")
        facts = {"total": _stated(stated) if stated else total, "hasMore": asked.offset + len(rows) < total}
        return Answer({name: rows, **{member: value for member, value in facts.items() if value is not None}})

    def _one(self, kind: Objects, record_id: str) -> Answer:
        return Answer(self._named(kind.shown(kind.get(record_id))))

    def _created(self, body: Body, id_member: str) -> Answer:
        return Answer({id_member: body["id"]} if self._habits.creates_say_id_only else self._named(body), 201)

    def _deleted(self) -> Answer:
        return Answer(None, 204) if self._habits.deletes_say_nothing else OK

    def _wrapped(self, contact: Body) -> Body:
        return {"contact": self._named(contact)} if self._habits.wraps else self._named(contact)

    def _named(self, body: Body) -> Body:
        """A record with its members' names as the habits have them."""
        if not self._habits.renames:
            return body
        names = {"id": "_id", "displayName": "name"}
        return {names.get(name, name): value for name, value in body.items()}

    def _asked(self, name: str, words: tuple[str, ...] = ()) -> dict[str, Any]:
        """The condition of a filter in the query, one of ``words`` where there are any. Raises Refusal (400)."""
        value = request.args.get(name)
        if value and words and value not in words:
            raise invalid((name, f"must be one of {', '.join(words)}"))
        return {_IS.format(name): value} if value else {}

    def _own_body(self, members: dict[str, Member]) -> dict[str, Any]:
        """The checked members of the body, less the tenant, which must be ours."""
        body = _body()
        self._check_tenant(body)
        allowed = rules.allowed_members(body, members)
        del allowed["organizationId"]
        return allowed

    def _check_tenant(self, given: Mapping[str, Any]) -> None:
        if not given.get("organizationId"):
            raise lacking("organizationId")
        if given["organizationId"] != self._layercake.organization_id:
            raise Refusal(403)

    def _met(self, kind: str) -> Switch | None:
        return self._layercake.switches.take(kind, request.method, request.path)


def _stated(switch: Switch) -> int | str | None:
    """What a switch has for a number: whole where it can be read so, else as it is."""
    return int(switch.value) if switch.value and switch.value.lstrip("-").isdigit() else switch.value


def _without_secret(webhook: Body) -> Body:
    return {name: value for name, value in webhook.items() if name != "secret"}


def _body() -> dict[str, Any]:
    try:
        body = read_json()
    except ValueError as error:
        raise Refusal(400, text=str(error)) from None
    if not isinstance(body, dict):
        raise invalid(("the body", "must be an object"))
    return body
