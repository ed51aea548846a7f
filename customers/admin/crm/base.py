"""What the admins of the CRM's objects have in common, and the tables of money that stand on several pages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice import times
from backoffice.admin.deed_admin import DeedAdmin
from backoffice.admin.readonly import Button, ReadOnlyChangeList, Section
from backoffice.admin.related import url_of
from backoffice.badges import word
from backoffice.texts import number
from backoffice.writes.verbs import WriteVerb
from customers import crm_words, invoicing
from customers.models import Invoice, Transaction
from customers.money import shown_amount

SHOWN_ROWS = 50
NONE = SafeString("–")


class CrmAdmin(DeedAdmin):
    """Base of these admins."""

    heavy: ClassVar[Sequence[str]] = ("payload", "search_text", "line_items")

    def state(self, row: Any) -> SafeString:
        """The row's state as a label; a sign where the CRM tells none."""
        return word(row.status, self.tones) if row.status else NONE

    @admin.display(description=_("state"), ordering="status")
    def state_badge(self, row: Any) -> SafeString:
        """The same for a list, which takes a column for the method of its name."""
        return self.state(row)

    def holding(self, part: str) -> Q:
        return Q(search_text__contains=part)

    def offer_new(self, request: HttpRequest, changes: ReadOnlyChangeList, verb: WriteVerb, url: str) -> None:
        """The button to the form of a new one, for those who may."""
        if request.user.has_perm(verb.permission):
            new = Button(verb.label, url, "add", off=self.upstream_off, is_main=True, is_link=True)
            changes.buttons = [new, *changes.buttons]


@dataclass(frozen=True)
class Line:
    """A row of another kind on a page."""

    name: str
    url: str
    state: Any
    when: Any
    amount: str


def invoice_section(request: HttpRequest, invoices: QuerySet[Invoice]) -> Iterable[Section]:
    """The invoices to somebody, the newest first; none for a person who may not see invoices."""
    if request.user.has_perm("customers.view_invoice"):
        lines = [
            Line(
                str(row),
                url_of(row),
                invoice_badge(row),
                row.due_date or "–",
                shown_amount(row.total, row.currency),
            )
            for row in _newest(invoices)
        ]
        yield _section(gettext("Invoices"), gettext("Due"), lines, gettext("No invoice is known."))


def transaction_section(request: HttpRequest, transactions: QuerySet[Transaction]) -> Iterable[Section]:
    """Transactions, the newest first; none for a person who may not see them."""
    if request.user.has_perm("customers.view_transaction"):
        lines = [
            Line(
                str(row),
                url_of(row),
                word(row.status, crm_words.TRANSACTION) if row.status else "–",
                times.at(row.remote_created_at),
                shown_amount(row.total, row.currency),
            )
            for row in _newest(transactions)
        ]
        yield _section(gettext("Transactions"), gettext("When"), lines, gettext("No transaction is known."))


def line_section(row: Invoice | Transaction) -> Section:
    """What was billed or bought, with the sums."""
    lines = [
        {
            "text": line.get("text") or "–",
            "quantity": "–" if line.get("quantity") is None else number(line["quantity"]),
            "unit_price": shown_amount(line.get("unit_price"), row.currency),
            "total": shown_amount(line.get("total"), row.currency),
        }
        for line in row.line_items
    ]
    named = ((gettext("Subtotal"), row.subtotal), (gettext("Tax"), row.tax), (gettext("Total"), row.total))
    sums = [(name, shown_amount(amount, row.currency)) for name, amount in named if amount is not None]
    return Section(gettext("Lines"), "customers/crm/_lines.html", {"lines": lines, "sums": sums})


def invoice_badge(invoice: Invoice) -> SafeString:
    """Its state as staff see it."""
    return word(invoicing.state_of(invoice), invoicing.STATES) if invoice.status else NONE


def _newest(rows: QuerySet[Any]) -> Iterable[Any]:
    heavy = ("payload", "search_text", "line_items")
    return rows.filter(vanished_at=None).order_by("-remote_created_at", "-pk").defer(*heavy)[: SHOWN_ROWS + 1]


def _section(title: str, when: str, lines: list[Line], none: str) -> Section:
    is_cut = len(lines) > SHOWN_ROWS
    part = {"lines": lines[:SHOWN_ROWS], "when": when, "none": none, "shown": SHOWN_ROWS, "is_cut": is_cut}
    return Section(title, "customers/crm/_rows.html", part)
