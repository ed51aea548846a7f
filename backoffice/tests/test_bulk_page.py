"""The page of a bulk action, the lists of them and of their rows, and what a person can do there."""

import subprocess
import sys
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from backoffice import tasks
from backoffice.models import BulkAction, BulkItem, RemoteWrite, UpstreamState
from backoffice.sandbox import Sandbox, Switch
from backoffice.tests.factories import person
from backoffice.tests.reading import shown_in
from backoffice.tests.shell import database_url
from customers.models import Customer
from customers.tests.bulking import frozen, states
from customers.tests.factories import CustomerFactory
from customers.verbs import kirim as verbs

pytestmark = pytest.mark.django_db

ITEMS = "/admin/backoffice/bulkitem/"
BULKS = "/admin/backoffice/bulkaction/"
State = BulkItem.State
ERRORS = {State.REFUSED: "=it said no", State.FAILED: "Nothing was done.", State.UNKNOWN: "Nobody knows."}


@pytest.fixture
def bulk(user) -> BulkAction:
    """One of seven rows: two wait, one is in hand, and one of each end but *cancelled*."""
    names = ["Toko One", "=cmd|calc", "Toko Three", "Toko Four", "Toko Five", "Toko Six", "Toko Seven"]
    made = frozen(
        verbs.SUSPEND_CUSTOMER, user, [CustomerFactory(name=name) for name in names],
        words="all customers with state “active”", reason="unpaid <b>",
    )  # fmt: skip
    ends = [State.CONFIRMED, State.REFUSED, State.FAILED, State.UNKNOWN, State.RUNNING]
    for item, state in zip(made.items.order_by("position"), ends, strict=False):
        item.state = state
        item.error = ERRORS.get(state, "")
        item.claimed_at = timezone.now() if state == State.RUNNING else None
        item.save()
    return made


def over(bulk: BulkAction) -> None:
    bulk.items.filter(state__in=[State.WAITING, State.RUNNING]).update(state=State.CONFIRMED)
    BulkAction.objects.filter(pk=bulk.pk).update(state="done", ended_at=timezone.now())


def test_the_page_tells_what_who_why_and_how_far(supervisor, user, bulk):
    page = shown_in(supervisor.get(f"/bulk/{bulk.pk}/"))
    what = ("Suspend at Kirim", "7 customers", "all customers with state “active”", user.username)
    how_far = ("4 of 7 rows have an outcome.", 'value="57"', "every 1s", "Cancel what waits", "Retry failed (1)")
    for words in (*what, *how_far):
        assert words in page, words
    assert "unpaid &lt;b&gt;" in supervisor.get(f"/bulk/{bulk.pk}/").content.decode()
    for state, count in {"confirmed": 1, "refused": 1, "failed": 1, "unknown": 1, "running": 1, "waiting": 2}.items():
        assert f'href="{ITEMS}?bulk={bulk.pk}&state={state}"><strong>{count}</strong>' in page
    troubled = page.partition("Rows that are not confirmed")[2]
    assert troubled.index("=it said no") < troubled.index("Nothing was done.") < troubled.index("Nobody knows.")
    record = Customer.objects.get(name="Toko Three")
    assert reverse("admin:customers_customer_change", args=[record.pk]) in troubled
    live = supervisor.get(f"/bulk/{bulk.pk}/live/").content.decode()
    assert "<html" not in live and "bulk-live" in live


def test_once_it_is_over_the_worst_row_names_it(supervisor, bulk):
    over(bulk)
    page = shown_in(supervisor.get(f"/bulk/{bulk.pk}/"))
    assert 'bo-warn">unknown</span> 4 of 7 confirmed; 1 unknown, 1 failed, 1 refused.' in page
    assert "every 1s" not in page and "Cancel what waits" not in page and "<progress" not in page
    answer = supervisor.get(f"/bulk/{bulk.pk}/live/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")
    bulk.items.update(state=State.REFUSED)
    assert "None of 7 confirmed; 7 refused." in shown_in(supervisor.get(f"/bulk/{bulk.pk}/"))
    bulk.items.update(state=State.CONFIRMED)
    page = shown_in(supervisor.get(f"/bulk/{bulk.pk}/"))
    assert "All of 7 confirmed." in page and "Rows that are not confirmed" not in page and "Retry" not in page


def test_the_page_leads_back_to_the_list_as_it_was(supervisor, bulk):
    there = reverse("admin:customers_customer_changelist")
    assert f'href="{there}"' in shown_in(supervisor.get(f"/bulk/{bulk.pk}/"))
    url = f"/bulk/{bulk.pk}/?list=status%3Dactive%26q%3Dtoko"
    assert f'href="{there}?status=active&q=toko"' in shown_in(supervisor.get(url))
    answer = supervisor.post(f"/bulk/{bulk.pk}/cancel/?list=status%3Dactive")
    assert answer["Location"] == f"/bulk/{bulk.pk}/?list=status%3Dactive"
    evil = supervisor.get(f"/bulk/{bulk.pk}/?list=//evil.example/%22%3E%3Cscript%3E").content.decode()
    assert "<script>" not in evil.partition("bo-page")[2].partition("simplebar")[0]
    assert 'href="//evil' not in evil


def test_it_says_why_nothing_moves(supervisor, bulk):
    past = timezone.now() - timedelta(minutes=10)
    BulkAction.objects.filter(pk=bulk.pk).update(confirmed_at=past)
    assert "none has worked on it for 10 min, is one running?" in shown_in(supervisor.get(f"/bulk/{bulk.pk}/"))
    UpstreamState.objects.create(
        upstream="kirim", paused_until=timezone.now() + timedelta(minutes=1), pause_reason="429"
    )
    page = shown_in(supervisor.get(f"/bulk/{bulk.pk}/"))
    assert "Kirim is paused until" in page and "The 2 rows that wait go on by themselves." in page


def test_cancelling_from_the_page(supervisor, bulk):
    answer = supervisor.post(f"/bulk/{bulk.pk}/cancel/", follow=True)
    assert "2 rows are cancelled and stay as they were." in shown_in(answer)
    assert states(bulk)[-2:] == ["cancelled"] * 2
    assert "No row waited any more" in shown_in(supervisor.post(f"/bulk/{bulk.pk}/cancel/", follow=True))


def test_retrying_from_the_page_finishes_what_failed(supervisor, user, sandbox: Sandbox):
    rows = list(Customer.objects.filter(status="active")[:2])
    sandbox.switches["kirim"].turn_on(Switch("down"))
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, rows)
    tasks.start_bulk(bulk)
    assert states(bulk) == ["failed"] * 2
    sandbox.switches["kirim"].turn_off("down")
    UpstreamState.objects.update(paused_until=None)
    page = shown_in(supervisor.post(f"/bulk/{bulk.pk}/retry/", follow=True))
    assert "All of 2 confirmed." in page
    assert "No row is failed or unknown any more" in shown_in(supervisor.post(f"/bulk/{bulk.pk}/retry/", follow=True))


def test_only_unknown_rows_are_offered_to_be_looked_for(supervisor, bulk):
    bulk.items.filter(state=State.FAILED).update(state=State.CONFIRMED)
    over(bulk)
    assert "Look for the unknown (1)" in shown_in(supervisor.get(f"/bulk/{bulk.pk}/"))


def test_with_kirim_off_nothing_is_retried(supervisor, bulk, settings, remote):
    settings.KIRIM_API_KEY = ""
    before = states(bulk)
    assert "Nothing was sent again. Kirim is off" in shown_in(supervisor.post(f"/bulk/{bulk.pk}/retry/", follow=True))
    assert "disabled>Retry failed (1)" in shown_in(supervisor.get(f"/bulk/{bulk.pk}/"))
    assert states(bulk) == before and not remote.requests


# -- who may ----------------------------------------------------------------------------------------------------------


def test_a_viewer_sees_and_does_nothing(client, bulk, remote):
    client.force_login(person("viewer"))
    page = shown_in(client.get(f"/bulk/{bulk.pk}/"))
    assert "Cancel what waits" not in page and "Retry" not in page
    before = states(bulk)
    for act in ("cancel", "retry"):
        assert client.post(f"/bulk/{bulk.pk}/{act}/").status_code == 403
    assert states(bulk) == before and not remote.requests


def test_who_may_not_see_customers_sees_no_bulk_action_on_them(client, bulk):
    client.force_login(person("warehouse"))
    for address in ("", "live/"):
        assert client.get(f"/bulk/{bulk.pk}/{address}").status_code == 404
    for act in ("cancel", "retry"):
        assert client.post(f"/bulk/{bulk.pk}/{act}/").status_code == 404
    for url in (BULKS, f"{ITEMS}?bulk={bulk.pk}", ITEMS):
        assert "Toko" not in shown_in(client.get(url))
    assert b"Toko" not in b"".join(client.get(f"{ITEMS}export/csv/").streaming_content)
    item = bulk.items.first()
    assert client.get(f"{ITEMS}{item.pk}/change/", follow=True).redirect_chain[0][0] == "/admin/"


def test_strangers_meet_the_log_in_and_a_get_changes_nothing(client, supervisor, bulk, remote):
    before = states(bulk)
    for act in ("cancel", "retry"):
        assert supervisor.get(f"/bulk/{bulk.pk}/{act}/").status_code == 405
    client.logout()
    for address in ("", "live/"):
        assert "/admin/login/" in client.get(f"/bulk/{bulk.pk}/{address}")["Location"]
    for act in ("cancel", "retry"):
        assert "/admin/login/" in client.post(f"/bulk/{bulk.pk}/{act}/")["Location"]
    assert states(bulk) == before and not remote.requests


def test_cancel_and_retry_ask_for_a_token_of_ours(client, user, bulk):
    client.handler.enforce_csrf_checks = True
    client.force_login(user)
    for act in ("cancel", "retry"):
        assert client.post(f"/bulk/{bulk.pk}/{act}/").status_code == 403


# -- the lists --------------------------------------------------------------------------------------------------------


def test_the_rows_are_listed_by_outcome_and_lead_to_their_records(supervisor, bulk):
    page = shown_in(supervisor.get(f"{ITEMS}?bulk={bulk.pk}&state=failed"))
    assert "Toko Three" in page and "Toko Four" not in page
    item = bulk.items.get(state=State.FAILED)
    record = Customer.objects.get(remote_id=item.remote_id)
    answer = supervisor.get(f"{ITEMS}{item.pk}/change/")
    assert answer["Location"] == reverse("admin:customers_customer_change", args=[record.pk])
    record.delete()
    assert supervisor.get(f"{ITEMS}{item.pk}/change/")["Location"] == f"/bulk/{bulk.pk}/"
    assert supervisor.get(f"{ITEMS}?bulk=nonsense").status_code == 302
    assert supervisor.get(f"{ITEMS}?bulk__actor__password__startswith=a").status_code == 400


def test_outcomes_are_exported_with_cells_that_are_no_formula(supervisor, user, bulk):
    first = bulk.items.get(position=1)
    RemoteWrite.objects.create(
        pk=first.pk, upstream="kirim", identity="x", target="customer", verb="suspend", remote_id=first.remote_id,
        actor=user, door="bulk", correlation_id="x", state="confirmed", status=200, request_id="req_1",
    )  # fmt: skip
    csv = b"".join(supervisor.get(f"{ITEMS}export/csv/?bulk={bulk.pk}").streaming_content).decode().splitlines()
    assert csv[0] == "bulk,position,remote_id,name,state,error,status,request_id,ended_at"
    assert len(csv) == 8
    assert f"{first.remote_id},Toko One,confirmed,,200,req_1," in csv[1]
    assert ",'=cmd|calc,refused,'=it said no," in csv[2]
    sheet = load_workbook(BytesIO(supervisor.get(f"{ITEMS}export/xlsx/?bulk={bulk.pk}&state=refused").content)).active
    cells = [[cell.value for cell in row][3:6] for row in sheet.iter_rows()]
    assert cells[1:] == [["'=cmd|calc", "refused", "'=it said no"]]


def test_bulk_actions_are_listed_with_what_came_of_them(supervisor, bulk, django_assert_max_num_queries):
    over(bulk)
    for _ in range(3):
        frozen(verbs.REFRESH_CUSTOMER, bulk.actor, CustomerFactory.create_batch(2))
    with django_assert_max_num_queries(20):
        page = shown_in(supervisor.get(BULKS))
    assert "Suspend at Kirim: 7 customers" in page and "Refresh from Kirim: 2 customers" in page
    assert "4 of 7 confirmed; 1 unknown, 1 failed, 1 refused." in page
    assert "Refresh from Kirim: 2" not in shown_in(supervisor.get(f"{BULKS}?verb=customer.suspend"))
    assert "Suspend at Kirim: 7" in shown_in(supervisor.get(f"{BULKS}?state=done&q=unpaid"))
    assert supervisor.get(f"{BULKS}{bulk.pk}/change/")["Location"] == f"/bulk/{bulk.pk}/"
    BulkAction.objects.all().delete()
    assert "Nothing was done in bulk yet, as far as you may see it." in shown_in(supervisor.get(BULKS))


def test_the_menu_leads_to_bulk_actions(supervisor, bulk):
    assert f'href="{BULKS}"' in shown_in(supervisor.get("/"))


# -- the broker -------------------------------------------------------------------------------------------------------

BROKER_DOWN = """
from time import monotonic
from django.contrib.auth.models import User
from django.test import Client
client = Client(HTTP_HOST="127.0.0.1")
client.force_login(User.objects.get(username="waits"), backend="backoffice.people.StaffBackend")
from customers.models import Customer
from customers.tests.bulking import confirm, select
asked = select(client, "suspend", Customer.objects.all()[:1], "/admin/customers/customer/?status=active", across=True)
began = monotonic()
answer = confirm(client, asked)
took = monotonic() - began
page = client.get(answer["Location"]).content.decode()
assert took < 2, took
assert "The broker is down. The work is kept" in page, page
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_with_the_broker_down_the_page_answers_within_two_seconds_and_the_work_is_kept(settings, collected_static):
    person("supervisor", username="waits")
    CustomerFactory.create_batch(40)
    environment = {
        "DJANGO_SETTINGS_MODULE": "backoffice.settings",
        "BACKOFFICE_IN_DEMO": "1",
        "DATA_DIR": str(collected_static),
        "DATABASE_URL": database_url(),
        "SECRET_KEY": settings.SECRET_KEY,
        "KIRIM_BASE_URL": settings.KIRIM_BASE_URL,
        "KIRIM_API_KEY": settings.KIRIM_API_KEY,
        "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
        "PUBLIC_BASE_URL": "http://127.0.0.1",
    }
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", BROKER_DOWN],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    bulk = BulkAction.objects.get()
    assert (bulk.state, bulk.total, set(states(bulk))) == ("queued", 40, {"waiting"})
