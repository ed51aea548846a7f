"""The lists of the warehouse's admin: what they show, find and let through, and what that costs."""

import csv
import io
import re
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.models import RowChange
from backoffice.tests.factories import RunFactory, person
from backoffice.tests.reading import shown_in, text_of
from fulfilment.admin import filters
from fulfilment.models import HandlingList, LabelJob, Location, Parcel, Picker, Recipient, Shipment, ShippingMethod
from fulfilment.tests.desk import ADMIN, LISTS, PARCELS, SHIPMENTS, page_of
from fulfilment.tests.warehouse import a_list, a_location, picker

pytestmark = pytest.mark.django_db

HOSTILE = '"><script>alert(1)</script>'
MODELS = ("handlinglist", "shipment", "parcel", "location", "recipient", "shippingmethod", "labeljob")
NOON = datetime(2026, 11, 25, 11, tzinfo=timezone.get_default_timezone())  # a Wednesday


def row(model: Any, **values: Any) -> Any:
    """A mirrored row that no remote knows."""
    told = {"remote_id": str(uuid4()), "payload": {}, "payload_hash": b"", "synced_at": timezone.now()}
    return model.objects.create(**{**told, **values})


def found(client: Client, model: Any, **asked: str) -> set[str]:
    """The rows that a list shows to whoever is signed in, by what they are called."""
    request = RequestFactory().get("/", asked)
    request.user = User.objects.get(pk=client.session["_auth_user_id"])
    changes = admin.site.get_model_admin(model).get_changelist_instance(request)
    return {str(its) for its in changes.result_list}


@pytest.fixture
def people(client: Client) -> Client:
    client.force_login(picker(role="warehouse", sub="sub-me", username="ayu"))
    return client


def test_lists_are_found_by_state_place_holder_time_and_direction(people: Client) -> None:
    here, there = a_location("Here"), a_location("There")
    with time_machine.travel(NOON, tick=False):
        a_list("OPEN", location=here, location_remote_id=here.remote_id, due_h=-26)
        a_list("MINE", sub="sub-me", location=there, location_remote_id=there.remote_id, due_h=2, search_text="mine")
        a_list("HELD", sub="sub-other", is_on_hold=True, due_h=48)
        a_list("DONE", is_finished=True, due_h=-26, is_outbound=False)
        a_list("LATER", due_h=7 * 24)
        for asked, names in (
            ({"state": "open"}, {"OPEN", "LATER"}),
            ({"state": "on hold"}, {"HELD"}),
            ({"state": "nonsense"}, set()),
            ({"location": there.remote_id}, {"MINE"}),
            ({"assignee": "nobody"}, {"OPEN", "DONE", "LATER"}),
            ({"assignee": "me"}, {"MINE"}),
            ({"assignee": "sub-other"}, {"HELD"}),
            ({"due": "overdue"}, {"OPEN"}),
            ({"due": "today"}, {"MINE"}),
            ({"due": "week"}, {"OPEN", "MINE", "HELD", "DONE"}),
            ({"due": "none"}, set()),
            ({"due": "nonsense"}, set()),
            ({"is_outbound": "False"}, {"DONE"}),
            ({"age": "day"}, set()),
            ({"due": "today", "assignee": "me", "q": "mine"}, {"MINE"}),
        ):
            assert found(people, HandlingList, **asked) == names, asked
        page = text_of(people.get(LISTS))
    assert '<span class="bo-badge bo-warn">on hold</span>' in page
    assert "overdue by 26 h" in page and page.count("overdue by") == 1, "what is over is never late"
    assert ">ayu<" in page and "sub-other" in page and "nobody" in page


@pytest.mark.parametrize("few", [1_000, 0])
def test_what_hangs_on_another_record_is_found_however_many_there_are(
    people: Client, monkeypatch: Any, few: int
) -> None:
    monkeypatch.setattr(filters, "FEW_OWNERS", few)
    here = a_location("Here")
    mine = row(Shipment, number="S-mine", list=a_list("L-1", sub="sub-me"), location_remote_id=here.remote_id)
    row(Shipment, number="S-free", list=a_list("L-2"))
    row(Shipment, number="S-none")
    row(Parcel, number="P-mine", shipment=mine, search_text="p-mine")
    row(Parcel, number="P-none", search_text="p-none")
    assert found(people, Shipment, assignee="me") == found(people, Shipment, assignee="sub-me") == {"S-mine"}
    assert found(people, Shipment, assignee="nobody") == {"S-free", "S-none"}
    assert found(people, Parcel, location=here.remote_id) == {"P-mine"}


@pytest.mark.parametrize(("model", "column"), [(HandlingList, "due_at"), (Shipment, "ship_at"), (Parcel, "ship_at")])
def test_what_is_overdue_stands_by_how_long_unless_another_order_is_asked_for(
    people: Client, model: Any, column: str
) -> None:
    now = timezone.now()
    for number, hours in (("C", -5), ("A", -9), ("B", -7), ("later", 3), ("none", None)):
        moment = None if hours is None else now + timedelta(hours=hours)
        row(model, number=number, remote_created_at=now, **{column: moment})
    row(model, number="over", is_finished=True, **{column: now - timedelta(days=9)})
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")

    def order(query: str) -> list[str]:
        return [str(its) for its in people.get(f"{url}?{query}").context["cl"].result_list]

    assert order("due=overdue") == ["A", "B", "C"]
    told = f"All {model._meta.verbose_name_plural} with "
    assert re.search(rf"<b>{told}[^<,]*“Overdue”\.</b>", text_of(people.get(f"{url}?due=overdue")))
    assert told not in text_of(people.get(f"{url}?q=A"))
    assert order("due=overdue&o=-1") == ["C", "B", "A"], "by number, falling"
    assert set(order("due=none")) == {"none"}


def test_shipments_and_parcels_are_found_by_what_hangs_on_them(people: Client) -> None:
    here = a_location("Here")
    slow = row(ShippingMethod, name="Slow")
    ada = row(Recipient, given_name="Ada", family_name="Lovelace", search_text="ada lovelace\nada@x.example\n9711 aa")
    mine = a_list("L-1", sub="sub-me", search_text="l-1")
    s1 = row(
        Shipment, number="S-1", method=slow, method_remote_id=slow.remote_id, contact=ada, list=mine, location=here,
        location_remote_id=here.remote_id, piece_text="s-1\norder-9\nmug-blk-300\nref-7", is_listed=True,
        ship_at=timezone.now() - timedelta(days=3), piece_count=3, boxed_count=1, missing_count=1,
    )  # fmt: skip
    row(Shipment, number="S-2", is_canceled=True, ship_at=timezone.now() - timedelta(days=3), is_outbound=False)
    row(Parcel, number="P-1", shipment=s1, tracking_code="3SABC", search_text="p-1\n3sabc\nmug-blk-300")
    row(Parcel, number="P-2", is_in_transit=True, ship_at=timezone.now() - timedelta(days=3))
    for asked in (
        {"state": "on a list"}, {"location": here.remote_id}, {"method": slow.remote_id}, {"assignee": "me"},
        {"due": "overdue"}, {"is_outbound": "True"}, {"q": "s-1"}, {"q": s1.remote_id}, {"q": "MUG-BLK"},
        {"q": "ref-7"}, {"q": "order-9"}, {"q": "lovelace ada"}, {"q": "ada@x.example"}, {"q": "9711"}, {"q": "3sabc"},
        {"q": "p-1"},
    ):  # fmt: skip
        assert found(people, Shipment, **asked) == {"S-1"}, asked
    assert found(people, Shipment, assignee="nobody") == {"S-2"}
    place_and_way = ({"location": here.remote_id}, {"method": slow.remote_id})
    for asked in ({"q": "3SABC"}, {"q": "lovelace"}, {"q": "s-1"}, *place_and_way):
        assert found(people, Parcel, **asked) == {"P-1"}, asked
    assert found(people, Parcel, state="in transit") == {"P-2"} and found(people, Parcel, due="overdue") == set()
    for word in ("3sabc", "lovelace", "s-1", "9711"):
        assert found(people, HandlingList, q=word) == {"L-1"}, word
    assert found(people, Recipient, q="9711") == {"Ada Lovelace"}
    page = text_of(people.get(SHIPMENTS))
    assert "1 of 3" in page and "1 missing" in page and "not read yet" in page and page.count("overdue by 3 d") == 1
    palette = text_of(people.get("/admin/search/?s=3sabc&extended=1"))
    assert all(page_of(its) in palette for its in (s1, mine, Parcel.objects.get(number="P-1")))


@pytest.mark.parametrize(
    ("url", "is_link"),
    [
        ("https://track.example/3S?x=1&y=<b>", True),
        ("HTTP://track.example", True),
        ("javascript:alert(1)//https://x", False),
        ("java\nscript:alert(1)", False),
        (" https://track.example", False),
        ("data:text/html,<script>", False),
        ("//track.example/3S", False),
        ("https://user:word@track.example/", False),
        ("https://track.example\\@evil.example/", False),
        ("https:///3S", False),
    ],
)
def test_only_addresses_of_the_web_become_links(people: Client, url: str, is_link: bool) -> None:
    parcel = row(Parcel, number="P-1", tracking_code=HOSTILE, tracking_url=url)
    for page in (text_of(people.get(PARCELS)), text_of(people.get(page_of(parcel)))):
        assert ('rel="noopener noreferrer"' in page) is is_link, page
        assert "<script>alert" not in page and "alert(1)&lt;/script&gt;" in page
        assert 'href="java' not in page and 'href="data' not in page and 'href="//track' not in page


@pytest.mark.parametrize("model", MODELS)
def test_a_list_costs_the_same_few_queries_whatever_its_length(client: Client, model: str) -> None:
    client.force_login(person("supervisor"))
    place, method = a_location("Here"), row(ShippingMethod, name="Slow")
    costs = []
    for _ in range(2):
        for number in range(8):
            ada = row(Recipient, given_name=f"Ada {number}")
            made = a_list(f"L-{uuid4()}", sub=f"sub-{number}", location=place)
            shipment = row(Shipment, number="S", method=method, contact=ada, list=made, location=place)
            parcel = row(Parcel, number="P", shipment=shipment)
            LabelJob.objects.create(parcel=parcel, kind="label", state="failed")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"{ADMIN}/{model}/").status_code == 200
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 20, costs


@pytest.mark.parametrize("model", MODELS)
def test_lists_export_what_they_show_without_payloads_and_formulas(client: Client, model: str) -> None:
    client.force_login(person("viewer"))
    bad = {"payload": {"secret-ish": "only for those who may"}}
    ada = row(Recipient, given_name="=1+1", phone="+31612345678", **bad)
    here = row(Location, name="=1+1", **bad)
    slow = row(ShippingMethod, name="=1+1", **bad)
    made = a_list("=1+1", location=here, **bad)
    shipment = row(Shipment, number="=1+1", contact=ada, list=made, method=slow, **bad)
    parcel = row(Parcel, number="=1+1", shipment=shipment, **bad)
    LabelJob.objects.create(parcel=parcel, kind="label", state="failed", error="=1+1")
    answer = client.get(f"{ADMIN}/{model}/export/csv/")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    [told] = list(csv.DictReader(io.StringIO(text)))
    assert "'=1+1" in told.values() and "=1+1" not in told.values() and "secret-ish" not in text
    assert client.get(f"{ADMIN}/{model}/export/xlsx/").status_code == 200


def test_an_empty_list_says_what_is_happening(people: Client, settings: Any) -> None:
    settings.AFOSTO_BASE_URL = ""
    assert "Nothing was ever read. Afosto is off" in shown_in(people.get(LISTS))
    settings.AFOSTO_BASE_URL, settings.AFOSTO_TOKEN = "http://127.0.0.1:9000/sandbox/afosto", "a-token"
    assert "they were never read from Afosto to the end" in shown_in(people.get(LISTS))
    run = RunFactory(resource="afosto.handling_lists", state="running", ended_at=None, swept_from=None, fetched=1234)
    assert "The first sync is running: 1,234 handling lists read so far." in shown_in(people.get(LISTS))
    run.delete()
    RunFactory(resource="afosto.handling_lists")
    assert "No handling lists match" in shown_in(people.get(f"{LISTS}?q=nothing"))
    assert "Afosto has no handling lists." in shown_in(people.get(LISTS))


def test_the_menu_shows_the_warehouse_to_those_who_may_see_it(client: Client) -> None:
    client.force_login(person("viewer"))
    menu = text_of(client.get("/admin/"))
    for url in ("/board/", LISTS, SHIPMENTS, PARCELS, f"{ADMIN}/recipient/", f"{ADMIN}/location/"):
        assert f'href="{url}"' in menu, url
    assert f"{ADMIN}/picker/" not in menu
    client.force_login(person("supervisor"))
    assert f'href="{ADMIN}/picker/"' in text_of(client.get("/admin/"))


def test_only_a_supervisor_says_who_is_whom(client: Client) -> None:
    ayu = person("warehouse", username="ayu")
    client.force_login(person("supervisor"))
    assert client.post(f"{ADMIN}/picker/add/", {"user": ayu.pk, "sub": "sub-1"}).status_code == 302
    made = Picker.objects.get(user=ayu)
    assert made.sub == "sub-1" and "ayu" in text_of(client.get(f"{ADMIN}/picker/"))
    twice = client.post(f"{ADMIN}/picker/add/", {"user": person("warehouse").pk, "sub": "sub-1"})
    assert twice.status_code == 200 and "already exists" in text_of(twice)
    for role in ("warehouse", "viewer", "customer desk"):
        client.force_login(person(role))
        assert client.get(f"{ADMIN}/picker/").status_code == 403
        assert client.post(f"{ADMIN}/picker/{made.pk}/change/", {"user": ayu.pk, "sub": "x"}).status_code == 403
    assert not RowChange.objects.exists()
    assert HandlingList.objects.count() == 0
