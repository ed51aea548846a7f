"""The pages of the warehouse's records: what stands there, in each state, for whom, and what it costs."""

import re
from typing import Any

import httpx
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backoffice.tests.factories import person
from backoffice.tests.reading import reasons_off, shown_in, text_of
from fulfilment.models import HandlingList, LabelJob, Location, Parcel, Recipient, Shipment, ShippingMethod
from fulfilment.tests.desk import Desk, desk, page_of, reread
from fulfilment.tests.test_admin_lists import HOSTILE, row
from fulfilment.tests.warehouse import MUG, a_list

__all__ = ["desk"]

pytestmark = pytest.mark.django_db


def test_pages_lead_from_list_to_shipment_to_parcel_and_to_the_recipient(desk: Desk) -> None:
    told = shown_in(desk.client.get(page_of(desk.list)))
    assert "Pick lines" in told and MUG in told and f'href="{page_of(desk.listed)}"' in told
    assert all(f'href="/lists/{desk.list.remote_id}/{station}/"' in told for station in ("pick", "print"))
    assert "0 of 3" in told and "Pick list" in told and f'href="{page_of(desk.location)}"' in told

    told = shown_in(desk.client.get(page_of(desk.packed)))
    assert f'href="{page_of(desk.parcel)}"' in told and f'href="{page_of(desk.recipient)}"' in told
    assert f'href="/shipments/{desk.packed.remote_id}/pack/"' in told and "3 of 3" in told and ">boxed<" in told
    assert "1,250 g" in told and "Goes to" in told and desk.recipient.postal_code in told
    assert f'href="{page_of(desk.list)}"' in shown_in(desk.client.get(page_of(desk.listed)))

    told = shown_in(desk.client.get(page_of(desk.parcel)))
    assert f'href="{page_of(desk.packed)}"' in told and f'href="{page_of(desk.recipient)}"' in told and MUG in told
    assert "Nobody has asked for a label" in told

    told = shown_in(desk.client.get(page_of(desk.recipient)))
    assert f'href="{page_of(desk.open)}"' in told and desk.recipient.postal_code in told
    told = shown_in(desk.client.get(page_of(desk.method)))
    assert "ups" in told and "Shipments" in told
    assert "Its shelves were not read yet" in shown_in(desk.client.get(page_of(desk.location)))


LIST_STATES: Any = {
    "open": {}, "assigned": {"sub": "x"}, "in progress": {"is_in_progress": True}, "on hold": {"is_on_hold": True},
    "finished": {"is_finished": True}, "cancelled": {"is_cancelled": True},
}  # fmt: skip
SHIPMENT_STATES: Any = {
    "open": {}, "on a list": {"is_listed": True}, "sorted": {"is_handled": True, "is_outbound": False},
    "picked": {"is_handled": True}, "packed": {"is_boxed": True}, "labelled": {"is_labeled": True},
    "in transit": {"is_in_transit": True}, "finished": {"is_finished": True}, "cancelled": {"is_canceled": True},
}  # fmt: skip
PARCEL_STATES: Any = {
    "packed": {}, "label requested": {"label_requested_at": timezone.now()}, "labelled": {"label_file_id": "f"},
    "in transit": {"is_in_transit": True}, "delivered": {"is_delivered": True}, "finished": {"is_finished": True},
}  # fmt: skip


@pytest.mark.parametrize(
    ("make", "states"),
    [
        (lambda **values: a_list("L-1", **values), LIST_STATES),
        (lambda **values: row(Shipment, number="S-1", is_editable=True, **values), SHIPMENT_STATES),
        (lambda **values: row(Parcel, number="P-1", **values), PARCEL_STATES),
    ],
    ids=["lists", "shipments", "parcels"],
)
def test_a_page_in_each_state_says_it_and_why_buttons_are_off(client: Client, make: Any, states: Any) -> None:
    client.force_login(person("supervisor"))
    for state, values in states.items():
        made = make(**values)
        page = text_of(client.get(page_of(made)))
        assert re.search(rf'class="bo-badge bo-\w+">{state}<', page), state
        offs = reasons_off(page)
        assert len(offs) == page.count(" disabled>")
        assert all(why.strip() for why in offs.values()), (state, offs)
        if state in {"finished", "cancelled"} and not isinstance(made, Parcel):
            # What is found later is told later, so corrections of a finished shipment stay possible.
            assert {"Assign", "Cancel"} & offs.keys(), (state, offs)


def test_remote_text_is_text_on_every_page(client: Client) -> None:
    client.force_login(person("supervisor"))
    address = {"primary": {"address_line_1": HOSTILE, "postal_code": HOSTILE, "locality": [HOSTILE]}}
    piece = {"id": HOSTILE, "sku": HOSTILE, "description": HOSTILE, "position": HOSTILE, "reference": HOSTILE}
    group = {**piece, "ids": [HOSTILE], "handled_ids": [], "shipment_id": HOSTILE, "sorting_label": HOSTILE}
    detail = {
        "id": HOSTILE, "items": [piece], "parcels": [{"id": HOSTILE, "number": HOSTILE, "items": [piece]}],
        "backorders": [{"sku": HOSTILE, "quantity": 1}],
    }  # fmt: skip
    own = {"payload": {"shipping": address, "items": [piece]}}
    ada = row(Recipient, given_name=HOSTILE, email=HOSTILE, organisation=HOSTILE, phone=HOSTILE, **own)
    shelf = {"code": HOSTILE, "skus": [{"sku": HOSTILE}]}
    here = row(Location, name=HOSTILE, reference=HOSTILE, address_remote_id=HOSTILE, positions=[shelf, 3, {"code": 4}])
    slow = row(ShippingMethod, name=HOSTILE, label=HOSTILE, carrier_code=HOSTILE, provider=HOSTILE)
    made = a_list(
        HOSTILE, remote_id=f"a/{HOSTILE}", sub=HOSTILE, location=here, shipment_ids=[HOSTILE],
        payload={"id": "x", "items": [piece]}, detail={"id": "x", "items": [group]}, detail_at=timezone.now(),
    )  # fmt: skip
    shipment = row(
        Shipment, number=HOSTILE, type=HOSTILE, contact=ada, method=slow, list=made, location=here, order_id=HOSTILE,
        service_point_id=HOSTILE, detail=detail, detail_at=timezone.now(), remote_id="b/../c",
    )  # fmt: skip
    parcel = row(
        Parcel, number=HOSTILE, shipment=shipment, position=HOSTILE, label_text=HOSTILE, label_reference=HOSTILE, **own
    )
    job = LabelJob.objects.create(parcel=parcel, kind="label", state="failed", error=HOSTILE, task_id=HOSTILE)
    for its in (ada, here, slow, made, shipment, parcel, job):
        page = text_of(client.get(page_of(its)))
        assert "<script>alert" not in page and "alert(1)&lt;/script&gt;" in page, its
    for model in ("handlinglist", "shipment", "parcel", "recipient", "location", "shippingmethod", "labeljob"):
        page = text_of(client.get(f"/admin/fulfilment/{model}/"))
        assert "<script>alert" not in page and "alert(1)&lt;/script&gt;" in page, model
    for url in (
        "handlinglist/create/",
        *(f"shipment/{shipment.pk}/{verb}/" for verb in ("set_missing", "set_overage")),
    ):
        answer = client.get(f"/admin/fulfilment/{url}", follow=True)
        assert "<script>alert" not in text_of(answer), url


def test_raw_payloads_are_for_those_who_may_see_them(desk: Desk) -> None:
    rows = (desk.list, desk.packed, desk.parcel, desk.location, desk.recipient, desk.method)
    for its in rows:
        assert "<pre " in text_of(desk.client.get(page_of(its))).partition("data-payload")[0][-60:], its
    for role in ("warehouse", "viewer"):
        desk.client.force_login(person(role))
        for its in rows:
            page = text_of(desk.client.get(page_of(its)))
            assert "data-payload" not in page and "As of" in page, (role, its)
    assert "secret" not in desk.packed.payload


def test_a_page_costs_few_queries_however_much_hangs_on_it(desk: Desk) -> None:
    costs: dict[str, list[int]] = {}
    for _ in range(2):
        for its in (desk.list, desk.packed, desk.parcel, desk.recipient, desk.location, desk.method):
            with CaptureQueriesContext(connection) as queries:
                assert desk.client.get(page_of(its)).status_code == 200
            costs.setdefault(its._meta.model_name or "", []).append(len(queries))
        for number in range(6):
            parcel = row(Parcel, number=f"P{number}", shipment=desk.packed)
            LabelJob.objects.create(parcel=parcel, kind="label", state="failed")
            LabelJob.objects.create(parcel=desk.parcel, kind="label", state="failed")
            row(Shipment, number=f"S{number}", contact=desk.recipient, list=desk.list, location=desk.location)
    assert all(first == second <= 30 for first, second in costs.values()), costs


def test_an_open_page_follows_what_hangs_on_it(desk: Desk) -> None:
    url = page_of(desk.parcel)
    version = re.search(r'X-Record-Version": "(\w+)"', desk.client.get(url).content.decode())
    assert version
    asked = {"HTTP_HX_REQUEST": "true", "HTTP_X_RECORD_VERSION": version[1]}
    assert desk.client.get(url, **asked).status_code == 204
    LabelJob.objects.create(parcel=desk.parcel, kind="label")
    assert "requested" in shown_in(desk.client.get(url, **asked))


def test_a_refresh_reads_the_record_again_and_says_when_it_cannot(desk: Desk) -> None:
    afosto = desk.there.afosto
    afosto.picking.set_state(desk.list.remote_id, {"is_on_hold": True})
    afosto.contacts.change(desk.recipient.remote_id, email="new@shop.example")
    for its in (desk.list, desk.open, desk.recipient):
        answer = desk.client.post(f"{page_of(its).removesuffix('change/')}refresh/", follow=True)
        assert answer.redirect_chain == [(page_of(its), 302)] and "read from Afosto again" in shown_in(answer), its
    assert HandlingList.objects.get(pk=desk.list.pk).state == "on hold"
    assert Recipient.objects.get(pk=desk.recipient.pk).email == "new@shop.example"
    strange = next(its["id"] for its in afosto.contacts if its["id"] != desk.recipient.remote_id)
    desk.there.watch = lambda request: (
        httpx.Response(200, json={"id": strange}) if "/rel/" in request.url.path else None
    )
    answer = desk.client.post(f"{page_of(desk.recipient).removesuffix('change/')}refresh/", follow=True)
    assert "It was not refreshed." in shown_in(answer) and Recipient.objects.count() == 1
    desk.there.watch = lambda request: None
    desk.there.turn_on("down")
    for its in (desk.list, desk.recipient):
        answer = desk.client.post(f"{page_of(its).removesuffix('change/')}refresh/", follow=True)
        assert "Afosto does not answer now" in shown_in(answer)
    assert not desk.writes


def test_a_shipment_whose_pieces_were_not_read_says_so(client: Client) -> None:
    client.force_login(person("supervisor"))
    shipment = row(Shipment, number="S-1", is_editable=True, contact_remote_id="c-1", list_remote_id="l-1")
    told = shown_in(client.get(page_of(shipment)))
    assert told.count("Its pieces were not read yet.") >= 3 and ">c-1<" in told and ">l-1<" in told
    answer = client.get(f"{page_of(shipment).removesuffix('change/')}set_missing/", follow=True)
    assert "Refresh it from Afosto first." in shown_in(answer)


def test_what_changed_stands_on_the_page(desk: Desk) -> None:
    desk.there.afosto.picking.set_state(desk.list.remote_id, {"is_on_hold": True})
    reread("afosto.handling_lists", desk.list.remote_id)
    assert "is_on_hold" in shown_in(desk.client.get(page_of(desk.list)))
