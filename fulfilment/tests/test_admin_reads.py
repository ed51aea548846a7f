"""What staff read at Afosto from a page: one object by its id, and a carrier's service points."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.tests.factories import person
from backoffice.tests.reading import text_of
from fulfilment.models import HandlingList, Location, Parcel, Recipient, Shipment, ShippingMethod
from fulfilment.tests.desk import ADMIN, Desk, desk
from fulfilment.tests.warehouse import MUG

__all__ = ["desk"]

pytestmark = pytest.mark.django_db


def unread(desk: Desk) -> dict[Any, str]:
    """One object of each kind that Afosto has and that is not mirrored here."""
    afosto = desk.there.afosto
    contact = [row["id"] for row in afosto.contacts if row["id"] != desk.recipient.remote_id][0]
    shipment = afosto.new_shipment({MUG: 2}, contact_id=contact)["id"]
    parcelled = afosto.new_shipment({MUG: 1}, contact_id=contact)["id"]
    places = [row["id"] for row in afosto.locations if row["id"] != desk.location.remote_id]
    return {
        Shipment: shipment,
        HandlingList: afosto.new_list(shipment)["id"],
        Parcel: afosto.new_parcel(parcelled)["id"],
        Location: places[0],
        Recipient: contact,
    }


def test_each_kind_is_fetched_by_its_id_with_what_hangs_on_it(desk: Desk) -> None:
    desk.client.force_login(person("supervisor"))
    for model, remote_id in unread(desk).items():
        url = f"{ADMIN}/{model._meta.model_name}/"
        assert f'href="{url}fetch/"' in desk.client.get(url).content.decode()
        answer = desk.client.post(f"{url}fetch/", {"remote_id": f" {remote_id} "}, follow=True)
        row = model.objects.get(remote_id=remote_id)
        assert answer.redirect_chain[-1][0] == f"{url}{row.pk}/change/"
        assert f"{row} was fetched from Afosto." in text_of(answer)
    assert Shipment.objects.latest("pk").detail is not None
    assert Location.objects.latest("pk").positions is not None


def test_an_unknown_id_and_a_silent_remote_are_told_and_what_was_typed_stays(desk: Desk) -> None:
    url = reverse("admin:fetch_parcel")
    page = desk.client.post(url, {"remote_id": "no-such-parcel"}).content.decode()
    assert "Look for a typing error; nothing was changed." in page and 'value="no-such-parcel"' in page
    desk.there.turn_on("down")
    page = desk.client.post(url, {"remote_id": "some-id"}).content.decode()
    assert "Nothing was fetched." in page and 'value="some-id"' in page


def test_only_those_who_may_read_again_fetch(desk: Desk) -> None:
    desk.client.force_login(person("viewer"))
    for model in (Shipment, HandlingList, Parcel, Location, Recipient):
        assert desk.client.post(reverse(f"admin:fetch_{model._meta.model_name}"), {"remote_id": "x"}).status_code == 403
        assert "fetch/" not in desk.client.get(f"{ADMIN}/{model._meta.model_name}/").content.decode()
    assert desk.there.calls == []


@pytest.mark.parametrize("carrier", ["postnl", "dpd"])
def test_service_points_of_a_carrier_are_found_near_an_address(desk: Desk, client: Client, carrier: str) -> None:
    ShippingMethod.objects.filter(pk=desk.method.pk).update(carrier_code=carrier)
    client.force_login(person("viewer"))
    url = reverse("admin:service_points")
    assert f'href="{url}"' in client.get(f"{ADMIN}/shippingmethod/").content.decode()
    page = client.get(url, {"carrier": carrier, "country": "NL", "postal_code": "1012 AB"}).content.decode()
    assert 'value="1012 AB"' in page and desk.there.calls == []
    page = client.post(url, {"carrier": carrier, "country": "nl", "postal_code": "1012 AB"}).content.decode()
    assert "5 found" in page and "Bookshop De Hoek" in page and 'data-copy="' in page
    page = client.post(url, {"carrier": carrier, "country": "IT", "postal_code": "00100"}).content.decode()
    assert "names no service point there" in page


def test_what_is_wrong_with_the_search_is_told_at_its_field_and_nothing_is_asked(desk: Desk) -> None:
    url = reverse("admin:service_points")
    page = text_of(desk.client.post(url, {"carrier": "x", "country": "Holland", "postal_code": ""}))
    assert "A country is two letters" in page and "Type the postal code." in page and desk.there.calls == []
    desk.there.turn_on("down")
    page = desk.client.post(url, {"carrier": "postnl", "country": "NL", "postal_code": "1012AB"}).content.decode()
    assert 'role="alert"' in page and 'value="1012AB"' in page


def test_a_shipment_that_goes_to_a_service_point_leads_to_those_near_its_recipient(desk: Desk) -> None:
    ShippingMethod.objects.filter(pk=desk.open.method_id).update(is_carrier_location=True)
    page = desk.client.get(f"{ADMIN}/shipment/{desk.open.pk}/change/").content.decode()
    assert f"{reverse('admin:service_points')}?carrier=postnl&amp;country={desk.recipient.country_code}" in page
