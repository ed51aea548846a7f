"""The pack screen without a script: the box is the form, one parcel a submission, labels until the hand-over."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.models import RemoteWrite
from customers.tests.filled import form_in, opened, send
from fulfilment.models import LabelJob, Parcel, Shipment
from fulfilment.tests.syncing import Upstream, sync, upstream
from fulfilment.tests.warehouse import MUG, POT, follow_labels, listed, picker, shipments_of

pytestmark = pytest.mark.django_db
State = RemoteWrite.State
WRITE_ID = "00000000-0000-0000-0000-000000000001"


@pytest.fixture
def depot(settings: Any) -> Iterator[Upstream]:
    with upstream(settings, lists=0, parcels=0) as there:
        there.afosto.label_takes_s = 0
        yield there


@pytest.fixture
def warehouse(client: Client) -> Client:
    client.force_login(picker(username="mira"))
    return client


@pytest.fixture
def shipment(depot: Upstream) -> Shipment:
    """Two mugs and a teapot, picked; on one list with another shipment."""
    return picked(depot, {MUG: 2, POT: 1}, {MUG: 1})[0]


def picked(there: Upstream, *goods: dict[str, int]) -> list[Shipment]:
    pick = listed(there, *goods)
    there.afosto.pick(pick.remote_id)
    for resource in ("afosto.handling_lists", "afosto.shipments", "afosto.methods"):
        sync(resource)
    there.calls.clear()
    return shipments_of(pick)


def url_of(shipment: Shipment) -> str:
    return reverse("pack_shipment", args=[shipment.remote_id])


def scanned(client: Client, shipment: Shipment, form: QueryDict, code: str) -> tuple[QueryDict, str, str]:
    """Scan into the box; the form that comes back, and level and words of the answer."""
    form["scan"], form["do"] = code, "scan"
    page = send(client, url_of(shipment), form).content.decode()
    found = re.search(r'<div class="bo-notice ff-(\w+)"[^>]*><p class="ff-told">(.*?)</p>', page, re.S)
    assert found
    return form_in(page), found[1], found[2]


def created(client: Client, shipment: Shipment, form: QueryDict, **values: str) -> str:
    """Make a parcel of the box; the page that follows."""
    form["do"] = "create"
    for name, value in values.items():
        form[name] = value
    return str(send(client, url_of(shipment), form).content.decode())


def parcels_there(there: Upstream, shipment: Shipment) -> list[Any]:
    return [body for body in there.afosto.parcels if body["shipment_id"] == shipment.remote_id]


def press(client: Client, page: str, shipment: Shipment, verb: str) -> str:
    """Press the button of a verb as it stands on the page."""
    url = reverse("parcel_deed", args=[shipment.remote_id, verb])
    form = re.search(rf'<form method="post" action="{re.escape(url)}">(.*?)</form>', page, re.S)
    assert form, url
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[1]))
    return str(client.post(url, fields, follow=True).content.decode())


def test_two_parcels_are_packed_by_scanning_and_the_second_begins_with_the_sizes_of_the_first(
    warehouse: Client, depot: Upstream, shipment: Shipment
) -> None:
    form = opened(warehouse, url_of(shipment))
    form, level, words = scanned(warehouse, shipment, form, MUG)
    assert (level, words) == ("success", f"In the box: 1 × {MUG}.")
    form, _, _ = scanned(warehouse, shipment, form, POT)
    assert len(form.getlist("piece")) == 2
    assert not depot.calls  # nothing was sent so far
    page = created(warehouse, shipment, form, weight="900", length="30", width="20", height="10")
    assert "with 2 pieces" in page
    assert "1 left to pack" in page
    first = Parcel.objects.get(shipment_remote_id=shipment.remote_id)
    assert (first.weight, first.height, first.piece_count) == (900, 10, 2)
    form = form_in(page)
    assert (form["weight"], form["length"]) == ("900", "30")
    form["do"] = "all"
    page = send(warehouse, url_of(shipment), form).content.decode()
    page = created(warehouse, shipment, form_in(page), weight="350")
    assert "0 left to pack" in page
    assert "Everything that is here is packed." in page
    assert sorted(its["weight"] for its in parcels_there(depot, shipment)) == [350, 900]


def test_what_nobody_measured_of_the_last_parcel_stays_empty_in_the_next_box(
    warehouse: Client, depot: Upstream, shipment: Shipment
) -> None:
    form, _, _ = scanned(warehouse, shipment, opened(warehouse, url_of(shipment)), MUG)
    form = form_in(created(warehouse, shipment, form, weight="900"))
    assert [form[name] for name in ("weight", "length", "width", "height")] == ["900", "", "", ""]
    form, _, _ = scanned(warehouse, shipment, form, MUG)
    assert "with 1 piece" in created(warehouse, shipment, form)


def test_a_wrong_a_repeated_and_a_stray_scan_change_nothing(
    warehouse: Client, depot: Upstream, shipment: Shipment
) -> None:
    form = opened(warehouse, url_of(shipment))
    form, level, words = scanned(warehouse, shipment, form, "NEVER-HEARD-OF")
    assert (level, form.getlist("piece")) == ("error", [])
    assert "does not belong to this shipment" in words
    form, _, _ = scanned(warehouse, shipment, form, POT)
    form, level, _ = scanned(warehouse, shipment, form, POT)
    assert (level, len(form.getlist("piece"))) == ("info", 1)
    form.setlist("piece", ["of-another-shipment"])
    page = created(warehouse, shipment, form, weight="-3")
    assert "Nothing is in the box" in page
    assert "At least 1." in page
    assert not depot.calls
    assert not RemoteWrite.objects.exists()


def test_the_same_box_submitted_twice_is_one_parcel(warehouse: Client, depot: Upstream, shipment: Shipment) -> None:
    form, _, _ = scanned(warehouse, shipment, opened(warehouse, url_of(shipment)), MUG)
    created(warehouse, shipment, form, weight="400")
    created(warehouse, shipment, form, weight="400")
    assert len(parcels_there(depot, shipment)) == 1
    assert RemoteWrite.objects.count() == 1


def test_a_refused_parcel_keeps_the_box_and_a_lost_answer_is_looked_for(
    warehouse: Client, depot: Upstream, shipment: Shipment
) -> None:
    form, _, _ = scanned(warehouse, shipment, opened(warehouse, url_of(shipment)), MUG)
    depot.turn_on("fail", method="POST", path="/lcs/parcels", status=400)
    page = created(warehouse, shipment, form, weight="400")
    depot.turn_off("fail")
    kept = form_in(page)
    assert (len(kept.getlist("piece")), kept["weight"]) == (1, "400")
    assert RemoteWrite.objects.get().state == State.REFUSED
    assert kept["write_id"] != form["write_id"]
    depot.turn_on("drop", method="POST", path="/lcs/parcels")
    page = created(warehouse, shipment, kept, weight="400")
    depot.turn_off("drop")
    assert "Nobody can say yet" in page
    assert len(parcels_there(depot, shipment)) == 1


def test_a_label_is_requested_fails_is_requested_again_printed_and_the_parcel_handed_over(
    warehouse: Client, depot: Upstream, shipment: Shipment
) -> None:
    form = opened(warehouse, url_of(shipment))
    form["do"] = "all"
    page = created(warehouse, shipment, form_in(send(warehouse, url_of(shipment), form).content.decode()), weight="900")
    parcel = Parcel.objects.get(shipment_remote_id=shipment.remote_id)
    depot.turn_on("task_fail", path="lcs:label", value="carrier refused the address", times=1)
    press(warehouse, page, shipment, "request_label")
    follow_labels()
    page = warehouse.get(url_of(shipment)).content.decode()
    assert "carrier refused the address" in page
    assert "Request label again" in page
    press(warehouse, page, shipment, "request_label")
    follow_labels()
    job = LabelJob.objects.filter(parcel=parcel).first()
    assert job and job.state == LabelJob.State.READY
    page = warehouse.get(url_of(shipment)).content.decode()
    assert reverse("label_document", args=[job.pk]) in page
    assert "Request label" not in page
    assert len(depot.afosto.purchases) == 1
    page = press(warehouse, page, shipment, "mark_in_transit")
    assert f"{parcel} is in transit now." in page
    assert depot.afosto.parcel_body(parcel.remote_id)["is_in_transit"]


def test_the_next_shipment_of_the_list_is_offered_until_none_is_left(
    warehouse: Client, depot: Upstream, shipment: Shipment
) -> None:
    other = Shipment.objects.exclude(pk=shipment.pk).get()
    page = warehouse.get(url_of(shipment)).content.decode()
    assert f'href="{url_of(other)}">Next: {other}' in page
    assert "1 more of the 2 shipments" in page
    depot.afosto.new_parcel(other.remote_id)
    sync("afosto.shipments")
    page = warehouse.get(url_of(shipment)).content.decode()
    assert "All other shipments" in page


def test_the_parcels_of_an_open_screen_follow_and_say_when_the_pieces_changed(
    warehouse: Client, depot: Upstream, shipment: Shipment
) -> None:
    page = warehouse.get(url_of(shipment)).content.decode()
    shown = re.search(r'X-Record-Version": "(\w+)", "X-Left-To-Pack": "(\w+)"', page)
    assert shown
    asks = {"HTTP_HX_REQUEST": "true", "HTTP_X_RECORD_VERSION": shown[1], "HTTP_X_LEFT_TO_PACK": shown[2]}
    assert warehouse.get(url_of(shipment), **asks).status_code == 204
    depot.afosto.new_parcel(shipment.remote_id)
    for resource in ("afosto.shipments", "afosto.parcels"):
        sync(resource)
    part = warehouse.get(url_of(shipment), **asks).content.decode()
    assert "<html" not in part
    assert "What is left to pack changed meanwhile." in part
    assert str(Parcel.objects.get(shipment_remote_id=shipment.remote_id)) in part


def test_pieces_that_went_into_a_parcel_elsewhere_are_not_left_to_pack(
    warehouse: Client, depot: Upstream, shipment: Shipment
) -> None:
    mug = next(row["id"] for row in depot.afosto.pieces.rows({"shipment_id = ?": shipment.remote_id, "sku = ?": MUG}))
    parcel_id = depot.afosto.new_parcel(shipment.remote_id, item_ids=[mug])["id"]
    read_at = shipment.detail_at
    sync("afosto.parcels")
    shipment.refresh_from_db()
    assert shipment.detail_at == read_at, "its own single read tells of no parcel yet"
    page = warehouse.get(url_of(shipment)).content.decode()
    assert f'value="{mug}"' not in page and Parcel.objects.get(remote_id=parcel_id).number in page


def test_a_viewer_may_look_and_nobody_packs_without_the_permission(
    viewer: Client, depot: Upstream, shipment: Shipment
) -> None:
    depot.afosto.new_parcel(shipment.remote_id, item_ids=[shipment.detail["items"][0]["id"]])
    for resource in ("afosto.shipments", "afosto.parcels"):
        sync(resource)
    depot.calls.clear()
    parcel = Parcel.objects.get(shipment_remote_id=shipment.remote_id)
    page = viewer.get(url_of(shipment)).content.decode()
    assert "You may look at this shipment, not pack it." in page
    assert str(parcel) in page
    assert "<form" not in page.split('id="station"')[1]
    assert viewer.post(url_of(shipment), {"write_id": WRITE_ID, "do": "create"}).status_code == 403
    for verb in ("request_label", "request_slip", "mark_in_transit"):
        url = reverse("parcel_deed", args=[shipment.remote_id, verb])
        assert viewer.post(url, {"write_id": WRITE_ID, "parcel": parcel.remote_id}).status_code == 403, verb
        assert viewer.get(url).status_code == 405
    assert not depot.calls
    assert not RemoteWrite.objects.exists()


def test_only_parcels_of_the_shipment_and_verbs_of_the_screen_are_taken(
    warehouse: Client, depot: Upstream, shipment: Shipment
) -> None:
    for verb, parcel in (("request_label", "of-another"), ("delete", "of-another")):
        url = reverse("parcel_deed", args=[shipment.remote_id, verb])
        assert warehouse.post(url, {"write_id": WRITE_ID, "parcel": parcel}).status_code == 404
    assert not depot.calls


def test_the_screen_costs_as_many_queries_for_many_pieces_and_parcels(warehouse: Client, depot: Upstream) -> None:
    counts = []
    for goods, parcels in (({MUG: 1}, 0), ({MUG: 12, POT: 4}, 4)):
        shipment = picked(depot, goods)[0]
        for piece in (shipment.detail or {})["items"][:parcels]:
            depot.afosto.new_parcel(shipment.remote_id, item_ids=[piece["id"]])
        for resource in ("afosto.shipments", "afosto.parcels"):
            sync(resource)
        with CaptureQueriesContext(connection) as queries:
            assert warehouse.get(url_of(shipment)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 30


def test_where_all_that_is_left_may_be_in_a_parcel_already_the_screen_says_so(
    warehouse: Client, depot: Upstream, shipment: Shipment
) -> None:
    form = opened(warehouse, url_of(shipment))
    form["do"] = "all"
    form = form_in(send(warehouse, url_of(shipment), form).content.decode())
    depot.turn_on("drop", method="POST", path="/lcs/parcels")
    created(warehouse, shipment, form)
    assert RemoteWrite.objects.get().state == State.UNKNOWN
    page = warehouse.get(url_of(shipment)).content.decode()
    assert "All that is left may be in a parcel whose outcome nobody knows yet. Wait until that is known." in page
    assert "Make the parcel" not in page
