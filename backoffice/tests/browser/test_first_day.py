"""Somebody new at a desk without a record: from Getting started to a parcel on its way, by what the pages say."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from backoffice.models import RemoteWrite
from backoffice.sandbox import AFOSTO_PATH, KIRIM_PATH, Sandbox
from backoffice.tests.browser.hands import Hand, open_from_menu, sign_in, sign_out
from customers.models import Customer, SetupLink
from fulfilment.models import HandlingList, Parcel, Shipment
from fulfilment.tests.warehouse import MUG, follow_labels

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

State = RemoteWrite.State
ORIGIN = "http://127.0.0.1:9000"


@pytest.fixture
def fresh(settings: Any, transactional_db: None, tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox with Kirim and Afosto, of which nothing was ever read."""
    settings.DATA_DIR = tmp_path
    with Sandbox(customers=3, lists=0, parcels=0, kirim_api_key=settings.KIRIM_API_KEY) as sandbox:
        settings.REMOTE_TRANSPORT = httpx.WSGITransport(app=sandbox.wsgi)
        settings.KIRIM_BASE_URL = f"{ORIGIN}{KIRIM_PATH}"
        settings.AFOSTO_BASE_URL = f"{ORIGIN}{AFOSTO_PATH}"
        settings.AFOSTO_CLIENT_ID = sandbox.afosto_client_id
        settings.AFOSTO_CLIENT_SECRET = sandbox.afosto_client_secret
        sandbox.afosto.label_takes_s = 0
        yield sandbox


def test_somebody_new_connects_onboards_a_customer_ships_a_parcel_and_undoes_a_mistake(
    fresh: Sandbox, hand: Hand, shoot: Callable[[Page, str], None]
) -> None:
    kirim, afosto = fresh.kirim, fresh.afosto
    order = afosto.new_shipment({MUG: 1})["id"]
    page = hand.page
    user = sign_in(hand, "supervisor")
    shoot(page, "first-day-desk")

    # Getting started says what was never read, and reads it.
    open_from_menu(hand, "Getting started")
    for upstream in ("Kirim", "Afosto"):
        step = page.get_by_role("region", name=re.compile(f"^Connect {upstream}"))
        expect(step).to_contain_text("sandbox answers")
        hand.press(step.get_by_role("button", name="Read what was never read"))
        expect(step.get_by_role("link", name="succeeded").first).to_be_visible()
        expect(step.get_by_role("button", name="Read what was never read")).to_have_count(0)
    shoot(page, "first-day-connected")

    # A customer is created, suspended by mistake, and gets a link that is used.
    open_from_menu(hand, "Customers")
    hand.press(page.get_by_role("link", name="New customer"))
    hand.write(page.get_by_label("Name"), "Toko Pagi")
    hand.write(page.get_by_label("E-mail"), "halo@pagi.example")
    hand.press(page.get_by_role("button", name="Create at Kirim"))
    expect(page.get_by_text("Toko Pagi was created at Kirim.")).to_be_visible()
    customer = Customer.objects.get(name="Toko Pagi")
    hand.press(page.get_by_role("link", name="Suspend", exact=True))
    hand.press(page.get_by_role("button", name="Suspend at Kirim"))
    expect(page.get_by_text("Toko Pagi is suspended.")).to_be_visible()
    hand.press(page.get_by_role("link", name="Activate", exact=True))
    hand.press(page.get_by_role("button", name="Activate at Kirim"))
    expect(page.get_by_text("Toko Pagi is active.")).to_be_visible()
    hand.press(page.get_by_role("link", name="New setup link"))
    hand.press(page.get_by_role("button", name="Create and show the link"))
    secret = page.get_by_label("Setup link", exact=True)
    expect(secret).to_have_value(re.compile("^https://"))
    url = secret.input_value()
    hand.press(page.get_by_role("link", name="Done: to the customer"))
    expect(page.get_by_role("link", name="New setup link")).to_be_visible()
    assert url not in page.content()
    link = SetupLink.objects.get(customer=customer)
    kirim.links.consume(link.remote_id)
    hand.press(page.get_by_role("button", name="Refresh from Kirim"))
    expect(page.get_by_role("row").filter(has_text=link.token_last4).get_by_text("consumed")).to_be_visible()
    shoot(page, "first-day-onboarded")

    # A shipment is put on a list, picked, packed, labelled and handed over.
    shipment = Shipment.objects.get(remote_id=order)
    open_from_menu(hand, "Handling lists")
    hand.press(page.get_by_role("link", name="New handling list"))
    hand.tick(page.get_by_role("checkbox", name=re.compile(shipment.number)))
    hand.press(page.get_by_role("button", name=re.compile("^Make a handling list")).last)
    page.wait_for_url(re.compile(r"/handlinglist/\d+/change/"))
    pick = HandlingList.objects.get()
    hand.press(page.get_by_role("link", name="Pick", exact=True))
    expect(page.get_by_label(re.compile("^Scan"))).to_be_focused()
    page.keyboard.type(MUG)
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("All lines are done|This list is finished"))).to_be_visible()
    hand.press(page.get_by_role("link", name=f"Pack {shipment}"))
    hand.press(page.get_by_role("button", name="Put all in"))
    hand.press(page.get_by_role("button", name="Make the parcel"))
    expect(page.get_by_text("0 left to pack")).to_be_visible()
    hand.press(page.get_by_role("button", name="Request label", exact=True))
    expect(page.get_by_text("is being made.")).to_be_visible()
    follow_labels()
    expect(page.get_by_role("link", name="Print the label")).to_be_visible()
    hand.press(page.get_by_role("button", name="Hand over"))
    expect(page.get_by_text("is in transit now.")).to_be_visible()
    shoot(page, "first-day-handed-over")

    sign_out(hand, user)
    parcel = Parcel.objects.get()
    assert kirim.customers.get(customer.remote_id)["status"] == "active"
    assert [row["status"] for row in kirim.links.newest(customer.remote_id)] == ["consumed"]
    assert all(piece["is_handled"] for piece in afosto.pieces.of_list(pick.remote_id))
    assert afosto.parcel_body(parcel.remote_id)["is_in_transit"]
    assert len(afosto.purchases) == 1
    assert not RemoteWrite.objects.exclude(state=State.CONFIRMED, actor=user).exists()
