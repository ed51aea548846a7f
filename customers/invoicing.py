"""Whether an invoice is paid, open or overdue: decided here alone, from L4YERCAK3's word and the due date."""

from datetime import date

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import pgettext_lazy

from backoffice.badges import Vocabulary
from customers.models import Invoice

STATES = Vocabulary(
    {"draft": "dull", "open": "info", "partly paid": "warn", "overdue": "bad", "paid": "good", "void": "dull"},
    {
        "draft": pgettext_lazy("invoice", "draft"),
        "open": pgettext_lazy("invoice", "open"),
        "partly paid": pgettext_lazy("invoice", "partly paid"),
        "overdue": pgettext_lazy("invoice", "overdue"),
        "paid": pgettext_lazy("invoice", "paid"),
        "void": pgettext_lazy("invoice", "void"),
    },
)
"""The states that staff see."""

_OPEN = ("sealed", "sent", "partially_paid", "overdue")
"""L4YERCAK3's words for what still has to be paid."""


def state_of(invoice: Invoice, today: date | None = None) -> str:
    """One of ``STATES``; L4YERCAK3's own word where that is not known here.

    What was due before today, in the installation's zone, is overdue whether or not the remote has noticed.
    """
    if invoice.status not in _OPEN:
        return invoice.status
    is_late = invoice.due_date is not None and invoice.due_date < (today or timezone.localdate())
    if invoice.status == "overdue" or is_late:
        return "overdue"
    return "partly paid" if invoice.status == "partially_paid" else "open"


def in_state(state: str) -> Q:
    """The invoices in one of ``STATES``; none for another word."""
    overdue = Q(status="overdue") | Q(status__in=_OPEN, due_date__lt=timezone.localdate())
    if state == "overdue":
        return overdue
    if state == "open":
        return Q(status__in=("sealed", "sent")) & ~overdue
    if state == "partly paid":
        return Q(status="partially_paid") & ~overdue
    return Q(status=state) if state in STATES else Q(pk__in=())


def unpaid() -> Q:
    """The invoices on which something still has to be paid, overdue ones among them."""
    return Q(status__in=_OPEN)


def is_unpaid(invoice: Invoice) -> bool:
    """Whether something still has to be paid on it."""
    return invoice.status in _OPEN
