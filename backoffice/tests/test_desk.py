"""The desk's work: who sees which part, what it costs, how it follows, and how numbers are counted and drawn."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from backoffice import times
from backoffice.desk import counting, drawing
from backoffice.desk.parts import KNOWN, by
from backoffice.models import RemoteWrite, StaffLimits
from backoffice.tests.factories import DriftFactory, RejectedFactory, RunFactory, person
from backoffice.tests.reading import page_of
from customers.models import SetupLink
from customers.tests.factories import CustomerFactory, SetupLinkFactory
from fulfilment.tests.factories import one_of_each

pytestmark = pytest.mark.django_db

ROLES = ("viewer", "customer desk", "warehouse", "supervisor")


def titles(page: str) -> list[str]:
    """The cards of the desk, in their order."""
    return re.findall(r'<section class="bo-card" aria-label="([^"]+)"', page)


def sign_in(client: Client, *permissions: str) -> None:
    """Somebody with these permissions and no others."""
    user = person()
    for permission in permissions:
        app, _, codename = permission.partition(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    client.force_login(user)


def tiles(page: str) -> dict[str, str]:
    """Numbers of tiles by their label."""
    found = re.findall(r'class="bo-tile [^"]*" href="[^"]*"><strong>([^<]*)</strong><span>([^<]*)</span>', page)
    return {label: number for number, label in found}


# -- who sees what ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "wanted"),
    [
        ("viewer", ["Customers", "Warehouse"]),
        ("customer desk", ["Customers", "Warehouse"]),
        ("warehouse", ["Warehouse"]),
        ("supervisor", ["Customers", "Warehouse"]),
    ],
)
def test_each_role_sees_the_parts_that_it_may_see(client: Client, role: str, wanted: list[str]) -> None:
    client.force_login(person(role))
    assert [title for title in titles(page_of(client, "/")) if title in {"Customers", "Warehouse"}] == wanted


def test_the_own_work_stands_first(client: Client) -> None:
    sign_in(client, "fulfilment.view_handlinglist", "fulfilment.mark_handled_handlinglist", "customers.view_setuplink")
    assert titles(page_of(client, "/")) == ["Needs a person", "Warehouse", "Customers"]


def test_each_figure_and_chart_is_shown_with_its_permissions_and_hidden_without_one_of_them(client: Client) -> None:
    everything = {permission for chart in KNOWN.charts.values() for permission in chart.permissions}
    for chart in KNOWN.charts.values():
        sign_in(client, *chart.permissions)
        assert escape(str(chart.question)) in page_of(client, "/")
        for missing in chart.permissions:
            sign_in(client, *(everything - {missing}))
            assert escape(str(chart.question)) not in page_of(client, "/")


def test_a_figure_is_shown_to_those_alone_who_may_see_its_list(client: Client) -> None:
    for role in ROLES:
        client.force_login(person(role))
        page = page_of(client, "/")
        for figure in KNOWN.figures.values():
            is_shown = f"<span>{figure.label}</span>" in page
            assert is_shown == (client.get(figure.url()).status_code == 200), (role, figure.name)


def test_who_may_see_nothing_of_the_work_is_told_so(client: Client) -> None:
    sign_in(client, "auth.view_user")
    page = page_of(client, "/")
    assert "There is nothing else on the desk for your role" in page and titles(page) == ["Needs a person"]


def test_a_bad_upstream_stands_before_all_else(supervisor: Client) -> None:
    assert titles(page_of(supervisor, "/"))[0] == "Needs a person"
    RunFactory(state="failed", swept_from=None, error="GET /customers: answered 503")
    assert titles(page_of(supervisor, "/"))[0] == "Upstreams"


def test_an_empty_part_says_what_is_missing_or_what_to_do(client: Client) -> None:
    client.force_login(person("warehouse"))
    assert "Never read to the end: handling lists, parcels." in page_of(client, "/")
    for resource in ("afosto.handling_lists", "afosto.parcels"):
        RunFactory(resource=resource)
    page = page_of(client, "/")
    assert "Nothing waits: no list is due or free" in page and "No list was due in the last 14 days." in page


def test_what_is_kept_for_some_is_told_to_nobody_of_other_limits(client: Client, user: Any) -> None:
    for where in ("near", "far"):
        one_of_each(where, person(), where)
        link = SetupLinkFactory(customer=CustomerFactory(team_id=where), expires_at=timezone.now() + timedelta(hours=3))
        SetupLink.objects.filter(pk=link.pk).update(consumed_at=timezone.now())
    limited = person("supervisor")
    StaffLimits.objects.create(user=limited, values={"team": ["near"], "location": ["near"]})
    told = []
    for someone in (user, limited, user):
        client.force_login(someone)
        page = page_of(client, "/")
        labels = re.search(r"Labels and packing slips that came to nothing: (\d+)", page)
        used = re.search(r"used <strong>(\d+)</strong>", page)
        assert labels and used
        figures = tiles(page)
        names = ("Setup links that end within 48 hours", "Lists nobody holds", "Parcels to label")
        told.append((*(figures[name] for name in names), labels[1], used[1]))
    assert told == [("2", "2", "2", "2", "2"), ("1", "1", "1", "1", "1"), ("2", "2", "2", "2", "2")]


# -- what it costs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_the_whole_page_costs_at_most_ten_queries(client: Client, role: str) -> None:
    client.force_login(person(role))
    costs = []
    for _ in range(2):
        customer = CustomerFactory()
        SetupLinkFactory.create_batch(3, customer=customer, consumed_at=timezone.now())
        RejectedFactory.create_batch(3)
        DriftFactory.create_batch(3)
        RunFactory(state="partial", error="held", held=43)
        counting._STATEMENTS.clear()
        cache.clear()
        for _ in range(2):  # counted anew, and as it was kept
            with CaptureQueriesContext(connection) as queries:
                page_of(client, "/")
            costs.append(len(queries))
            assert len(queries) <= 10, [query["sql"][:100] for query in queries]
    assert costs[:2] == costs[2:], "rows do not make it dearer"
    assert costs[1] == costs[0] - 1, "the charts are kept"


def test_an_open_page_costs_as_few(supervisor: Client) -> None:
    page_of(supervisor, "/")
    with CaptureQueriesContext(connection) as queries:
        supervisor.get("/live/", headers={"HX-Request": "true"})
    assert len(queries) <= 10


# -- an open page -----------------------------------------------------------------------------------------------------


def asked(client: Client, page: str) -> Any:
    """What an open page gets when it asks."""
    found = re.search(r"hx-headers='{\"(X-Record-Version)\": \"(\w+)\"}' hx-trigger=\"every 5s\"", page)
    assert found
    return client.get("/live/", headers={"HX-Request": "true", found[1]: found[2]})


def test_an_open_desk_is_answered_only_where_it_would_show_something_else(supervisor: Client) -> None:
    with time_machine.travel(datetime(2026, 5, 15, 12, 0, 5, tzinfo=UTC), tick=False) as traveller:
        RunFactory()
        page = page_of(supervisor, "/")
        traveller.shift(20)
        assert asked(supervisor, page).status_code == 204, "that all is older is nothing new within a minute"
        SetupLinkFactory(expires_at=timezone.now() + timedelta(hours=3))
        answer = asked(supervisor, page)
        assert answer.status_code == 200 and "<html" not in answer.content.decode()
        page = answer.content.decode()
        assert 'id="record"' in page and tiles(page)["Setup links that end within 48 hours"] == "1"
        assert asked(supervisor, page).status_code == 204
        traveller.shift(60)
        assert asked(supervisor, page).status_code == 200, "ages stay right"


def test_an_open_desk_follows_a_run(supervisor: Client) -> None:
    with time_machine.travel(datetime(2026, 5, 15, 12, 0, 5, tzinfo=UTC), tick=False):
        run = RunFactory(state="running", ended_at=None, fetched=10)
        page = page_of(supervisor, "/")
        assert asked(supervisor, page).status_code == 204
        type(run).objects.update(fetched=20)
        assert "20 read" in asked(supervisor, page).content.decode()


def test_an_open_desk_of_the_warehouse_follows_as_well(client: Client) -> None:
    sign_in(client, "fulfilment.view_handlinglist")
    assert asked(client, page_of(client, "/")).status_code in {200, 204}


# -- numbers ----------------------------------------------------------------------------------------------------------


def test_no_figure_is_counted_further_than_it_is_told(supervisor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MOST", 2)
    counting._STATEMENTS.clear()
    customer = CustomerFactory()
    told = []
    for _ in range(4):
        SetupLinkFactory(customer=customer, expires_at=timezone.now() + timedelta(hours=3))
        told.append(tiles(page_of(supervisor, "/"))["Setup links that end within 48 hours"])
    counting._STATEMENTS.clear()
    assert told == ["1", "2", "more than 2", "more than 2"]


def test_kept_statements_count_as_of_now(client: Client, user: Any) -> None:
    """The statement is built once; moments in it move, the borders of the day stay, and a new day has its own."""
    one_of_each("x", user)
    SetupLinkFactory(expires_at=timezone.now() + timedelta(hours=60))
    people = [person(role) for role in ROLES]
    told = set()
    for hours in (0, 5, 14, 30, 59, 61, -1):
        with time_machine.travel(timezone.now() + timedelta(hours=hours), tick=False):
            for someone in people:
                figures = [figure for figure in KNOWN.figures.values() if not figure.is_dear]
                wanted = {f.name: rows.count() for f in figures if (rows := f.rows(someone)) is not None}
                assert dict(counting.counts(someone, figures)) == wanted
                told.add(tuple(wanted.items()))
    assert len(told) >= 3


@pytest.mark.parametrize("zone", ["UTC", "Europe/Amsterdam", "Asia/Jakarta", "America/New_York"])
@pytest.mark.parametrize("day", [datetime(2026, 3, 29, 12, tzinfo=UTC), datetime(2026, 10, 25, 23, 30, tzinfo=UTC)])
def test_days_begin_at_midnight_where_the_installation_is(settings: Any, zone: str, day: datetime) -> None:
    """Also on the days on which clocks are changed."""
    settings.TIME_ZONE = zone
    with time_machine.travel(day, tick=False), timezone.override(zone):
        start, end = drawing.span()
        assert timezone.localtime(start).hour == 0 and timezone.localtime(end).date() > timezone.localdate()
        moments = [start, start - timedelta(microseconds=1), end, end - timedelta(microseconds=1)]
        moments += [times.midnight(-n) + timedelta(seconds=s) for n in range(14) for s in (-1, 0, 3600)]
        for moment in moments:
            SetupLinkFactory(consumed_at=moment, status="consumed")
        rows = SetupLink.objects.filter(consumed_at__gte=start, consumed_at__lt=end)
        counted = {row["slot"]: row["number"] for row in by(rows, drawing.Value("x"), drawing.day_of("consumed_at"))}
        wanted: dict[int, int] = {}
        for moment in moments:
            if start <= moment < end:
                place = drawing.days().index(timezone.localtime(moment).date())
                wanted[place] = wanted.get(place, 0) + 1
        assert counted == wanted and len(counted) == 14


def test_a_chart_has_its_numbers_as_a_table_and_needs_no_script(supervisor: Client) -> None:
    SetupLinkFactory.create_batch(2, consumed_at=timezone.now(), status="consumed")
    page = page_of(supervisor, "/")
    chart = page.partition('id="chart-links"')[2].partition("</figure>")[0]
    assert "How many setup links are used a day?" in chart
    assert chart.count("<tr>") == 15 and "<td>2</td>" in chart and "<script" not in chart and "<rect" in chart


def test_a_chart_is_kept_for_each_language_by_itself(supervisor: Client, settings: Any) -> None:
    with time_machine.travel(datetime(2026, 5, 13, 12, tzinfo=UTC), tick=False):
        SetupLinkFactory(consumed_at=timezone.now(), status="consumed")
        assert "Wed 13 May" in page_of(supervisor, "/")
        supervisor.cookies[settings.LANGUAGE_COOKIE_NAME] = "de"
        page = page_of(supervisor, "/")
        assert "Mi 13 Mai" in page and "Wed 13 May" not in page
        drawn = re.findall(r'<rect [^>]*?\bx="([^"]+)" y="([^"]+)" width="([^"]+)" height="([^"]+)"', page)
        assert drawn and all(float(number) >= 0 for one in drawn for number in one)  # no decimal comma


def test_what_is_counted_each_minute_says_its_age(supervisor: Client) -> None:
    with time_machine.travel(datetime(2026, 5, 15, 12, tzinfo=UTC), tick=False) as traveller:
        page = page_of(supervisor, "/")
        SetupLinkFactory(consumed_at=timezone.now(), status="consumed")
        traveller.shift(30)
        page = page_of(supervisor, "/")
        assert ">30 s ago</time>; anew each minute" in page and "No setup link was used" in page
        cache.clear()
        assert "No setup link was used" not in page_of(supervisor, "/")


def test_matters_lead_to_the_place_where_they_stand(supervisor: Client) -> None:
    RejectedFactory.create_batch(2)
    RejectedFactory(resource="kirim.setup_links")
    RejectedFactory(resolved_at=timezone.now())
    now = timezone.now()
    RemoteWrite.objects.create(
        upstream="kirim", identity="x", target="customer", verb="suspend", remote_id="cus_1", door="page",
        correlation_id="c", sends={}, state="failed", sent_at=now, settled_at=now, error="Nothing was done.",
    )  # fmt: skip
    page = page_of(supervisor, "/")
    found = re.findall(r'class="bo-matter"><span>[^<]*: (\d+)</span> <a href="([^"]+)"', page)
    assert len(found) == 3
    for number, url in found:
        there = page_of(supervisor, url.partition("#")[0])
        if "#" in url:
            section = there.partition(f'id="{url.partition("#")[2]}"')[2].partition("</section>")[0]
            assert f">{number}</span>" in section
        else:
            assert len(re.findall(r'class="field-what', there)) + len(
                re.findall(r'<th class="field-what', there)
            ) >= int(number)
