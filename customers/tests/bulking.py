"""Bulk actions as a person makes them: select rows of a list, look at the confirmation page, confirm."""

import re
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.test import Client

from backoffice.bulk.freeze import Row, freeze
from backoffice.models import BulkAction, BulkItem
from backoffice.writes.verbs import Verb
from customers.models import Customer

LIST = "/admin/customers/customer/"
ACCOUNTS = "/admin/customers/whatsappaccount/"
BULK_ID = re.compile(r"/bulk/([0-9a-f-]{36})/")


def select(client: Client, verb: str, rows: Any, url: str = LIST, across: bool = False, follow: bool = True) -> Any:
    """Choose an action on the list, as its form does."""
    picked = [str(row.pk) for row in rows]
    posted = {"action": verb, "index": "0", "select_across": "1" if across else "0", "_selected_action": picked}
    return client.post(url, posted, follow=follow)


def fields_of(page: str) -> dict[str, Any]:
    """What the confirmation page's form would send, as it stands."""
    form = page.partition('id="bulk-form"')[2].partition("</form>")[0]
    fields: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and value:
            fields.setdefault(name[1], []).append(value[1])
    return fields


def action_of(page: str) -> str:
    """Where the confirmation page's form goes."""
    found = re.search(r'action="([^"]*)" novalidate id="bulk-form"', page)
    assert found, page
    return found[1].replace("&amp;", "&")


def confirm(client: Client, asked: Any, **typed: str) -> Any:
    """Send the confirmation page's form; the answer without following it."""
    page = asked.content.decode()
    return client.post(action_of(page), {**fields_of(page), **typed})


def bulk_at(answer: Any) -> BulkAction:
    """The bulk action whose page an answer leads to."""
    found = BULK_ID.search(answer["Location"])
    assert found, answer["Location"]
    return BulkAction.objects.get(pk=UUID(found[1]))


def frozen(verb: Verb, user: User, customers: Any, **values: Any) -> BulkAction:
    """A bulk action that was confirmed and that nobody has begun."""
    rows = [Row(customer.remote_id, str(customer)) for customer in customers]
    wanted = {"id": values.pop("id", None) or uuid4(), "words": "picked in a test", "reason": ""}
    return freeze(verb, user, rows=rows, **{**wanted, **values})[0]


def states(bulk: BulkAction) -> list[str]:
    """The states of its rows, in their order."""
    return list(bulk.items.order_by("position").values_list("state", flat=True))


def item_of(bulk: BulkAction, customer: Customer) -> BulkItem:
    """The row of one customer."""
    return bulk.items.get(remote_id=customer.remote_id)
