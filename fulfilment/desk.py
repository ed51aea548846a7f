"""The warehouse's part of the desk, and what the customer desk is to know of parcels."""

from typing import Any

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from backoffice.desk.drawing import Series, columns, day_of, span
from backoffice.desk.parts import Chart, Counts, Figure, Numbers, Part, Person, by, register
from backoffice.links import page
from customers.models import Customer, IdentityLink
from fulfilment.board import NOBODY, is_due_today, is_overdue, open_lists
from fulfilment.models import HandlingList, LabelJob, Parcel
from fulfilment.needs import failed_labels
from fulfilment.states import UNDER_WAY, UNLABELLED
from fulfilment.verbs.lists import MARK_HANDLED

RECIPIENTS = "afosto.contacts"
SUSPENDED = "suspended"
SEE_LISTS, SEE_PARCELS = "fulfilment.view_handlinglist", "fulfilment.view_parcel"
SEE_CUSTOMERS = ("customers.view_customer", "customers.view_identitylink")
PARCELS = (
    Series("gone", _("gone out"), "dull"), Series("labelled", _("labelled"), "good"),
    Series("unlabelled", _("without a label"), "warn"),
)  # fmt: skip
ENDS = (
    Series("in time", _("finished in time"), "good"), Series("late", _("finished late"), "info"),
    Series("missed", _("not finished, overdue"), "bad"), Series("ahead", _("still to do"), "dull"),
)  # fmt: skip


# -- figures ----------------------------------------------------------------------------------------------------------


def overdue(person: Person) -> QuerySet[HandlingList] | None:
    """Lists that should be done by now."""
    return HandlingList.objects.filter(is_overdue(), vanished_at=None) if person.has_perm(SEE_LISTS) else None


def due_today(person: Person) -> QuerySet[HandlingList] | None:
    """Lists that should be done by the end of the day."""
    return open_lists().filter(is_due_today()) if person.has_perm(SEE_LISTS) else None


def unassigned(person: Person) -> QuerySet[HandlingList] | None:
    """Lists that nobody holds."""
    return open_lists().filter(sub="") if person.has_perm(SEE_LISTS) else None


def unlabelled(person: Person) -> QuerySet[Parcel] | None:
    """Parcels to be sent for which nobody has asked for a label."""
    if not person.has_perm(SEE_PARCELS):
        return None
    return Parcel.objects.filter(state="packed", is_outbound=True, vanished_at=None)


def stuck(person: Person) -> QuerySet[LabelJob] | None:
    """Labels and packing slips that came to nothing, so that their parcels stay where they are."""
    return failed_labels(person)


def with_parcels_under_way() -> Exists:
    """Customers one of whose confirmed recipients has a parcel that has not arrived."""
    parcels = Parcel.objects.filter(
        shipment__contact_remote_id=OuterRef("remote_id"), state__in=UNDER_WAY, vanished_at=None
    )
    return Exists(linked_recipients().filter(Exists(parcels), customer=OuterRef("pk")))


def linked_recipients() -> QuerySet[IdentityLink]:
    """Which recipients are the same as a customer, as a person confirmed."""
    return IdentityLink.objects.filter(resource=RECIPIENTS, state=IdentityLink.State.CONFIRMED)


def may_see_parcels_of_customers(person: Person) -> bool:
    """Whether somebody may know which customer a parcel goes to."""
    return person.has_perms([*SEE_CUSTOMERS, SEE_PARCELS, "fulfilment.view_shipment"])


def suspended(person: Person) -> QuerySet[Customer] | None:
    """Suspended customers to whom something is on its way."""
    if not may_see_parcels_of_customers(person):
        return None
    return Customer.objects.filter(with_parcels_under_way(), status=SUSPENDED, vanished_at=None)


# -- charts -----------------------------------------------------------------------------------------------------------


def parcels_by_day() -> Counts:
    """Parcels by the day they were made and by how far they are now."""
    start, end = span()
    how_far = Case(
        When(state__in=UNLABELLED, then=Value("unlabelled")),
        When(state="labelled", then=Value("labelled")),
        default=Value("gone"),
        output_field=CharField(),
    )
    parcels = Parcel.objects.filter(vanished_at=None, remote_created_at__gte=start, remote_created_at__lt=end)
    return [by(parcels, how_far, day_of("remote_created_at"))]


def lists_by_due_day() -> Counts:
    """Lists by the day they were due, and what became of them. Cancelled ones count for nothing."""
    start, end = span()
    what = Case(
        When(Q(state="finished") & (Q(finished_at=None) | Q(finished_at__lte=F("due_at"))), then=Value("in time")),
        When(state="finished", then=Value("late")),
        When(due_at__lt=timezone.now(), then=Value("missed")),
        default=Value("ahead"),
        output_field=CharField(),
    )
    lists = HandlingList.objects.filter(vanished_at=None, due_at__gte=start, due_at__lt=end).exclude(state="cancelled")
    return [by(lists, what, day_of("due_at"))]


def _parcels(numbers: Numbers) -> SafeString | None:
    return columns(PARCELS, numbers)


def _lists(numbers: Numbers) -> SafeString | None:
    return columns(ENDS, numbers)


def _board(query: str) -> Any:
    return lambda: f"{page('board')}?{query}"


def _list(model: str, query: str) -> Any:
    return lambda: f"{page(f'admin:{model}_changelist')}?{query}"


register(
    Part(
        "warehouse", 20, _("Warehouse"), MARK_HANDLED.permission,
        _(
            "Nothing waits: no list is due or free, and no parcel waits for its label. New lists are made under "
            "Handling lists, from shipments that are on none."
        ),
        ("afosto.handling_lists", "afosto.parcels"),
    ),
    Figure("lists-overdue", "warehouse", 10, _("Lists overdue"), "bad", overdue, _board("due=overdue")),
    Figure("lists-today", "warehouse", 20, _("Lists due today"), "info", due_today, _board("due=today")),
    Figure(
        "lists-unassigned", "warehouse", 30, _("Lists nobody holds"), "warn", unassigned,
        _board(f"assignee={NOBODY}"),
    ),
    Figure(
        "parcels-unlabelled", "warehouse", 40, _("Parcels to label"), "warn", unlabelled,
        _list("fulfilment_parcel", "state=packed&is_outbound=True"),
    ),
    Figure(
        "labels-stuck", "warehouse", 50, _("Stuck: label or slip came to nothing"), "bad", stuck,
        _list("fulfilment_labeljob", "waits=yes"),
    ),
    Figure(
        "suspended-under-way", "customers", 20, _("Suspended customers with parcels on their way"), "bad", suspended,
        _list("customers_customer", f"status={SUSPENDED}&parcels=under_way"), is_dear=True,
    ),
    Chart(
        "lists", "warehouse", 10, _("Are lists finished when they are due?"), _("No list was due in the last 14 days."),
        (SEE_LISTS,), lists_by_due_day, _lists,
    ),
    Chart(
        "parcels", "warehouse", 20, _("Which days' parcels are still here?"),
        _("No parcel was packed in the last 14 days."), (SEE_PARCELS,), parcels_by_day, _parcels,
    ),
)  # fmt: skip
