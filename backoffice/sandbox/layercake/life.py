"""A moment of life: contacts come, people and companies change, invoices are sent, paid or overdue, money goes back."""

from random import Random
from typing import TYPE_CHECKING

from backoffice.sandbox.known import strangers
from backoffice.sandbox.layercake.rules import SIZES

if TYPE_CHECKING:
    from backoffice.sandbox.layercake.state import Layercake

_NEW_CHANCE = 0.08
_CHANGED_CHANCE = 0.15
_SENT_CHANCE = 0.05
_PAID_CHANCE = 0.08
_REFUND_CHANCE = 0.02
_COMPANY_CHANCE = 0.03
_TITLES = ("Owner", "Buyer", "Head of support", "Geschäftsführerin")

_STATUS = "json_extract(body, '$.status') = ?"
_DUE_BEFORE = "json_extract(body, '$.customProperties.dueDate') < ?"


def live(layercake: "Layercake") -> None:
    """What happens depends on the seed and on how many moments there were. Call it in a transaction."""
    number = layercake.storage.count_up("ticks")
    rng = Random(f"{layercake.seed}/layercake/tick/{number}")  # noqa: S311  made-up life
    contacts, invoices, transactions = layercake.contacts, layercake.invoices, layercake.transactions
    for overdue in invoices.where({_STATUS: "sent", _DUE_BEFORE: layercake.now().date().isoformat()}, limit=1):
        invoices.change(overdue["id"], status="overdue")
    if rng.random() < _NEW_CHANCE:
        its = next(strangers(rng, 1, f"new-{number}.example"))
        contacts.create(displayName=f"{its.given} {its.family}", email=f"hello@new-{number}.example", subtype="lead")
    if rng.random() < _CHANGED_CHANCE and len(contacts):
        row = layercake.storage.select("contacts", limit=1, offset=rng.randrange(len(contacts)))[0]
        contacts.change(row["id"], jobTitle=rng.choice(_TITLES))
    if rng.random() < _COMPANY_CHANCE and len(layercake.organizations):
        row = layercake.storage.select("organizations", limit=1, offset=rng.randrange(len(layercake.organizations)))[0]
        layercake.organizations.change(row["id"], size=rng.choice(SIZES))
    if rng.random() < _SENT_CHANCE:
        for invoice in invoices.where({_STATUS: "sealed"}, limit=1):
            invoices.change(invoice["id"], status="sent")
    if rng.random() < _PAID_CHANCE:
        for invoice in invoices.where({_STATUS: rng.choice(("sent", "overdue"))}, limit=1):
            layercake.pay(invoice["id"])
    if rng.random() < _REFUND_CHANCE:
        for transaction in transactions.where({_STATUS: "completed"}, limit=1):
            transactions.refund(transaction["id"])
