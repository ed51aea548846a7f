"""The CRM's part of a customer's page: contacts and companies, what they owe, and what they bought last."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from django.db.models import Case, Q, When
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from backoffice import times
from backoffice.admin.readonly import Section
from backoffice.admin.related import admin_of, url_of
from backoffice.badges import word
from backoffice.texts import number, together
from customers import crm_words, invoicing
from customers.admin.crm.base import Line, invoice_badge
from customers.models import Contact, Invoice, Organization, Transaction
from customers.money import shown_amount
from customers.person.parts import Part, Problem, Shown, Standing, Subject, register

KINDS: Sequence[tuple[str, type[Contact] | type[Organization], str]] = (
    ("layercake.contacts", Contact, "customers.view_contact"),
    ("layercake.organizations", Organization, "customers.view_organization"),
)
SHOWN = 20
COUNTED = 500  # invoices, of which the sum of what is overdue is made
HEAVY = ("payload", "search_text", "line_items")


def show(request: HttpRequest, subject: Subject) -> Shown | None:
    """The linked contacts and companies with their money, each as far as the person may see it."""
    user = request.user
    kinds = [(resource, model) for resource, model, permission in KINDS if user.has_perm(permission)]
    if not kinds:
        return None
    rows: list[Any] = []
    standings: list[Standing] = []
    records: dict[str, list[str]] = {}
    for resource, model in kinds:
        found = _found(model, subject.ids(resource))
        rows += found
        standings += [_standing(subject, resource, row) for row in found]
        records[resource] = subject.ids(resource)
    lines = [(standing, _about(row)) for standing, row in zip(standings, rows, strict=True)]
    sections = [Section(_("CRM"), "customers/person/_records.html", {"lines": lines, "upstream": "layercake"})]
    problems: list[Problem] = []
    ids = [row.remote_id for row in rows]
    if ids and user.has_perm("customers.view_invoice"):
        invoices = _billed(ids)
        records["layercake.invoices"] = [row.remote_id for row in invoices]
        unpaid = [row for row in invoices if invoicing.is_unpaid(row) and row.vanished_at is None]
        unpaid.sort(key=lambda row: (row.due_date or date.max, row.pk))
        problems += _overdue(unpaid)
        lines_of_it = [_invoice(row) for row in unpaid]
        sections.append(
            _table(_("Open invoices"), pgettext("a date", "Due"), lines_of_it, _("Nothing is left to pay."))
        )
    if ids and user.has_perm("customers.view_transaction"):
        bought = _bought_by(rows, records.get("layercake.invoices", []))
        records["layercake.transactions"] = [row.remote_id for row in bought]
        sold = [_transaction(row) for row in bought if row.vanished_at is None]
        none = _("Nothing was bought, as far as is known here.")
        sections.append(_table(_("Last transactions"), _("When"), sold, none))
    return Shown(standings, problems, sections, records)


def _found(model: type[Contact] | type[Organization], ids: list[str]) -> list[Any]:
    return list(model.objects.filter(remote_id__in=ids).defer("payload", "search_text")[:SHOWN]) if ids else []


def _standing(subject: Subject, resource: str, row: Contact | Organization) -> Standing:
    state = admin_of(type(row)).shown_state(row)
    return Standing(str(row), url_of(row), state, subject.age(resource, row))


def _about(row: Contact | Organization) -> str:
    texts = (row.company, row.email, row.phone) if isinstance(row, Contact) else (row.industry, row.website)
    return ", ".join(filter(None, texts)) or "–"


def _billed(ids: list[str]) -> list[Invoice]:
    """What is not paid first, then the newest."""
    is_paid = Case(When(invoicing.unpaid(), then=0), default=1)
    rows = Invoice.objects.filter(client_remote_id__in=ids).order_by(is_paid, "-remote_created_at", "-pk")
    return list(rows.defer(*HEAVY)[:COUNTED])


def _bought_by(rows: list[Any], invoices: list[str]) -> list[Transaction]:
    """Transactions name nobody but an e-mail address, which more than one person may use, and perhaps an invoice."""
    emails = {row.email.lower() for row in rows if isinstance(row, Contact) and row.email}
    theirs = Q(invoice_remote_id__in=invoices) | Q(lower__in=emails)
    bought = Transaction.objects.alias(lower=Lower("customer_email")).filter(theirs)
    return list(bought.order_by("-remote_created_at", "-pk").defer(*HEAVY)[: SHOWN + 1])


def _overdue(unpaid: list[Invoice]) -> Iterator[Problem]:
    """One sentence with the sum of each currency."""
    late = [row for row in unpaid if invoicing.state_of(row) == "overdue"]
    if not late:
        return
    sums: dict[str, int] = defaultdict(int)
    for row in late:
        sums[row.currency] += _left(row)
    told = together(shown_amount(amount, currency) for currency, amount in sorted(sums.items()))
    url, count = url_of(late[0]), len(late)
    if count == 1:
        one = _("Invoice {invoice} is overdue since {date}: {sum} is left to pay.")
        yield Problem(one.format(invoice=late[0], date=late[0].due_date, sum=told), url, _("See it"))
    else:
        several = ngettext(
            "{count} invoice is overdue: {sum} is left to pay.",
            "{count} invoices are overdue: {sum} is left to pay.",
            count,
        )
        at_least = ngettext(
            "{count} invoice is overdue: at least {sum} is left to pay.",
            "{count} invoices are overdue: at least {sum} is left to pay.",
            count,
        )
        text = at_least if len(unpaid) == COUNTED else several
        yield Problem(text.format(count=number(count), sum=told), url, _("See the oldest"))


def _left(invoice: Invoice) -> int:
    """What is left to pay, in minor units."""
    return (invoice.total or 0) - (invoice.paid_amount or 0)


def _invoice(row: Invoice) -> Line:
    return Line(str(row), url_of(row), invoice_badge(row), row.due_date or "–", shown_amount(_left(row), row.currency))


def _transaction(row: Transaction) -> Line:
    state = word(row.status, crm_words.TRANSACTION) if row.status else "–"
    return Line(str(row), url_of(row), state, times.at(row.remote_created_at), shown_amount(row.total, row.currency))


def _table(title: str, when: str, lines: list[Line], none: str) -> Section:
    part = {"lines": lines[:SHOWN], "when": when, "none": none, "shown": SHOWN, "is_cut": len(lines) > SHOWN}
    return Section(title, "customers/crm/_rows.html", part)


register(Part("layercake", 30, show))
