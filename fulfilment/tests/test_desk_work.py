"""The warehouse's part of the desk: each figure and chart against rows made by hand, and each link against its list."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from backoffice.desk import counting, drawing
from backoffice.desk.parts import KNOWN
from backoffice.desk.summary import Wanted, summaries
from backoffice.tests.factories import person
from customers.models import Customer, IdentityLink
from customers.tests.factories import CustomerFactory, SetupLinkFactory
from fulfilment import desk
from fulfilment.models import HandlingList, LabelJob, Parcel, Recipient, Shipment

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 15, 12, tzinfo=UTC)
NUMBERS = count(1)


def mirrored(**values: Any) -> dict[str, Any]:
    told = {"remote_id": f"row{next(NUMBERS)}", "payload": {}, "payload_hash": b"0" * 16, "synced_at": timezone.now()}
    return {**told, **values}


def a_list(**values: Any) -> HandlingList:
    return HandlingList.objects.create(**mirrored(**values))


def a_parcel(**values: Any) -> Parcel:
    return Parcel.objects.create(**mirrored(remote_created_at=timezone.now(), **values))


def a_job(parcel: Parcel, **values: Any) -> LabelJob:
    return LabelJob.objects.create(**{"parcel": parcel, "kind": "label", "state": "failed", "error": "no", **values})


def a_customer(status: str = "suspended", state: str = "confirmed", **parcel: Any) -> Customer:
    """A customer whose recipient gets a parcel."""
    customer = CustomerFactory(status=status)
    recipient = Recipient.objects.create(**mirrored())
    shipment = Shipment.objects.create(**mirrored(contact=recipient, contact_remote_id=recipient.remote_id))
    a_parcel(shipment=shipment, shipment_remote_id=shipment.remote_id, **parcel)
    IdentityLink.objects.create(
        customer=customer, resource="afosto.contacts", record_id=recipient.pk, remote_id=recipient.remote_id,
        state=state,
    )  # fmt: skip
    return customer


def numbers(name: str) -> dict[tuple[str, int], int]:
    """What is counted for a chart."""
    chart = KNOWN.charts[name]
    made = summaries([Wanted(name, chart.counts, dict)])[name].made
    assert isinstance(made, dict)
    return made


def a_day() -> None:
    """A warehouse's day with one row on each side of each border."""
    now = timezone.now()
    later, before = now + timedelta(hours=1), now - timedelta(hours=1)
    tonight = now.replace(hour=23, minute=59, second=59)
    for due_at in (
        None,
        before,
        later,
        tonight,
        tonight + timedelta(seconds=1),
        now.replace(hour=0),
        now.replace(hour=0) - timedelta(seconds=1),
    ):
        a_list(due_at=due_at)
        a_list(due_at=due_at, sub="picker")
        a_list(due_at=due_at, is_finished=True, finished_at=now)
        a_list(due_at=due_at, is_cancelled=True)
        a_list(due_at=due_at, is_on_hold=True)
        a_list(due_at=due_at, vanished_at=now)
    for parcel in (
        {}, {"is_outbound": False}, {"vanished_at": now}, {"label_file_id": "file"}, {"label_requested_at": now},
        {"is_in_transit": True}, {"is_delivered": True}, {"is_finished": True},
    ):  # fmt: skip
        made = a_parcel(**parcel)
        a_job(made)
        a_job(made, kind="slip")
    again = a_parcel()
    a_job(again)
    a_job(again, state="ready")
    a_customer()
    a_customer(label_file_id="file")
    a_customer(is_delivered=True)
    a_customer(vanished_at=now)
    a_customer(status="active")
    a_customer(state="suggested")
    a_customer(state="rejected")
    gone = a_customer()
    Customer.objects.filter(pk=gone.pk).update(vanished_at=now)
    CustomerFactory(status="suspended")


def rows_at(client: Client, url: str) -> set[Any]:
    """What the list at an address holds, all of its pages."""
    answer = client.get(url)
    assert answer.status_code == 200
    context = answer.context_data
    return {row.pk for row in (context["cl"].queryset if "cl" in context else context["filter"].qs)}


@pytest.mark.parametrize("role", ["viewer", "customer desk", "warehouse", "supervisor"])
def test_each_link_leads_to_exactly_the_rows_that_were_counted(client: Client, role: str) -> None:
    user = person(role)
    client.force_login(user)
    with time_machine.travel(NOON, tick=False):
        a_day()
        for hours in (-13, 3, 47, 49):
            SetupLinkFactory(expires_at=timezone.now() + timedelta(hours=hours))
        counted = counting.counts(user, list(KNOWN.figures.values()))
        for figure in KNOWN.figures.values():
            rows = figure.rows(user)
            if rows is None:
                assert figure.name not in counted
                continue
            wanted = {row.pk for row in rows}
            assert wanted, f"{figure.name} should have rows here"
            assert rows_at(client, figure.url()) == wanted, figure.name
            assert figure.is_dear or counted[figure.name] == len(wanted)


def test_figures_count_what_they_say(user: User) -> None:
    with time_machine.travel(NOON, tick=False):
        a_day()
        told = {
            name: rows.count()
            for name, figure in KNOWN.figures.items()
            if name not in {"pairs-suggested", "links-ending"} and (rows := figure.rows(user)) is not None
        }
    assert told == {
        "lists-overdue": 9,  # an hour ago, midnight, a second before midnight; each free, held, and on hold
        "lists-today": 12,  # an hour ago, in an hour, tonight, midnight
        "lists-unassigned": 14,  # of seven times: free, and on hold
        "parcels-unlabelled": 7,  # the plain one, the one asked for again, and five of customers
        "labels-stuck": 7,  # both of three parcels, and the slip where there is a label
        "suspended-under-way": 2,
    }


def test_lists_are_told_apart_by_what_became_of_them() -> None:
    with time_machine.travel(NOON, tick=False):
        now = timezone.now()
        yesterday = now - timedelta(days=1)
        a_list(due_at=yesterday, is_finished=True, finished_at=yesterday)
        a_list(due_at=yesterday, is_finished=True, finished_at=yesterday + timedelta(seconds=1))
        a_list(due_at=yesterday, is_finished=True)
        a_list(due_at=yesterday)
        a_list(due_at=yesterday, is_cancelled=True)
        a_list(due_at=yesterday, vanished_at=now)
        a_list(due_at=now + timedelta(hours=11, minutes=59))
        a_list(due_at=now + timedelta(hours=12))
        a_list(due_at=now - timedelta(days=13, hours=12))
        a_list(due_at=now - timedelta(days=13, hours=12, seconds=1))
        assert numbers("lists") == {
            ("in time", 12): 2, ("late", 12): 1, ("missed", 12): 1, ("ahead", 13): 1, ("missed", 0): 1,
        }  # fmt: skip


def test_parcels_are_told_apart_by_day_and_by_how_far_they_are() -> None:
    with time_machine.travel(NOON, tick=False):
        now = timezone.now()
        for day in (0, 13, 14):
            for state in (
                {},
                {"label_requested_at": now},
                {"label_file_id": "f"},
                {"is_in_transit": True},
                {"is_finished": True},
            ):  # noqa: E501
                row = a_parcel(**state)
                Parcel.objects.filter(pk=row.pk).update(remote_created_at=now - timedelta(days=day))
        a_parcel(vanished_at=now)
        assert numbers("parcels") == {
            (name, place): number
            for place in (0, 13)
            for name, number in (("unlabelled", 2), ("labelled", 1), ("gone", 2))
        }


@pytest.mark.parametrize(("zone", "today"), [("UTC", 13), ("Asia/Jakarta", 12), ("America/New_York", 13)])
def test_the_day_is_that_of_the_installation(settings: Any, zone: str, today: int, user: User) -> None:
    """18:00 in UTC is the next day in Jakarta already: what was made an hour before midnight there is of yesterday."""
    settings.TIME_ZONE = zone
    with time_machine.travel(datetime(2026, 5, 15, 18, tzinfo=UTC), tick=False), timezone.override(zone):
        made_at = datetime(2026, 5, 15, 16, 30, tzinfo=UTC)
        row = a_parcel()
        Parcel.objects.filter(pk=row.pk).update(remote_created_at=made_at)
        assert numbers("parcels") == {("unlabelled", today): 1}
        a_list(due_at=datetime(2026, 5, 15, 23, 30, tzinfo=UTC))
        a_list(due_at=datetime(2026, 5, 16, 5, 30, tzinfo=UTC))
        due = desk.due_today(user)
        assert due is not None and due.count() == {"UTC": 1, "Asia/Jakarta": 2, "America/New_York": 1}[zone]


def test_a_chart_that_counted_nothing_says_so(client: Client) -> None:
    assert drawing.columns(desk.PARCELS, {}) is None
    client.force_login(person("warehouse"))
    assert "No parcel was packed in the last 14 days." in client.get("/").content.decode()


def test_the_filter_for_parcels_is_of_those_alone_who_may_see_them(client: Client) -> None:
    with time_machine.travel(NOON, tick=False):
        a_customer()
        user = person()
        user.user_permissions.set(Permission.objects.filter(codename__in=["view_customer", "view_identitylink"]))
        client.force_login(user)
        assert rows_at(client, KNOWN.figures["suspended-under-way"].url()) == set()
        client.force_login(person("viewer"))
        assert len(rows_at(client, KNOWN.figures["suspended-under-way"].url())) == 1
        assert rows_at(client, "/admin/customers/customer/?parcels=nonsense") == set()
