"""The pages where people stand and work, in a language that writes 1.234 and 1,5: read by people, not by browsers."""

import json
import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client
from django.urls import reverse
from django.utils import translation

from fulfilment.models import HandlingList, LabelJob, Parcel, Shipment
from fulfilment.stations.printing import code
from fulfilment.tests.syncing import Upstream, sync, upstream
from fulfilment.tests.warehouse import MUG, POT, a_list, listed, picker, shipments_of

pytestmark = pytest.mark.django_db
SUB = "65499856-fd85-401d-b264-c752e6ad8880"
FOR_BROWSERS = {"max", "value", "min", "step", "viewbox", "width", "height", "x", "y", "d", "style", "id", "for"}
LOCALISED = re.compile(r"^\d{1,3}(\.\d{3})+$|\d,\d")
"""A number as a German reads it, which no attribute of a progress bar, a drawing or a field takes."""


class Attributes(HTMLParser):
    """What a page tells its browser in attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(tag, name, value or "") for name, value in attrs]

    def of(self, name: str) -> list[str]:
        """The values of one attribute."""
        return [value for _, its, value in self.found if its == name]


@pytest.fixture
def depot(settings: Any) -> Iterator[Upstream]:
    with upstream(settings, lists=0, parcels=0) as there:
        yield there


@pytest.fixture
def german(client: Client) -> Client:
    client.force_login(picker("supervisor", sub=SUB, username="mira"))
    client.cookies[configured.LANGUAGE_COOKIE_NAME] = "de"
    return client


@pytest.fixture
def pick(depot: Upstream) -> HandlingList:
    """Three mugs and a teapot for one shipment, a mug for another."""
    return listed(depot, {MUG: 3, POT: 1}, {MUG: 1})


def opened(client: Client, name: str, *args: str, query: str = "") -> tuple[str, Attributes]:
    """A page in German, and its attributes, none of which holds a number for people."""
    answer = client.get(reverse(name, args=args) + query)
    assert (answer.status_code, answer.headers["Content-Language"]) == (200, "de")
    page = answer.content.decode()
    attributes = Attributes(page)
    wrong = [one for one in attributes.found if one[1] in FOR_BROWSERS and LOCALISED.search(one[2])]
    assert not wrong
    for headers in attributes.of("hx-headers"):
        assert json.loads(unescape(headers))
    return page, attributes


def test_the_board_counts_as_its_reader_does_and_its_bars_as_a_browser(german: Client) -> None:
    a_list("PL-1", piece_count=1_500, handled_count=1_200, missing_count=1_001)
    page, attributes = opened(german, "board")
    assert "1.200 " in page and " 1.500<" in page and "1.001 " in page
    assert attributes.of("max") == ["1500"]
    assert "1200" in attributes.of("value")


def test_a_list_is_picked_in_german(german: Client, pick: HandlingList) -> None:
    _, attributes = opened(german, "pick_list", pick.remote_id)
    assert attributes.of("max") == ["5"]
    told = {name: attributes.of(name) for name in ("data-one-cut", "data-cut", "data-silent")}
    assert all(len(texts) == 1 and texts[0] for texts in told.values())
    assert "{count}" in told["data-cut"][0]
    url = reverse("pick_list", args=[pick.remote_id])
    line = attributes.of("data-url")[0].partition("line=")[2]
    written = {"write_id": "00000000-0000-0000-0000-000000000001", "line": line, "scan": MUG}
    assert german.post(url, written, follow=True).headers["Content-Language"] == "de"
    pick.refresh_from_db()
    assert pick.handled_count == 1
    opened(german, "short_pick", pick.remote_id, query=f"?line={line}")


def test_a_shipment_is_packed_in_german(german: Client, depot: Upstream, pick: HandlingList) -> None:
    depot.afosto.pick(pick.remote_id)
    for resource in ("afosto.handling_lists", "afosto.shipments", "afosto.methods"):
        sync(resource)
    shipment = shipments_of(pick)[0]
    _, attributes = opened(german, "pack_shipment", shipment.remote_id)
    assert len(attributes.of("data-cut")) == 1
    packed = {
        "write_id": "00000000-0000-0000-0000-000000000002", "do": "create", "weight": "1500", "length": "30",
        "piece": [value for tag, name, value in attributes.found if (tag, name) == ("input", "value") and "-" in value],
    }  # fmt: skip
    german.post(reverse("pack_shipment", args=[shipment.remote_id]), packed)
    assert Parcel.objects.get(shipment__pk=shipment.pk).weight == 1_500
    page, _ = opened(german, "pack_shipment", Shipment.objects.get(pk=shipment.pk).remote_id)
    assert "1.500 g" in page


def test_a_list_on_paper_names_its_language_and_its_codes_are_drawn_as_ever(german: Client, pick: HandlingList) -> None:
    page, attributes = opened(german, "printed_list", pick.remote_id)
    assert attributes.of("lang") == ["de"]
    assert len(re.findall("<svg", page)) == 1 + 3
    code.cache_clear()
    with translation.override("de"):
        in_german = code("MUG-1.234")
    code.cache_clear()
    assert in_german == code("MUG-1.234")


def test_labels_are_printed_in_german(german: Client, pick: HandlingList) -> None:
    shipment = shipments_of(pick)[0]
    parcel = Parcel.objects.create(
        remote_id="p1", number="P-1", shipment=shipment, payload={}, payload_hash=b"", synced_at=shipment.synced_at
    )
    states = LabelJob.State
    jobs = [
        LabelJob.objects.create(pk=4_000 + place, parcel=parcel, kind=kind, state=state, file_id=file_id)
        for place, (kind, state, file_id) in enumerate(
            [("label", states.READY, "f1"), ("slip", states.FAILED, ""), ("slip", states.PENDING, "")]
        )
    ]
    page, attributes = opened(german, "print_labels", query=f"?{'&'.join(f'job={job.pk}' for job in jobs)}")
    assert f"{reverse('print_document')}?job=4000" in attributes.of("src")
    assert "P-1" in page
