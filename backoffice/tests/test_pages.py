"""The page of a run: what it says, and starting, stopping, resuming, approving."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest
from django.urls import reverse
from django.utils import timezone

from backoffice.models import SyncRun
from backoffice.tests.factories import ChangeFactory, RejectedFactory, RunFactory, person
from backoffice.tests.reading import page_of
from backoffice.tests.shell import database_url
from customers.tests.factories import CustomerFactory
from customers.tests.kirim import customer as customer_row

pytestmark = pytest.mark.django_db


def test_a_running_run_counts_adds_up_and_tells_how_far_it_is(supervisor, user):
    RunFactory(fetched=200)
    run = RunFactory(
        state="running", phase="sweeping", ended_at=None, trigger="person", started_by=user,
        fetched=50, created=1, updated=2, unchanged=46, failed=1,
    )  # fmt: skip
    page = page_of(supervisor, f"/runs/{run.pk}/")
    for words in ("<strong>50</strong> read", "<strong>46</strong> unchanged", "<strong>1</strong> rejected"):
        assert words in page
    assert "reading all records" in page and "50 of about 200" in page and 'value="25"' in page
    assert user.username in page
    assert "every 1s" in page and "Reload" in page  # by itself, and without a script
    assert "<html" not in page_of(supervisor, f"/runs/{run.pk}/live/")


def test_a_poll_after_the_end_or_after_log_out_loads_the_page_again(client, supervisor):
    run = RunFactory()
    answer = client.get(f"/runs/{run.pk}/live/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")
    running = RunFactory(state="running", ended_at=None, resource="kirim.accounts")
    client.logout()
    answer = client.get(f"/runs/{running.pk}/live/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Refresh"], answer.content) == (204, "true", b"")
    assert "no-store" in answer["Cache-Control"]


def test_a_run_links_to_what_it_rejected_and_changed(supervisor):
    run = RunFactory()
    RejectedFactory(run=run)
    ChangeFactory(run=run, remote_id="cus_1")
    page = page_of(supervisor, f"/runs/{run.pk}/")
    for model in ("rejectedrecord", "rowchange"):
        url = reverse(f"admin:backoffice_{model}_changelist")
        assert f'href="{url}?' in page
        assert page_of(supervisor, f"{url}?run={run.pk}")


def test_busy_and_held_are_told_in_words(supervisor):
    busy = RunFactory(state="failed", swept_from=None, error="busy")
    assert "Run again once that one is over" in page_of(supervisor, f"/runs/{busy.pk}/")
    held = RunFactory(state="partial", error="held", held=43)
    page = page_of(supervisor, f"/runs/{held.pk}/")
    assert "43 customers look gone" in page and "Approve" in page


def test_a_run_that_no_worker_takes_says_so(supervisor):
    run = RunFactory(
        state="queued", phase="waiting", started_at=None, ended_at=None,
        queued_at=timezone.now() - timedelta(minutes=10),
    )  # fmt: skip
    assert "none has taken it for 10 min, is one running?" in page_of(supervisor, f"/runs/{run.pk}/")


def test_the_list_of_runs_leads_to_the_page_of_each(supervisor):
    run = RunFactory()
    answer = supervisor.get(reverse("admin:backoffice_syncrun_change", args=[run.pk]))
    assert answer["Location"] == f"/runs/{run.pk}/"


def test_refresh_now_queues_a_run_in_the_persons_name_and_shows_it(supervisor, user, kirim):
    kirim.customers = [customer_row(1), customer_row(2)]
    answer = supervisor.post("/runs/start/kirim.customers/")
    run = SyncRun.objects.get()
    assert answer["Location"] == f"/runs/{run.pk}/"
    assert (run.state, run.fetched, run.trigger, run.started_by) == ("succeeded", 2, "person", user)


def test_refresh_now_says_why_it_cannot_and_starts_nothing(supervisor, settings):
    settings.KIRIM_BASE_URL = ""
    page = supervisor.post("/runs/start/kirim.customers/", follow=True).content.decode()
    assert "Nothing was started. Kirim is off: set KIRIM_BASE_URL." in page
    assert "There is no resource" in supervisor.post("/runs/start/nothing/", follow=True).content.decode()
    assert not SyncRun.objects.exists()


def test_a_waiting_run_is_stopped_at_once_and_a_running_one_is_asked_to(supervisor):
    waiting = RunFactory(state="queued", started_at=None, ended_at=None)
    running = RunFactory(state="running", ended_at=None)
    for run in (waiting, running):
        assert "is stopping" in supervisor.post(f"/runs/{run.pk}/stop/", follow=True).content.decode()
        run.refresh_from_db()
    assert waiting.state == "interrupted"
    assert running.stop_requested_at
    assert "stopping: it ends within seconds" in page_of(supervisor, f"/runs/{running.pk}/")


def test_a_run_that_is_over_cannot_be_stopped(supervisor):
    run = RunFactory()
    assert "was over already" in supervisor.post(f"/runs/{run.pk}/stop/", follow=True).content.decode()


def test_an_interrupted_run_offers_to_resume_and_does(supervisor, kirim):
    kirim.customers = [customer_row(1)]
    run = RunFactory(state="interrupted", swept_from=None, checkpoint={"part": "listed", "cursor": None, "ended": True})
    assert "Resume where it stopped" in page_of(supervisor, f"/runs/{run.pk}/")
    supervisor.post(f"/runs/{run.pk}/again/")
    later = SyncRun.objects.first()
    assert (later.resumes, later.state) == (run, "succeeded")
    assert "Run again" in page_of(supervisor, f"/runs/{run.pk}/")


def test_a_held_run_is_approved_in_two_steps_and_only_once(supervisor, kirim):
    CustomerFactory.create_batch(30)
    kirim.customers = [customer_row(1000)]
    supervisor.post("/runs/start/kirim.customers/")
    held = SyncRun.objects.get()
    assert (held.error, held.held) == ("held", 30)

    assert "30 customers looked gone" in page_of(supervisor, f"/runs/{held.pk}/approve/")
    assert SyncRun.objects.count() == 1  # asking changes nothing
    supervisor.post(f"/runs/{held.pk}/approve/")
    approved = SyncRun.objects.first()
    assert (approved.accepts, approved.state, approved.vanished) == (held, "succeeded", 30)

    page = supervisor.post(f"/runs/{held.pk}/approve/", follow=True).content.decode()
    assert "It was approved already" in page and SyncRun.objects.count() == 2


def test_a_run_that_holds_nothing_cannot_be_approved(supervisor):
    run = RunFactory()
    page = supervisor.post(f"/runs/{run.pk}/approve/", follow=True).content.decode()
    assert "holds nothing back" in page and SyncRun.objects.count() == 1


BROKER_DOWN_SCRIPT = """
from time import monotonic
from django.contrib.auth.models import User
from django.test import Client
client = Client(HTTP_HOST="127.0.0.1")
client.force_login(User.objects.get(username="waits"))
client.get("/admin/")  # a web process has read its code and templates before
began = monotonic()
page = client.post("/runs/start/kirim.customers/", follow=True).content.decode()
assert monotonic() - began < 2, monotonic() - began
assert "The broker is down. The work is kept" in page, page
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_with_the_broker_down_the_page_answers_within_two_seconds_and_the_work_is_kept(settings, collected_static):
    person("supervisor", username="waits")
    settings_of_process = {
        "DJANGO_SETTINGS_MODULE": "backoffice.settings",
        "DATA_DIR": str(collected_static),
        "DATABASE_URL": database_url(),
        "SECRET_KEY": settings.SECRET_KEY,
        "KIRIM_BASE_URL": settings.KIRIM_BASE_URL,
        "KIRIM_API_KEY": settings.KIRIM_API_KEY,
        "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
        "PUBLIC_BASE_URL": "http://127.0.0.1",
    }
    began = monotonic()
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", BROKER_DOWN_SCRIPT],
        cwd=root,
        env=settings_of_process,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert monotonic() - began < 60
    assert SyncRun.objects.get().state == "queued"
