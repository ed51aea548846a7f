"""Supervisors see what a form of the warehouse would send; what is not mirrored well enough is said."""

import json
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.models import RemoteWrite
from backoffice.tests.factories import person
from backoffice.tests.previewing import watched
from backoffice.tests.reading import shown_in
from fulfilment.models import HandlingList, LabelJob, Parcel, Shipment
from fulfilment.pieces import contents_of
from fulfilment.tests.desk import Desk, deed_of, desk, form_in, opened, send
from fulfilment.tests.warehouse import picker

__all__ = ["desk"]

pytestmark = pytest.mark.django_db
SHOW = {"_preview": "1"}
CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "hold": (lambda desk: deed_of("hold", desk.list), {"reason": "x"}),
    "assign": (lambda desk: deed_of("assign", desk.list), {"person": "sub-ayu"}),
    "create": (lambda desk: "/admin/fulfilment/handlinglist/create/", {}),
    "set_method": (lambda desk: deed_of("set_method", desk.open), {}),
    "update": (lambda desk: deed_of("update", desk.parcel), {"weight": "777"}),
    "request_label": (lambda desk: deed_of("request_label", desk.parcel), {}),
    "rename": (lambda desk: deed_of("rename", desk.location), {"name": "Hall <2>"}),
    "pack": (lambda desk: reverse("pack_shipment", args=[desk.open.remote_id]), {}),
}


def typed(desk: Desk, name: str) -> dict[str, Any]:
    pieces = [piece.id for piece in contents_of(desk.open).pieces]
    own = {
        "create": {"shipments": [desk.open.remote_id]},
        "set_method": {"method_id": desk.method.remote_id},
        "pack": {"piece": pieces, "weight": "300"},
    }
    return {**CASES[name][1], **own.get(name, {})}


@pytest.fixture(autouse=True)
def ayu(desk: Desk) -> None:
    """Somebody whom a list can be assigned to."""
    picker(username="ayu", sub="sub-ayu")


def request_in(page: str) -> tuple[str, str, Any]:
    [text] = re.findall(r"<pre[^>]* data-request[^>]*>(.*?)</pre>", page, re.S)
    head, _, body = unescape(text).partition("\n\n")
    method, _, url = head.splitlines()[0].partition(" ")
    return method, url, json.loads(body) if body.strip() else None


@pytest.mark.parametrize("name", CASES)
def test_a_form_of_the_warehouse_shows_what_it_then_sends(desk: Desk, settings: Any, name: str) -> None:
    network = watched(settings)
    url = CASES[name][0](desk)
    form = opened(desk.client, url, **typed(desk, name))
    shown = form.copy()
    shown.update(SHOW)
    page = send(desk.client, url, shown, follow=False).content.decode()
    method, address, body = request_in(page)
    assert network.requests == [] and not RemoteWrite.objects.exists() and not LabelJob.objects.exists()
    back = form_in(page)
    assert {key: back.getlist(key) for key in form if key != "do"} == {
        key: form.getlist(key) for key in form if key != "do"
    }
    if name == "pack":
        back["do"] = "create"
    send(desk.client, url, back, follow=False)
    sent = network.changing[0]
    assert (method, address) == (sent.method, str(sent.url))
    assert body == (json.loads(sent.content) if sent.content else None)
    assert sent.headers["authorization"].partition(" ")[2] not in page


@pytest.mark.parametrize("name", CASES)
def test_the_warehouse_itself_is_not_shown_requests(desk: Desk, client: Client, settings: Any, name: str) -> None:
    network = watched(settings)
    client.force_login(person("warehouse"))
    page = client.get(url := CASES[name][0](desk)).content.decode()
    assert "_preview" not in page
    form = form_in(page, **typed(desk, name))
    form.update(SHOW)
    assert send(client, url, form, follow=False).status_code == 403
    assert network.requests == [] and not RemoteWrite.objects.exists()


def test_where_a_shipment_was_never_read_whole_no_request_is_made_up(desk: Desk, settings: Any) -> None:
    network = watched(settings)
    url = deed_of("set_method", desk.open)
    form = opened(desk.client, url, **typed(desk, "set_method"))
    Shipment.objects.filter(pk=desk.open.pk).update(detail=None, detail_at=None)
    form.update(SHOW)
    page = shown_in(send(desk.client, url, form, follow=False))
    assert "GET /lcs/shipments/{id} is read first, and too little of that is here" in page
    assert network.requests == [] and not RemoteWrite.objects.exists()


def test_what_is_read_before_is_said_beside_the_request(desk: Desk) -> None:
    url = deed_of("hold", desk.list)
    form = opened(desk.client, url, reason="x")
    form.update(SHOW)
    page = shown_in(send(desk.client, url, form, follow=False))
    assert "Before it is sent, this is read there: GET /lcs/lists/{id}." in page
    assert HandlingList.objects.get(pk=desk.list.pk).is_on_hold is False and Parcel.objects.count() == 1
