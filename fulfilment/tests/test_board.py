"""The work board: what stands first, filters, who may do what, files, and the command."""

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.models import RemoteWrite
from fulfilment.models import HandlingList
from fulfilment.tests.syncing import Upstream, upstream
from fulfilment.tests.warehouse import MUG, a_list, a_location, listed, picker

pytestmark = pytest.mark.django_db
SUB = "65499856-fd85-401d-b264-c752e6ad8880"


@pytest.fixture
def mira() -> User:
    return picker(sub=SUB, username="mira", first_name="Mira", last_name="Vos")


@pytest.fixture
def warehouse(client: Client, mira: User) -> Client:
    client.force_login(mira)
    return client


@pytest.fixture
def depot(settings: Any) -> Iterator[Upstream]:
    with upstream(settings, lists=0, parcels=0) as there:
        yield there


@pytest.fixture
def work() -> dict[str, HandlingList]:
    """One list of each kind, made in an order that is not the board's."""
    north, south = a_location("North hall"), a_location("South hall")
    return {
        "done": a_list(
            "L-done",
            is_finished=True,
            due_h=-9,
            finished_at=timezone.now(),
            location=north,
            location_remote_id=north.remote_id,
        ),
        "mine": a_list("L-mine", sub=SUB, due_h=2, location=north, location_remote_id=north.remote_id, handled_count=1),
        "later": a_list("L-later", due_h=90, location=south, location_remote_id=south.remote_id, is_outbound=False),
        "whenever": a_list("L-whenever", missing_count=2),
        "soon": a_list("L-soon", due_h=3, location=south, location_remote_id=south.remote_id),
        "late": a_list("L-late", due_h=-1, sub="somebody-else", is_in_progress=True),
        "held": a_list("L-held", due_h=1, is_on_hold=True),
        "gone": a_list("L-gone", due_h=-50, is_cancelled=True),
    }


def numbers(page: str) -> list[str]:
    return re.findall(r">(L-\w+)</a>", page)


def shown(client: Client, query: str = "") -> list[str]:
    answer = client.get(f"{reverse('board')}{query}")
    assert answer.status_code == 200
    return numbers(answer.content.decode())


def press(client: Client, page: str, url: str) -> Any:
    """Press the button that posts to ``url`` as it stands on the page."""
    form = re.search(rf'<form method="post" action="{re.escape(url)}">(.*?)</form>', page, re.S)
    assert form, url
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[1]))
    return client.post(url, fields, follow=True)


def test_open_work_stands_first_overdue_before_all_and_what_nobody_holds_before_what_is_held(
    warehouse: Client, work: dict[str, HandlingList]
) -> None:
    page = warehouse.get(reverse("board")).content.decode()
    assert numbers(page) == ["L-late", "L-soon", "L-later", "L-whenever", "L-mine", "L-held"]
    assert page.count(">overdue</span>") == 1
    assert "Mira Vos" in page
    assert "somebody-else" in page  # Afosto's id where we do not know the person
    assert "1 of 4" in page
    assert "2 missing" in page
    assert shown(warehouse, "?state=all")[-2:] == ["L-done", "L-gone"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("state=on hold", ["L-held"]),
        ("state=finished", ["L-done"]),
        ("assignee=nobody", ["L-soon", "L-later", "L-whenever", "L-held"]),
        ("assignee=me", ["L-mine"]),
        ("assignee=somebody-else", ["L-late"]),
        ("assignee=nobody-we-know", []),
        ("due=overdue", ["L-late"]),
        ("due=day", ["L-soon", "L-mine", "L-held"]),
        ("due=none", ["L-whenever"]),
        ("direction=sort", ["L-later"]),
        ("sort=-number", ["L-whenever", "L-soon", "L-mine", "L-later", "L-late", "L-held"]),
        ("state=nonsense", []),
        ("location=%00", []),
        ("sort=payload&page=99", ["L-late", "L-soon", "L-later", "L-whenever", "L-mine", "L-held"]),
    ],
)
def test_the_address_is_the_whole_filter(
    warehouse: Client, work: dict[str, HandlingList], query: str, expected: list[str]
) -> None:
    assert shown(warehouse, f"?{query}") == expected


def test_a_location_is_chosen_and_its_share_of_the_open_work_told(
    warehouse: Client, work: dict[str, HandlingList]
) -> None:
    south = work["soon"].location_remote_id
    assert shown(warehouse, f"?location={south}") == ["L-soon", "L-later"]
    page = warehouse.get(reverse("board")).content.decode()
    told = page.split("Open work by location")[1]
    row = re.search(rf'href="\?location={south}">South hall</a></td>\s*(.*?)</tr>', told, re.S)
    assert row
    assert re.findall(r"<td>(.*?)</td>", row[1]) == ["2", "–", "2", "8"]


def test_the_board_costs_as_many_queries_for_ten_times_as_many_lists(warehouse: Client) -> None:
    counts = []
    for number in (3, 30):
        for place in range(number):
            a_list(f"L-{number}x{place}", due_h=place, sub=SUB if place % 2 else "")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert warehouse.get(reverse("board")).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 30


def test_an_open_board_is_told_only_what_changed(warehouse: Client, work: dict[str, HandlingList]) -> None:
    page = warehouse.get(reverse("board")).content.decode()
    version = re.search(r'X-Record-Version": "(\w+)"', page)
    assert version
    asks = {"HTTP_HX_REQUEST": "true", "HTTP_X_RECORD_VERSION": version[1]}
    assert warehouse.get(reverse("board"), **asks).status_code == 204
    HandlingList.objects.filter(pk=work["soon"].pk).update(sub=SUB)
    part = warehouse.get(reverse("board"), **asks)
    assert part.status_code == 200
    assert b"<html" not in part.content
    assert numbers(part.content.decode())[-3:] == ["L-mine", "L-soon", "L-held"]


def test_taking_a_list_is_one_write_however_often_it_is_pressed_and_nobody_is_overrun(
    warehouse: Client, depot: Upstream
) -> None:
    wanted = listed(depot, {MUG: 1})
    take = reverse("take_list", args=[wanted.remote_id])
    page = warehouse.get(reverse("board")).content.decode()
    assert "is yours now" in press(warehouse, page, take).content.decode()
    press(warehouse, page, take)  # the same button of the same page once more
    assert depot.afosto.list_body(wanted.remote_id)["sub"] == SUB
    assert RemoteWrite.objects.get().sends == {"sub": SUB}
    assert depot.paths("PUT") == [f"/lcs/lists/{wanted.remote_id}/state"]
    page = warehouse.get(reverse("board")).content.decode()
    assert take not in page  # it is mine already
    hold = reverse("hold_list", args=[wanted.remote_id])
    assert "is on hold now" in press(warehouse, page, hold).content.decode()
    page = warehouse.get(reverse("board")).content.decode()
    assert "is released" in press(warehouse, page, reverse("release_list", args=[wanted.remote_id])).content.decode()

    # Somebody else took it after this page was drawn: the click says so instead of taking it away.
    other = listed(depot, {MUG: 1})
    page = warehouse.get(reverse("board")).content.decode()
    depot.afosto.picking.set_state(other.remote_id, {"sub": "somebody-else"})
    answer = press(warehouse, page, reverse("take_list", args=[other.remote_id])).content.decode()
    assert "assigned to somebody else meanwhile" in answer
    assert depot.afosto.list_body(other.remote_id)["sub"] == "somebody-else"


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/board/?state=open&page=2", "/board/?state=open&page=2"),
        ("http://testserver//evil.example/", "http://testserver//evil.example/"),
        *[
            (elsewhere, "/board/")
            for elsewhere in (
                "", "https://evil.example/", "//evil.example/", "/\\evil.example", "///evil.example",
                "javascript:alert(1)", "http://testserver@evil.example/", "http:///evil.example/",
            )
        ],
    ],
)  # fmt: skip
def test_after_a_click_people_are_led_to_a_page_of_ours_and_to_no_other(
    warehouse: Client, work: dict[str, HandlingList], wanted: str, led_to: str
) -> None:
    answer = warehouse.post(f"/lists/{work['mine'].remote_id}/hold/", {"next": wanted})
    assert (answer.status_code, answer.headers["Location"]) == (302, led_to)


def test_who_is_nobody_at_afosto_is_told_what_to_do(client: Client, depot: Upstream) -> None:
    client.force_login(picker())
    wanted = listed(depot, {MUG: 1})
    page = client.get(reverse("board")).content.decode()
    take = reverse("take_list", args=[wanted.remote_id])
    assert "A supervisor adds you under Pickers" in page
    assert take not in page
    assert "A supervisor adds you" in client.post(take, {"write_id": "x"}, follow=True).content.decode()
    assert not depot.calls


def test_a_viewer_sees_the_board_and_can_do_nothing(viewer: Client, depot: Upstream) -> None:
    wanted = listed(depot, {MUG: 1})
    page = viewer.get(reverse("board")).content.decode()
    assert str(wanted) in page
    assert "/lists/" not in page
    for name in ("take_list", "hold_list", "release_list", "refresh_list"):
        url = reverse(name, args=[wanted.remote_id])
        assert viewer.post(url, {"write_id": "00000000-0000-0000-0000-000000000001"}).status_code == 403, name
        assert viewer.get(url).status_code == 405, name
    assert not depot.calls
    assert not RemoteWrite.objects.exists()


def test_strangers_are_sent_to_the_log_in(client: Client) -> None:
    for url in (reverse("board"), reverse("board_export", args=["csv"])):
        assert client.get(url)["Location"].startswith("/admin/login/")


def test_files_hold_the_filtered_rows_and_no_formula(warehouse: Client, work: dict[str, HandlingList]) -> None:
    HandlingList.objects.filter(pk=work["soon"].pk).update(number='=HYPERLINK("x")')
    answer = warehouse.get(f"{reverse('board_export', args=['csv'])}?assignee=nobody")
    lines = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [line["number"] for line in lines] == ['\'=HYPERLINK("x")', "L-later", "L-whenever", "L-held"]
    assert lines[0]["location"] == "South hall"
    assert (lines[0]["overdue"], lines[0]["pieces"]) == ("no", "4")
    sheet = warehouse.get(reverse("board_export", args=["xlsx"]))
    assert sheet.content[:2] == b"PK"
    assert warehouse.get(reverse("board_export", args=["pdf"])).status_code == 404


def test_remote_text_on_the_board_is_text(warehouse: Client) -> None:
    a_list("<script>alert(1)</script>", sub="<b>sub</b>")
    page = warehouse.get(reverse("board")).content.decode()
    assert "<script>alert(1)" not in page
    assert "<b>sub</b>" not in page


def command(**options: Any) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("board", stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def test_the_command_prints_one_object_a_line(mira: User, work: dict[str, HandlingList]) -> None:
    out, _ = command(json=True)
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["number"] for line in lines] == ["L-late", "L-soon", "L-later", "L-whenever", "L-mine", "L-held"]
    assert list(lines[0]) == [
        "list", "number", "state", "location", "sub", "due_at", "overdue", "pieces", "handled", "missing",
    ]  # fmt: skip
    assert (lines[0]["list"], lines[0]["overdue"]) == (work["late"].remote_id, True)
    assert (lines[3]["due_at"], lines[3]["missing"]) == (None, 2)
    mine, _ = command(json=True, as_user="mira", sub="me")
    assert [json.loads(line)["number"] for line in mine.splitlines()] == ["L-mine"]
    words, told = command(limit=1)
    assert "overdue" in words
    assert "1 of 6 lists" in told
    with pytest.raises(CommandError) as refused:
        command(sub="me")
    assert refused.value.returncode == 2
