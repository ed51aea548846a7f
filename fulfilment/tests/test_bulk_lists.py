"""Lists, shipments, parcels and locations in bulk: asked, confirmed, each row with an outcome of its own."""

from typing import Any

import pytest

from backoffice.models import BulkAction, RemoteWrite
from backoffice.tests.factories import person
from backoffice.tests.reading import shown_in, text_of
from customers.tests.bulking import bulk_at, confirm, select, states
from fulfilment.models import HandlingList, LabelJob, Parcel, Shipment
from fulfilment.tests.desk import LISTS, PARCELS, SHIPMENTS, Desk, desk, reread
from fulfilment.tests.warehouse import a_list, picker

__all__ = ["desk"]

pytestmark = pytest.mark.django_db


def sent(desk: Desk) -> list[Any]:
    return list(RemoteWrite.objects.order_by("planned_at").values_list("verb", "sends", "state"))


@pytest.fixture
def more(desk: Desk) -> list[HandlingList]:
    """Another open list, and one that is deleted at Afosto without that being known here."""
    made = [desk.there.afosto.new_list(its.remote_id)["id"] for its in (desk.open, desk.other)]
    lists = [reread("afosto.handling_lists", id) for id in made]
    desk.there.afosto.picking.delete(made[1])
    return lists


def test_lists_are_assigned_to_one_person_and_a_row_that_is_refused_stops_none(
    desk: Desk, more: list[HandlingList]
) -> None:
    picker(role="warehouse", sub="sub-ayu", username="ayu", first_name="Ayu")
    asked = select(desk.client, "assign", [desk.list, *more], url=LISTS)
    page = text_of(asked)
    assert "Assign at Afosto: 3 handling lists" in page and ">Ayu</option>" in page and "loses it" in page
    nobody = confirm(desk.client, asked)
    assert "Choose a person." in text_of(nobody) and not BulkAction.objects.exists()
    assert "not one of the available choices" in text_of(confirm(desk.client, asked, sub="sub-stranger"))
    bulk = bulk_at(confirm(desk.client, asked, sub="sub-ayu", reason="her round"))
    assert sorted(states(bulk)) == ["confirmed", "confirmed", "refused"] and bulk.sends == {"sub": "sub-ayu"}
    assert bulk.selection == "3 rows picked by hand, for Ayu"
    assert {str(sends) for _, sends, _ in sent(desk)} == {"{'sub': 'sub-ayu'}"}
    assert {desk.there.afosto.lists.get(its.remote_id)["sub"] for its in (desk.list, more[0])} == {"sub-ayu"}
    assert "for Ayu" in shown_in(desk.client.get(f"/bulk/{bulk.pk}/"))


def test_the_same_lists_for_somebody_else_are_another_bulk_action(desk: Desk) -> None:
    for name in ("ayu", "budi"):
        picker(role="warehouse", sub=f"sub-{name}", username=name)

    def assigned(sub: str) -> BulkAction:
        return bulk_at(confirm(desk.client, select(desk.client, "assign", [desk.list], url=LISTS), sub=sub))

    first = assigned("sub-budi")
    BulkAction.objects.filter(pk=first.pk).update(state="running", ended_at=None)
    assert assigned("sub-budi") == first and assigned("sub-ayu") != first
    assert desk.there.afosto.lists.get(desk.list.remote_id)["sub"] == "sub-ayu"


def test_lists_are_held_released_and_refreshed_in_bulk(desk: Desk) -> None:
    held = a_list("GONE", is_finished=True)
    asked = select(desk.client, "hold", [desk.list, held], url=LISTS)
    assert "1 of them will be refused here because of the state they are in." in shown_in(asked)
    assert states(bulk_at(confirm(desk.client, asked))) in (["confirmed", "refused"], ["refused", "confirmed"])
    assert desk.there.afosto.lists.get(desk.list.remote_id)["is_on_hold"]
    for verb in ("release", "refresh"):
        assert states(bulk_at(confirm(desk.client, select(desk.client, verb, [desk.list], url=LISTS)))) == ["confirmed"]
    assert HandlingList.objects.get(pk=desk.list.pk).state == "open"
    assert [verb for verb, _, _ in sent(desk)] == ["hold", "hold", "release"]


def test_shipments_are_cancelled_in_bulk_with_a_reason_and_their_number(desk: Desk) -> None:
    asked = select(desk.client, "cancel", [desk.open, desk.other], url=SHIPMENTS)
    assert "Cancelling is for good" in shown_in(asked)
    for typed in ({"reason": "x"}, {"typed": "2"}, {"reason": "x", "typed": "3"}):
        assert confirm(desk.client, asked, **typed).status_code == 200
    assert not RemoteWrite.objects.exists()
    assert states(bulk_at(confirm(desk.client, asked, reason="flood", typed="2"))) == ["confirmed"] * 2
    assert Shipment.objects.filter(state="cancelled").count() == 2
    refreshed = confirm(desk.client, select(desk.client, "refresh", [desk.open], url=SHIPMENTS))
    assert states(bulk_at(refreshed)) == ["confirmed"]


def test_parcels_get_labels_and_slips_are_handed_over_and_finished_in_bulk(desk: Desk) -> None:
    afosto = desk.there.afosto
    afosto.label_takes_s = afosto.slip_takes_s = 0
    second = reread("afosto.parcels", afosto.new_parcel(desk.other.remote_id, weight=500)["id"])
    rows = [desk.parcel, second]
    for verb in ("request_label", "request_slip"):
        assert states(bulk_at(confirm(desk.client, select(desk.client, verb, rows, url=PARCELS)))) == ["confirmed"] * 2
    again = select(desk.client, "request_label", rows, url=PARCELS)
    confirm(desk.client, again)
    afosto.finish_tasks()
    assert len(afosto.purchases) == 2 and LabelJob.objects.filter(kind="label").count() == 2
    for row in rows:
        reread("afosto.parcels", row.remote_id)
    for verb in ("mark_in_transit", "finish", "refresh"):
        done = bulk_at(confirm(desk.client, select(desk.client, verb, rows, url=PARCELS)))
        assert states(done) == ["confirmed"] * 2, verb
    assert set(Parcel.objects.values_list("state", flat=True)) == {"finished"}


def test_locations_are_refreshed_in_bulk(desk: Desk) -> None:
    asked = select(desk.client, "refresh", [desk.location], url="/admin/fulfilment/location/")
    assert states(bulk_at(confirm(desk.client, asked))) == ["confirmed"]
    desk.location.refresh_from_db()
    assert desk.location.positions


@pytest.mark.parametrize(("url", "verb"), [(LISTS, "assign"), (SHIPMENTS, "cancel"), (PARCELS, "request_label")])
def test_who_may_not_do_a_verb_does_it_to_none(desk: Desk, url: str, verb: str) -> None:
    row = {LISTS: desk.list, SHIPMENTS: desk.open, PARCELS: desk.parcel}[url]
    asked = select(desk.client, verb, [row], url=url)
    desk.client.force_login(person("viewer"))
    assert confirm(desk.client, asked, reason="x", typed="1", sub="x").status_code == 403
    select(desk.client, verb, [row], url=url)
    assert not desk.there.calls and not BulkAction.objects.exists()
