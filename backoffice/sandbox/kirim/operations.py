"""Kirim's operations: one method each, from the request to the answer without its ``request_id``."""

from typing import Any

from flask import request

from backoffice.sandbox.checks import Member
from backoffice.sandbox.http import read_json
from backoffice.sandbox.kirim import rules
from backoffice.sandbox.kirim.paging import PageRequest
from backoffice.sandbox.kirim.refusal import invalid
from backoffice.sandbox.kirim.rules import CUSTOMER_STATUSES, LINK_STATUSES
from backoffice.sandbox.kirim.state import Kirim

Answer = dict[str, Any]

OPERATIONS = {
    "GET /health": "health",
    "GET /accounts": "list_accounts",
    "GET /customers": "list_customers",
    "POST /customers": "create_customer",
    "GET /customers/<customer_id>": "get_customer",
    "PATCH /customers/<customer_id>": "update_customer",
    "DELETE /customers/<customer_id>": "archive_customer",
    "GET /customers/<customer_id>/setup_links": "list_setup_links",
    "POST /customers/<customer_id>/setup_links": "create_setup_link",
    "PATCH /customers/<customer_id>/setup_links/<link_id>": "update_setup_link",
    "DELETE /customers/<customer_id>/setup_links/<link_id>": "revoke_setup_link",
    "POST /<phone_number_id>/templates/sync": "sync_templates",
    "GET /webhook_subscriptions": "list_subscriptions",
    "POST /webhook_subscriptions": "create_subscription",
    "GET /webhook_subscriptions/<subscription_id>": "get_subscription",
    "PATCH /webhook_subscriptions/<subscription_id>": "update_subscription",
    "DELETE /webhook_subscriptions/<subscription_id>": "delete_subscription",
}


class Operations:
    """What each call does. All raise Refusal."""

    def __init__(self, kirim: Kirim) -> None:
        self._kirim = kirim

    def health(self) -> Answer:
        return {"status": "ok"}

    def list_accounts(self) -> Answer:
        owner = request.args.get("customer_id")
        if owner is not None:
            rules.allowed_id(owner, rules.CUSTOMER_ID, "customer_id")
        page = PageRequest.from_query(request.args, "accounts")
        return _listed(*self._kirim.accounts.page(page, status=request.args.get("status"), customer_id=owner))

    def list_customers(self) -> Answer:
        status = rules.allowed_word(request.args.get("status"), CUSTOMER_STATUSES, "status")
        search = rules.allowed_search(request.args.get("search"))
        page = PageRequest.from_query(request.args, "customers")
        return _listed(*self._kirim.customers.page(page, status=status, search=search))

    def create_customer(self) -> Answer:
        return {"data": self._kirim.customers.add(**_body(rules.CREATE_CUSTOMER))}

    def get_customer(self, customer_id: str) -> Answer:
        _check_customer_id(customer_id)
        with self._kirim.storage.transaction():
            customer = self._kirim.customers.get(customer_id)
            return {"data": {**customer, "whatsapp_accounts": self._kirim.accounts.of(customer_id)}}

    def update_customer(self, customer_id: str) -> Answer:
        _check_customer_id(customer_id)
        return {"data": self._kirim.customers.patch(customer_id, _body(rules.UPDATE_CUSTOMER))}

    def archive_customer(self, customer_id: str) -> Answer:
        _check_customer_id(customer_id)
        self._kirim.customers.archive(customer_id)
        return {"data": {"id": customer_id, "object": "customer", "archived": True}}

    def list_setup_links(self, customer_id: str) -> Answer:
        _check_customer_id(customer_id)
        status = rules.allowed_word(request.args.get("status"), LINK_STATUSES, "status")
        with self._kirim.storage.transaction():
            self._kirim.customers.get(customer_id)
            return _listed(self._kirim.links.newest(customer_id, status), None)

    def create_setup_link(self, customer_id: str) -> Answer:
        _check_customer_id(customer_id)
        return {"data": self._kirim.create_link(customer_id, **_body(rules.CREATE_LINK, optional=True))}

    def update_setup_link(self, customer_id: str, link_id: str) -> Answer:
        _check_link_ids(customer_id, link_id)
        return {"data": self._kirim.links.patch(link_id, customer_id, _body(rules.UPDATE_LINK))}

    def revoke_setup_link(self, customer_id: str, link_id: str) -> Answer:
        _check_link_ids(customer_id, link_id)
        link = self._kirim.links.revoke(link_id, customer_id)
        return {"data": {"id": link_id, "object": link["object"], "revoked": True, "status": link["status"]}}

    def sync_templates(self, phone_number_id: str) -> Answer:
        rules.allowed_id(phone_number_id, rules.PHONE_NUMBER_ID, "phone_number_id")
        return {"data": self._kirim.sync_templates(phone_number_id)}

    def list_subscriptions(self) -> Answer:
        page = PageRequest.from_query(request.args, "subscriptions")
        return _listed(*self._kirim.subscriptions.page(page))

    def create_subscription(self) -> Answer:
        return {"data": self._kirim.subscriptions.add(**_body(rules.CREATE_SUBSCRIPTION))}

    def get_subscription(self, subscription_id: str) -> Answer:
        return {"data": self._kirim.subscriptions.get(subscription_id)}

    def update_subscription(self, subscription_id: str) -> Answer:
        changes = _body(rules.UPDATE_SUBSCRIPTION)
        return {"data": self._kirim.subscriptions.patch(subscription_id, changes)}

    def delete_subscription(self, subscription_id: str) -> Answer:
        self._kirim.subscriptions.remove(subscription_id)
        return {"data": {"id": subscription_id, "object": "webhook_subscription", "deleted": True}}


def _check_customer_id(customer_id: str) -> None:
    rules.allowed_id(customer_id, rules.CUSTOMER_ID, "id")


def _check_link_ids(customer_id: str, link_id: str) -> None:
    _check_customer_id(customer_id)
    rules.allowed_id(link_id, rules.LINK_ID, "link_id")


def _listed(data: Any, next_cursor: str | None) -> Answer:
    return {"data": data, "has_more": next_cursor is not None, "next_cursor": next_cursor}


def _body(members: dict[str, Member], *, optional: bool = False) -> dict[str, Any]:
    """The checked members of the JSON body; no body at all is an empty one where the call allows that."""
    if optional and not request.get_data():
        return {}
    try:
        body = read_json()
    except ValueError as error:
        raise invalid(("", str(error))) from None
    if not isinstance(body, dict):
        raise invalid(("", "the body must be an object"))
    return rules.allowed_members(body, members)
