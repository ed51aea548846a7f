"""Label jobs: asked for once, followed to their end whatever is lost, shown and printed, and never bought twice."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import httpx
import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from pypdf import PdfReader

from backoffice.client import PERSON
from backoffice.models import AuditEntry, RemoteWrite
from backoffice.tests.factories import person
from fulfilment import tasks
from fulfilment.afosto import AfostoAPI
from fulfilment.models import LabelJob, Parcel
from fulfilment.services import labels
from fulfilment.tests.list_writes import writes
from fulfilment.tests.parcel_writes import Packing, parcels
from fulfilment.tests.syncing import upstream

pytestmark = pytest.mark.django_db
State = LabelJob.State
PRINTS = ("/labels/print/", "/labels/print/document/")


@pytest.fixture
def packing(settings: Any) -> Iterator[Packing]:
    with upstream(settings, lists=0, parcels=0) as there:
        yield Packing.of(there)


@pytest.fixture
def warehouse(client: Client, db: None) -> Client:
    client.force_login(person("warehouse"))
    return client


def job() -> LabelJob:
    return LabelJob.objects.latest("pk")


def poll_later(seconds: float) -> LabelJob:
    """What the schedule does some seconds from now."""
    with time_machine.travel(timezone.now() + timedelta(seconds=seconds), tick=False):
        tasks.follow_labels()
    return job()


def bought(packing: Packing) -> int:
    return len(packing.there.afosto.purchases)


def test_a_label_is_requested_pending_and_ready_and_bought_once(packing: Packing) -> None:
    packing.there.afosto.label_takes_s = 10
    assert parcels("label", packing.packed, "--json").code == 0
    assert (job().state, bool(job().task_id), job().accepted_at is not None) == (State.PENDING, True, True)
    assert poll_later(1.5).state == State.PENDING
    assert poll_later(0).polls == 1, "its next look is not due yet"
    packing.there.afosto.finish_tasks()
    done = poll_later(30)
    parcel = Parcel.objects.get(remote_id=packing.packed)
    assert (done.state, done.file_id, parcel.state) == (State.READY, parcel.label_file_id, "labelled")
    refused = parcels("label", packing.packed)
    assert refused.code == 3 and "print that one again" in refused.err
    assert bought(packing) == 1


def test_a_second_request_while_one_is_under_way_is_that_one(packing: Packing) -> None:
    packing.there.afosto.label_takes_s = 60
    first = parcels("label", packing.packed, "--json").records[0]
    second = parcels("label", packing.packed, "--json")
    assert (second.code, second.records[0]["write"]) == (0, first["write"])
    assert len(packing.sent_requests()) == 1 and LabelJob.objects.count() == 1


def test_waiting_for_it_needs_no_worker(packing: Packing) -> None:
    packing.there.afosto.label_takes_s = 0
    ended = parcels("label", packing.packed, "--wait", "--json")
    assert (ended.code, ended.records[0]["label"]) == (0, "ready")
    slip = parcels("slip", packing.packed, "--wait", "--json")
    assert (slip.code, slip.records[0]["label"]) == (0, "ready")


def test_a_label_that_fails_says_why_and_can_be_asked_for_again(packing: Packing) -> None:
    words = "carrier refused the address"
    packing.there.turn_on("task_fail", path="lcs:label", value=words, times=1)
    ended = parcels("label", packing.packed, "--wait", "--json")
    assert (ended.code, ended.records[0]["label"], ended.records[0]["state"]) == (1, "failed", "confirmed")
    assert (job().state, job().error) == (State.FAILED, words)
    assert bought(packing) == 0
    again = parcels("label", packing.packed, "--wait", "--json")
    assert (again.code, again.records[0]["label"], bought(packing)) == (0, "ready", 1)
    assert again.records[0]["write"] != ended.records[0]["write"]


def test_after_two_minutes_we_give_up_but_ask_for_no_other_while_afosto_is_at_work(packing: Packing) -> None:
    packing.there.turn_on("task_slow", path="lcs:label", ms=600_000)
    parcels("label", packing.packed)
    given_up = poll_later(121)
    assert given_up.state == State.FAILED and "two minutes" in given_up.error
    refused = parcels("label", packing.packed)
    assert refused.code == 3 and "still at work" in refused.err
    packing.there.afosto.finish_tasks()
    assert parcels("refresh", packing.packed).code == 0
    assert poll_later(0).state == State.READY, "what comes late ends it well"
    assert bought(packing) == 1


def test_a_label_that_comes_while_another_is_asked_for_is_taken_instead(packing: Packing) -> None:
    packing.there.turn_on("task_slow", path="lcs:label", ms=600_000)
    parcels("label", packing.packed)
    assert poll_later(121).state == State.FAILED

    def ends_just_now(request: httpx.Request) -> None:
        if "/mes/tasks/" in request.url.path:
            packing.there.afosto.finish_tasks()

    packing.there.watch = ends_just_now
    refused = parcels("label", packing.packed)
    assert refused.code == 3 and "print that one again" in refused.err
    assert bought(packing) == len(packing.sent_requests()) == 1


@pytest.mark.parametrize("trouble", [{"kind": "fail", "status": 404, "path": "/mes/tasks/*"}, {"kind": "down"}])
def test_a_task_that_is_unknown_or_cannot_be_asked_ends_by_what_the_parcel_shows(
    packing: Packing, trouble: dict[str, Any]
) -> None:
    packing.there.afosto.label_takes_s = 5
    parcels("label", packing.packed)
    packing.there.turn_on(**trouble)
    waiting = poll_later(2)
    assert waiting.state == State.PENDING
    packing.there.turn_off(trouble["kind"])
    packing.there.afosto.finish_tasks()
    assert poll_later(30).state == State.READY


def test_a_lost_answer_is_settled_by_the_parcel_and_never_buys_a_second(packing: Packing) -> None:
    packing.there.turn_on("drop", method="POST", path="*/label")
    ended = parcels("label", packing.packed, "--json")
    assert (ended.records[0]["state"], job().state) == ("unknown", State.REQUESTED)
    packing.there.turn_off("drop")
    assert parcels("label", packing.packed, "--json").records[0]["write"] == ended.records[0]["write"]
    assert writes("settle").code == 0
    packing.there.afosto.finish_tasks()
    assert poll_later(30).state == State.READY
    assert bought(packing) == 1


def test_a_job_whose_worker_died_between_answer_and_row_is_found(packing: Packing) -> None:
    parcels("label", packing.packed)
    LabelJob.objects.update(state=State.REQUESTED, accepted_at=None, next_poll_at=None, task_id="")
    packing.there.afosto.finish_tasks()
    poll_later(0)
    assert poll_later(30).state == State.READY
    other = LabelJob.objects.create(parcel=Parcel.objects.get(remote_id=packing.labelled), kind="slip")
    poll_later(0)
    other.refresh_from_db()
    assert other.state == State.FAILED


def test_a_poll_is_claimed_by_one(packing: Packing) -> None:
    packing.there.afosto.label_takes_s = 60
    parcels("label", packing.packed)
    LabelJob.objects.update(next_poll_at=timezone.now())
    packing.there.calls.clear()
    with AfostoAPI.from_settings(PERSON) as api:
        claimed = LabelJob.objects.get()
        assert labels.due().filter(pk=claimed.pk).exists()
        assert labels.poll(claimed.pk, api) is not None
        assert labels.poll(claimed.pk, api) is None
    assert packing.there.paths() == [f"/mes/tasks/{claimed.task_id}"]


def test_a_document_is_streamed_under_a_safe_name_and_kept_nowhere(packing: Packing, warehouse: Client) -> None:
    parcels("label", packing.packed, "--wait")
    answer = warehouse.get(f"/labels/{job().pk}/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF")
    assert answer["Content-Disposition"] == f'inline; filename="label-{job().parcel}.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff" and "no-store" in answer["Cache-Control"]
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'") and "script-src" not in policy
    assert warehouse.get(f"/parcels/{packing.packed}/label/").content == answer.content
    page = warehouse.get("/labels/print/", {"job": [job().pk]}).content.decode()
    assert f"/labels/{job().pk}/" in page
    warehouse.get("/labels/print/document/", {"job": [job().pk]})
    opened = AuditEntry.objects.filter(verb="open_document")  # once for each time that it was handed out
    told = ("parcel", packing.packed, str(job().parcel), "label", "page")
    assert list(opened.values_list("kind", "remote_id", "label", "detail", "door")) == [told] * 3


def test_what_is_no_document_is_a_download_and_never_a_page_of_ours(packing: Packing, warehouse: Client) -> None:
    parcels("label", packing.packed, "--wait")
    script, told = b"<script>alert(1)</script>", {"Content-Type": ""}

    def answer_with_it(request: httpx.Request) -> httpx.Response | None:
        is_other = "/cnt/" in request.url.path or "/iam/" in request.url.path
        return None if is_other else httpx.Response(200, content=script, headers=told)

    packing.there.watch = answer_with_it
    for kind in ("text/html", "image/svg+xml; charset=utf-8", "application/xhtml+xml"):
        told["Content-Type"] = kind
        answer = warehouse.get(f"/labels/{job().pk}/")
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"].startswith("attachment")
    told["Content-Type"] = "text/plain"
    answer = warehouse.get(f"/labels/{job().pk}/")
    assert (answer["Content-Type"], answer["Content-Disposition"][:6]) == ("text/plain", "inline")
    assert answer["Content-Security-Policy"].endswith("; sandbox") and answer["X-Content-Type-Options"] == "nosniff"


def test_a_remote_that_is_down_is_told_in_words_and_nothing_is_asked_for_anew(
    packing: Packing, warehouse: Client
) -> None:
    parcels("label", packing.packed, "--wait")
    packing.there.turn_on("down")
    answer = warehouse.get(f"/labels/{job().pk}/")
    assert answer.status_code == 502 and "Afosto" in answer.content.decode()
    assert not AuditEntry.objects.filter(verb="open_document").exists()
    policy = answer["Content-Security-Policy"]
    assert "style-src 'self'" in policy and "frame-ancestors 'self'" in policy, "a page of ours, also in the print page"
    assert bought(packing) == 1


def test_failed_ones_are_listed_first_and_a_job_without_a_file_is_not_found(
    packing: Packing, warehouse: Client
) -> None:
    packing.there.turn_on("task_fail", path="lcs:label", value="too heavy <b>")
    parcels("label", packing.packed, "--wait")
    assert warehouse.get(f"/labels/{job().pk}/").status_code == 404
    page = warehouse.get("/labels/print/", {"job": [job().pk, "x", "9" * 30]}).content.decode()
    assert "Came to nothing" in page and "too heavy &lt;b&gt;" in page


def test_several_documents_are_printed_as_one_and_none_is_left_out_unsaid(packing: Packing, warehouse: Client) -> None:
    parcels("label", packing.packed, "--wait")
    parcels("slip", packing.packed, "--wait")
    label, slip = LabelJob.objects.order_by("pk")
    both = {"job": [slip.pk, label.pk]}
    page = warehouse.get("/labels/print/", both).content.decode()
    assert "2 to print, in this order" in page and f"/labels/print/document/?job={slip.pk}&amp;job={label.pk}" in page
    answer = warehouse.get("/labels/print/document/", both)
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("application/pdf", "nosniff")
    pages = [page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages]
    alone = [PdfReader(BytesIO(warehouse.get(f"/labels/{job.pk}/").content)).pages[0] for job in (slip, label)]
    assert pages == [page.extract_text() for page in alone]
    assert bought(packing) == 1

    broken = httpx.Response(200, content=b"%PDF-1.4 torn", headers={"Content-Type": "application/pdf"})
    asked: list[str] = []

    def tear_the_first(request: httpx.Request) -> httpx.Response | None:
        if "/cnt/" in request.url.path or "/iam/" in request.url.path:
            return None
        asked.append(request.url.path)
        return broken if request.url.path == asked[0] else None

    packing.there.watch = tear_the_first
    answer = warehouse.get("/labels/print/document/", {"job": [slip.pk]})
    assert answer.status_code == 502 and "its PDF cannot be read; open it by itself" in answer.content.decode()
    page = warehouse.get("/labels/print/document/", both).content.decode()
    assert "Print the other 1" in page and f'?job={label.pk}"' in page
    assert warehouse.get("/labels/print/document/").status_code == 404


def test_documents_are_for_those_who_may_see_them(packing: Packing, client: Client) -> None:
    parcels("label", packing.packed, "--wait")
    for url in (f"/labels/{job().pk}/", f"/parcels/{packing.packed}/label/", *PRINTS):
        assert client.get(url).status_code == 302
    nobody = person("viewer", username="nobody")
    nobody.groups.clear()
    client.force_login(nobody)
    for url in (f"/labels/{job().pk}/", f"/parcels/{packing.packed}/label/", *PRINTS):
        assert client.get(url).status_code in {302, 403}


def test_a_write_that_is_settled_by_hand_takes_its_job_along(packing: Packing) -> None:
    packing.there.turn_on("drop", method="POST", path="*/label")
    parcels("label", packing.packed)
    RemoteWrite.objects.update(state=RemoteWrite.State.FAILED, error="Settled by hand: never arrived.")
    assert poll_later(0).state == State.FAILED and "by hand" in job().error


def test_an_installation_follows_them_every_minute() -> None:
    entry = PeriodicTask.objects.get(task=tasks.follow_labels.name)
    assert (entry.enabled, entry.interval.every, entry.interval.period) == (True, 1, "minutes")
