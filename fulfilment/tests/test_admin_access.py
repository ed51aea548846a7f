"""Who may open the pages that write to Afosto, and that nothing else than a POST with its token writes."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from backoffice.models import RemoteWrite
from backoffice.tests.factories import person
from backoffice.tests.reading import text_of
from fulfilment.tests.desk import LISTS, PARCELS, SHIPMENTS, Desk, deed_of, desk, page_of

__all__ = ["desk"]

pytestmark = pytest.mark.django_db

REFRESHES = ("handlinglist", "shipment", "parcel", "location", "recipient")


def addresses(desk: Desk) -> dict[str, str]:
    """Every address of these pages, with the permission that it takes."""
    of: dict[Any, str] = {
        desk.list: "assign hold release mark_handled delete refresh",
        desk.open: "set_method take_default_positions set_backorders set_overage set_missing cancel refresh",
        desk.parcel: "update add_pieces remove_pieces request_label request_slip mark_in_transit finish delete refresh",
        desk.location: "rename enable disable set_walk_order set_skus refresh",
        desk.recipient: "refresh",
    }
    found = {
        deed_of(verb, row): f"fulfilment.{verb}_{row._meta.model_name}"
        for row, verbs in of.items()
        for verb in verbs.split()
    }
    return found | {
        deed_of("create", desk.open, "parcel"): "fulfilment.create_parcel",
        f"{LISTS}create/": "fulfilment.create_handlinglist",
        "/admin/fulfilment/location/create/": "fulfilment.create_location",
    }


FILLED = {"reason": "x", "is_sure": "on", "name": "Annex", "person": "x"}
PAGES_WITH_BUTTONS = ("list", "open", "parcel", "location", "recipient")


@pytest.mark.parametrize("role", ["viewer", "customer desk"])
def test_who_only_looks_opens_and_sends_nothing_and_sees_no_button(desk: Desk, role: str) -> None:
    desk.client.force_login(person(role))
    for url in addresses(desk):
        assert desk.client.get(url).status_code in {403, 405}, url
        assert desk.client.post(url, {**FILLED, "write_id": str(uuid4())}).status_code == 403, url
    for name in PAGES_WITH_BUTTONS:
        page = text_of(desk.client.get(page_of(getattr(desk, name))))
        buttons = re.findall(r'class="bo-button(?: bo-main)?"[^>]*>([^<]+)<', page.partition('id="record"')[2])
        assert buttons == (["Print"] if name == "list" else []), name
    for url in (LISTS, SHIPMENTS, PARCELS, "/admin/fulfilment/location/"):
        page = text_of(desk.client.get(url))
        assert "New " not in page.partition("bo-tools")[2][:600] and 'name="action"' not in page, url
    assert not desk.there.calls and not RemoteWrite.objects.exists()


def test_the_warehouse_may_do_all_verbs_and_each_takes_its_own_permission(desk: Desk) -> None:
    warehouse = person("warehouse")
    desk.client.force_login(warehouse)
    for url, permission in addresses(desk).items():
        assert warehouse.has_perm(permission), permission
        assert desk.client.get(url).status_code in {200, 302, 405}, url
    only = person("viewer")
    for url, permission in addresses(desk).items():
        others = set(addresses(desk).values()) - {permission}
        codes = [name.removeprefix("fulfilment.") for name in others]
        only.user_permissions.set(Permission.objects.filter(codename__in=codes, content_type__app_label="fulfilment"))
        desk.client.force_login(only)
        assert desk.client.post(url, {**FILLED, "write_id": str(uuid4())}).status_code == 403, url
    assert not desk.there.calls and not RemoteWrite.objects.exists()


def test_strangers_are_led_to_the_log_in_and_no_post_is_taken_without_its_token(desk: Desk) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(desk.user)
    stranger = Client()
    for url in addresses(desk):
        assert strict.post(url, {**FILLED, "write_id": str(uuid4())}).status_code == 403, url
        for answer in (stranger.get(url), stranger.post(url, FILLED)):
            assert answer.status_code == 405 or answer.headers["Location"].startswith("/admin/login/"), url
        assert desk.client.put(url).status_code == 405, url
        assert desk.client.get(url).status_code in {200, 302, 405}, url
    assert not desk.there.calls and not RemoteWrite.objects.exists()


def test_an_unknown_row_and_a_strange_id_are_not_done(desk: Desk) -> None:
    url = deed_of("hold", desk.list)
    assert desk.client.post(url.replace(f"/{desk.list.pk}/", "/999999/"), {"write_id": str(uuid4())}).status_code == 404
    for id in ("", "x", "1"):
        answer = desk.client.post(url, {"write_id": id})
        assert answer.status_code == 200 and not RemoteWrite.objects.exists()
    desk.submit(url)
    other = {"write_id": str(RemoteWrite.objects.get().pk), "reason": ""}
    assert desk.client.post(deed_of("take_default_positions", desk.open), other).status_code == 400
    assert desk.client.get(f"{LISTS}add/").status_code == 403
    assert desk.client.post(f"{LISTS}{desk.list.pk}/delete/", {"post": "yes"}).status_code == 200, "our own form"
    assert desk.client.post(page_of(desk.list), {"number": "mine"}).status_code == 405
    assert RemoteWrite.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_forms_send_outside_of_any_transaction(desk: Desk) -> None:
    """The guard in front of every request would raise RuntimeError, and the test client would raise it here."""
    desk.submit(deed_of("hold", desk.list))
    desk.submit(deed_of("set_method", desk.open), method_id=desk.method.remote_id)
    desk.submit(deed_of("update", desk.parcel), weight="900")
    desk.submit(deed_of("rename", desk.location), name="Hall 9")
    states = set(RemoteWrite.objects.values_list("verb", "state"))
    assert states == {(verb, "confirmed") for verb in ("hold", "set_method", "update", "rename")}
