"""Labels and packing slips that were asked for: their list, their page, and those that need a person."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from backoffice.models import RemoteWrite
from backoffice.tests.factories import person
from backoffice.tests.reading import shown_in, text_of
from fulfilment.models import LabelJob, Parcel
from fulfilment.needs import failed_labels
from fulfilment.tests.desk import ADMIN, Desk, deed_of, desk, page_of
from fulfilment.tests.test_admin_lists import row

__all__ = ["desk"]

pytestmark = pytest.mark.django_db


def job(parcel: Parcel, state: str = "failed", kind: str = "label", **values: Any) -> LabelJob:
    return LabelJob.objects.create(parcel=parcel, state=state, kind=kind, **values)


def test_failed_labels_need_a_person_until_there_is_one_or_the_parcel_has_left(client: Client) -> None:
    warehouse = person("warehouse")
    lost = job(row(Parcel, number="P-LOST"), error="carrier refused the address")
    slip = job(row(Parcel, number="P-SLIP", label_file_id="f"), kind="slip")
    for values in (
        {"label_file_id": "f"}, {"is_in_transit": True}, {"is_delivered": True}, {"is_finished": True},
        {"vanished_at": timezone.now()},
    ):  # fmt: skip
        job(row(Parcel, number="P-OVER", **values))
    for state in ("requested", "pending", "ready"):
        parcel = row(Parcel, number="P-AGAIN")
        job(parcel)
        job(parcel, state)
    twice = row(Parcel, number="P-TWICE")
    job(twice, error="first")
    last = job(twice, error="second")
    other_kind = row(Parcel, number="P-OTHER")
    still = job(other_kind)
    job(other_kind, "ready", "slip")
    found = failed_labels(warehouse)
    assert found is not None and set(found) == {lost, slip, last, still}
    client.force_login(warehouse)
    page = shown_in(client.get("/needs-you/"))
    assert "Labels that came to nothing" in page and "carrier refused the address" in page and "first" not in page
    assert f'href="{deed_of("request_label", lost.parcel)}"' in page
    assert f'href="{deed_of("request_slip", slip.parcel)}"' in page and page.count("Request label again…") == 3
    assert "Labels and packing slips that came to nothing: 4" in shown_in(client.get("/"))
    client.force_login(person("viewer"))
    page = shown_in(client.get("/needs-you/"))
    assert "P-LOST" in page and "again…" not in page


def test_only_who_may_see_parcels_sees_their_labels(client: Client) -> None:
    lost = job(row(Parcel, number="P-LOST"))
    for role, status in (("viewer", 200), (None, 403)):
        client.force_login(person(role))
        assert client.get(page_of(lost)).status_code == status
        assert client.get(f"{ADMIN}/labeljob/").status_code == status
    assert failed_labels(person(None)) is None


def test_a_failed_label_says_why_and_is_asked_for_again_from_its_page(desk: Desk) -> None:
    afosto = desk.there.afosto
    afosto.label_takes_s = 0
    desk.there.turn_on("task_fail", path="lcs:label", value="carrier refused the address")
    desk.submit(deed_of("request_label", desk.parcel))
    first = LabelJob.objects.get()
    first.state, first.error, first.ended_at = "failed", "carrier refused the address", timezone.now()
    first.save()
    page = text_of(desk.client.get(page_of(first)))
    assert "It came to nothing: carrier refused the address" in page and f"/remotewrite/{first.write_id}/" in page
    assert f'href="{deed_of("request_label", desk.parcel)}">Request label again</a>' in page
    desk.there.turn_off("task_fail")
    desk.submit(deed_of("request_label", desk.parcel))
    assert LabelJob.objects.count() == 2 and RemoteWrite.objects.count() == 2
    assert "carrier refused the address" in shown_in(desk.client.get(page_of(desk.parcel)))


def test_a_label_that_is_ready_is_opened_from_its_page_and_its_parcels(desk: Desk) -> None:
    ready = job(desk.parcel, "ready", file_id="f-1")
    for url in (page_of(ready), page_of(desk.parcel)):
        assert f'href="/labels/{ready.pk}/"' in text_of(desk.client.get(url)), url
    assert "ready" in shown_in(desk.client.get(f"{ADMIN}/labeljob/?state=ready&kind=label"))
    assert "No label jobs match" in shown_in(desk.client.get(f"{ADMIN}/labeljob/?state=failed"))
