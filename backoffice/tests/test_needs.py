"""What needs a person: one registry for the menu, the desk and the page; runs, rejected records, drift, bulk."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.models import BulkAction, Drift, RemoteWrite, SyncRun
from backoffice.needs import section
from backoffice.tests.factories import DriftFactory, RejectedFactory, RunFactory, person
from backoffice.tests.reading import page_of
from customers.tests.factories import CustomerFactory
from customers.tests.kirim import FakeKirim, customer, sync

pytestmark = pytest.mark.django_db

State = RemoteWrite.State
NEEDS = "/needs-you/"


def section_of(page: str, name: str) -> str:
    _, begin, rest = page.partition(f'<section class="bo-card" id="{name}"')
    return begin + rest.partition("</section>")[0] if begin else ""


def counted(page: str) -> int:
    """What the sections of the page count together."""
    found = re.findall(r'-title">[^<]* <span class="bo-badge bo-dull">([\d,]+)</span>', page)
    return sum(int(number.replace(",", "")) for number in found)


def in_menu(page: str) -> int:
    """What the menu says."""
    found = re.search(r'href="/needs-you/".*?</a>', page)
    assert found, "the menu has no such entry"
    number = re.search(r">\s*([\d,]+)\s*</span>\s*</a>", found[0])
    return int(number[1].replace(",", "")) if number else 0


def make_write(state: str = State.FAILED, **values: Any) -> RemoteWrite:
    """A write as an earlier sending left it."""
    now = timezone.now()
    told = {"upstream": "kirim", "identity": "https://kirim.example/v1", "target": "customer", "verb": "suspend"}
    ended = {"sent_at": now, "settled_at": None if state == State.UNKNOWN else now, "error": "Nothing was done."}
    known = {"remote_id": "cus_1", "door": "page", "correlation_id": "a-click", "sends": {"status": "suspended"}}
    return RemoteWrite.objects.create(**{**told, **known, **ended, "state": state, **values})


def make_bulk(**values: Any) -> BulkAction:
    wanted = {"verb": "suspend", "target": "customer", "total": 5000, "selection": "all", "digest": "0" * 32}
    return BulkAction.objects.create(**{**wanted, "correlation_id": "a-click", "state": "done", **values})


# -- the three places -------------------------------------------------------------------------------------------------


def test_nothing_at_all_is_said_so(supervisor: Client) -> None:
    page = page_of(supervisor, NEEDS)
    assert "Nothing waits for you" in page and in_menu(page) == 0
    assert "Nothing waits for you." in page_of(supervisor, "/")


def everything() -> None:
    make_write(State.UNKNOWN)
    make_write(State.FAILED)
    make_write(State.REFUSED)
    RunFactory(state="partial", error="held", held=43)
    RejectedFactory.create_batch(3)
    RejectedFactory(resource="kirim.setup_links")
    DriftFactory.create_batch(2)


@pytest.mark.parametrize("role", ["viewer", "customer desk", "supervisor"])
def test_the_menu_the_desk_and_the_page_count_the_same(client: Client, role: str) -> None:
    everything()
    client.force_login(person(role))
    page, desk = page_of(client, NEEDS), page_of(client, "/")
    wanted = 10 if role == "supervisor" else 9  # only who may approve is told of held runs
    assert counted(page) == in_menu(page) == in_menu(desk) == wanted
    assert in_menu(page_of(client, "/admin/customers/customer/")) == wanted
    assert "Customers that could not be taken: 3" in desk and "Customers that could not be taken: 3" in page
    assert "Writes that were not done: 1" in desk and 'href="/needs-you/#failed"' in desk


def test_the_worst_stands_first(supervisor: Client) -> None:
    everything()
    ids = re.findall(r'<section class="bo-card" id="([a-z-]+)"', page_of(supervisor, NEEDS))
    assert ids == ["unknown", "failed", "held", "refused", "rejected", "drift"]


def test_counting_costs_one_query_and_the_desk_ten(supervisor: Client) -> None:
    everything()
    for resource in ("kirim.accounts", "kirim.setup_links"):
        RunFactory(resource=resource)
    page_of(supervisor, "/")
    with CaptureQueriesContext(connection) as queries:
        page_of(supervisor, "/")
    assert len(queries) <= 10, [query["sql"][:120] for query in queries]
    assert sum("in_section" in query["sql"] for query in queries) == 1


def test_at_any_moment_the_count_is_what_each_kind_counts_by_itself(rf: RequestFactory) -> None:
    everything()
    make_write(State.SENT, sent_at=timezone.now())
    people = [person(role) for role in ("supervisor", "viewer", "warehouse", "supervisor", None)]
    told = []
    for hours in (0, 1, 7 * 24 - 1, 7 * 24 + 1, -1):
        with time_machine.travel(timezone.now() + timedelta(hours=hours)):
            for user in people:
                request = rf.get("/")
                request.user = user
                kinds = {kind.name: kind.rows(user) for kind in section.KINDS.values()}
                numbers = {name: rows.count() for name, rows in kinds.items() if rows is not None}
                waiting = {one.kind.name: one.count for one in section.waiting(request)}
                assert waiting == {name: number for name, number in numbers.items() if number}
                told.append(tuple(waiting.items()))
    assert len(set(told)) >= 5  # moments and permissions make a difference


@pytest.mark.parametrize("number", [1, 60])
def test_the_page_costs_the_same_whatever_waits(supervisor: Client, number: int) -> None:
    for n in range(number):
        make_write(State.UNKNOWN, remote_id=CustomerFactory().remote_id, actor=person())
        make_write(State.FAILED, remote_id=f"cus_{n}", bulk=make_bulk(actor=person()))
        DriftFactory()
    with CaptureQueriesContext(connection) as queries:
        page = page_of(supervisor, NEEDS)
    assert len(queries) <= 20, len(queries)
    assert page.count("Look now") == min(number, 20)
    assert "?waits=unknown" in page


def test_the_list_that_a_section_links_to_has_them_all(supervisor: Client) -> None:
    for _ in range(30):
        make_write(State.REFUSED)
    make_write(State.REFUSED, dismissed_at=timezone.now())
    make_write(State.CONFIRMED, remote_id="cus_2")
    answer = supervisor.get(f"{reverse('admin:backoffice_remotewrite_changelist')}?waits=refused")
    assert answer.context["cl"].result_count == 30
    assert section_of(page_of(supervisor, NEEDS), "refused").count("bo-item") == 20


def test_people_without_a_role_see_no_such_page(client: Client) -> None:
    assert client.get(NEEDS).status_code == 302
    client.force_login(person())
    assert client.get(NEEDS).status_code == 403


# -- bulk actions -----------------------------------------------------------------------------------------------------


def test_a_bulk_action_is_one_line_however_many_of_its_rows_failed(supervisor: Client) -> None:
    bulk = make_bulk()
    for n in range(25):
        make_write(State.FAILED, bulk=bulk, remote_id=f"cus_{n}")
    make_write(State.REFUSED, bulk=bulk)
    shown = section_of(page_of(supervisor, NEEDS), "failed")
    assert "25 of its rows" in shown and f"/bulk/{bulk.pk}/" in shown and "Send again" not in shown
    answer = supervisor.post(f"/needs-you/bulk/{bulk.pk}/failed/dismiss/", follow=True)
    assert "Dismissed: 25." in answer.content.decode()
    page = page_of(supervisor, NEEDS)
    assert section_of(page, "failed") == "" and section_of(page, "refused")
    assert supervisor.post(f"/needs-you/bulk/{bulk.pk}/unknown/dismiss/").status_code == 404


def test_rows_of_a_bulk_action_are_dismissed_only_by_those_who_may_do_its_verb(client: Client) -> None:
    bulk = make_bulk(verb="archive")
    failed = make_write(State.FAILED, bulk=bulk, verb="archive", sends={})
    for role in ("viewer", "customer desk"):
        client.force_login(person(role))
        assert "Dismiss" not in section_of(page_of(client, NEEDS), "failed")
        assert client.post(f"/needs-you/bulk/{bulk.pk}/failed/dismiss/").status_code == 403
    failed.refresh_from_db()
    assert failed.dismissed_at is None


# -- what syncs leave -------------------------------------------------------------------------------------------------


def test_a_held_run_waits_until_it_is_approved_or_another_has_read_everything(supervisor: Client) -> None:
    held = RunFactory(state="partial", error="held", held=43)
    shown = section_of(page_of(supervisor, NEEDS), "held")
    assert "43 customers" in shown and f"/runs/{held.pk}/approve/" in shown
    approving = RunFactory(state="queued", accepts=held, ended_at=None)
    assert section_of(page_of(supervisor, NEEDS), "held") == ""
    SyncRun.objects.filter(pk=approving.pk).update(state="failed", error="busy")
    assert section_of(page_of(supervisor, NEEDS), "held")
    RunFactory()
    assert section_of(page_of(supervisor, NEEDS), "held") == ""


def test_rejected_records_are_counted_by_kind_and_only_those_the_person_may_see(client: Client) -> None:
    RejectedFactory.create_batch(2)
    RejectedFactory(resource="kirim.setup_links")
    user = person()
    held = ["view_customer", "view_rejectedrecord"]
    user.user_permissions.set(Permission.objects.filter(codename__in=held))
    client.force_login(user)
    shown = section_of(page_of(client, NEEDS), "rejected")
    assert "Customers that could not be taken: 2" in shown and "Setup links" not in shown
    assert "rejectedrecord/?resource=kirim.customers" in shown


def test_drift_is_told_with_count_and_sample_until_somebody_dismisses_it(client: Client) -> None:
    drift = DriftFactory(name="loyalty", count=1234, sample_remote_id="cus_sample")
    old = DriftFactory(name="of_old", last_seen_at=timezone.now() - timedelta(days=8))
    client.force_login(person("viewer"))
    shown = section_of(page_of(client, NEEDS), "drift")
    for words in ("unknown member", "loyalty", "1,234", "cus_sample", "customers"):
        assert words in shown, words
    assert old.name not in shown and "Dismiss" not in shown
    assert "ismiss" not in shown  # nobody is told to do what he may not
    assert client.post(f"/needs-you/drift/{drift.pk}/dismiss/").status_code == 403
    supervisor = person("supervisor")
    client.force_login(supervisor)
    assert "Dismiss" in section_of(page_of(client, NEEDS), "drift")
    assert client.get(f"/needs-you/drift/{drift.pk}/dismiss/").status_code == 405
    answer = client.post(f"/needs-you/drift/{drift.pk}/dismiss/", follow=True)
    assert "Dismissed: unknown member loyalty" in answer.content.decode()
    drift.refresh_from_db()
    assert drift.dismissed_by == supervisor
    assert section_of(page_of(client, NEEDS), "drift") == ""
    assert "loyalty" in page_of(client, reverse("admin:backoffice_drift_changelist"))


def test_what_a_remote_wrote_is_shown_as_text(supervisor: Client) -> None:
    make_write(State.FAILED, error="<script>alert(1)</script>", sends={"name": "<b>bold</b>"}, reason="<i>why</i>")
    DriftFactory(name="<u>member</u>", sample_remote_id="<s>id</s>")
    page = page_of(supervisor, NEEDS)
    for tag in ("<script>alert", "<b>bold", "<i>why", "<u>member", "<s>id"):
        assert tag not in page, tag


# -- members that are missing -----------------------------------------------------------------------------------------


def missing() -> dict[str, tuple[int, str]]:
    found = Drift.objects.filter(resource="kirim.customers", kind=Drift.Kind.MISSING)
    return {row.name: (row.count, row.sample_remote_id) for row in found}


def without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def test_a_member_that_the_contract_requires_and_that_is_missing_is_drift(kirim: FakeKirim) -> None:
    bad = [without(customer(n), "name", "team_id") if n == 3 else without(customer(n), "name") for n in (2, 3)]
    kirim.customers = [customer(1), *bad]
    run = sync()
    assert (run.created, run.failed) == (1, 2)
    assert missing() == {"name": (2, bad[1]["id"]), "team_id": (1, bad[1]["id"])}


def test_what_is_wrong_but_not_missing_is_no_missing_member(kirim: FakeKirim) -> None:
    kirim.customers = [customer(1, name=None), customer(2, name=7)]
    sync()
    assert missing() == {}


def test_a_record_without_an_id_lacks_its_id(kirim: FakeKirim) -> None:
    kirim.customers = [without(customer(1), "id"), customer(2)]
    run = sync()
    assert run.failed == 1
    assert missing() == {"id": (1, "")}


def test_a_dry_run_counts_no_missing_member(kirim: FakeKirim) -> None:
    kirim.customers = [without(customer(1), "name")]
    sync(is_dry=True)
    assert missing() == {}


def test_a_missing_member_is_told_on_the_page_beside_its_rejected_record(kirim: FakeKirim, supervisor: Client) -> None:
    kirim.customers = [without(customer(1), "status")]
    sync()
    page = page_of(supervisor, NEEDS)
    assert "missing member" in section_of(page, "drift") and "status" in section_of(page, "drift")
    assert "Customers that could not be taken: 1" in section_of(page, "rejected")
