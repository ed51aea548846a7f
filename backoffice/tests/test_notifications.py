"""What people are told of work that they started: once each, where it ends, and read by the bell or on the page."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice import exports, tasks
from backoffice.bulk import again
from backoffice.bulk import run as bulk_run
from backoffice.models import BulkAction, BulkItem, Export, Notification, SyncRun
from backoffice.notify import tell
from backoffice.process import this_process
from backoffice.sync import runs
from backoffice.tests.factories import RunFactory, person
from backoffice.tests.reading import page_of
from customers.tests.bulking import frozen
from customers.tests.factories import CustomerFactory
from customers.tests.kirim import customer as customer_row
from customers.verbs import kirim as verbs

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def told(user) -> list[str]:
    return list(Notification.objects.filter(user=user).order_by("pk").values_list("sentence", flat=True))


def a_word(user, key: str = "thing", **values) -> Notification:
    tell(user.pk, Notification.Kind.RUN, key, f"Sentence of {key}.", "/runs/1/")
    Notification.objects.filter(user=user, key=key).update(**values) if values else None
    return Notification.objects.get(user=user, key=key)


# -- where things end -------------------------------------------------------------------------------------------------


def test_the_same_thing_is_told_once_and_nobody_is_told_of_what_nobody_started(user):
    for _ in range(2):
        a_word(user)
    tell(None, Notification.Kind.RUN, "thing", "To nobody.", "/")
    assert told(user) == ["Sentence of thing."] and Notification.objects.count() == 1


def test_a_bulk_action_that_ended_is_told_to_who_started_it_and_after_a_retry_to_who_wanted_that(user):
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, [CustomerFactory(name="Rahasia") for _ in range(3)], reason="secret")
    bulk_run.finish(bulk)
    assert told(user) == []
    bulk.items.update(state=BulkItem.State.CONFIRMED)
    bulk.items.filter(position=bulk.items.first().position).update(state=BulkItem.State.FAILED)
    for _ in range(2):
        bulk_run.finish(bulk)
    assert told(user) == ["Suspend 3 customers: 2 of 3 confirmed; 1 failed."]
    assert Notification.objects.get().url == f"/bulk/{bulk.pk}/"
    other = person("supervisor")
    again.retry(BulkAction.objects.get(pk=bulk.pk), other)
    bulk.items.update(state=BulkItem.State.CONFIRMED)
    bulk_run.finish(bulk)
    assert told(other) == ["Suspend 3 customers: All of 3 confirmed."] and len(told(user)) == 1


def test_a_cancelled_bulk_action_is_told_as_well(user):
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, [CustomerFactory() for _ in range(2)])
    again.cancel(bulk, user)
    assert told(user) == ["Suspend 2 customers: None of 2 confirmed; 2 cancelled."]


def test_a_run_that_a_person_started_is_told_and_one_of_the_schedule_is_not(supervisor, user, kirim):
    kirim.customers = [customer_row(1), customer_row(2)]
    supervisor.post("/runs/start/kirim.customers/")
    tasks.sync_resource("kirim.accounts")
    assert told(user) == ["Sync of Customers: done, 2 read."] and Notification.objects.count() == 1
    assert Notification.objects.get().url == f"/runs/{SyncRun.objects.get(resource='kirim.customers').pk}/"


@pytest.mark.parametrize(
    ("state", "error", "sentence"),
    [
        ("failed", "A remote's own words", "Sync of Customers: failed. Its page says why."),
        ("partial", "held", "Sync of Customers: held, 43 records look gone. A supervisor has to look."),
        ("partial", "", "Sync of Customers: done, 7 read, but some could not be taken."),
        ("interrupted", "", "Sync of Customers: cut off. The next run goes on where it stopped."),
    ],
)
def test_each_end_of_a_run_has_its_sentence_and_none_has_the_remotes(user, state, error, sentence):
    run = RunFactory(state="running", ended_at=None, started_by=user, fetched=7, held=43)
    for _ in range(2):
        runs.finish(run, state, error)
    assert told(user) == [sentence]


def test_a_run_whose_process_is_gone_and_one_that_met_another_are_told(user):
    me = this_process()
    mine = {"host": me.host, "pid": me.pid, "heartbeat_at": timezone.now()}
    RunFactory(state="running", ended_at=None, started_by=user, process_started=me.started, **mine)
    waiting = RunFactory(state="queued", ended_at=None, started_at=None, started_by=user)
    assert not runs.claim(waiting, wait_s=0)
    SyncRun.objects.update(process_started="another time")
    assert runs.bury_silent("kirim.customers")
    assert told(user) == [
        "Sync of Customers: nothing was done, another run was still going.",
        "Sync of Customers: cut off. The next run goes on where it stopped.",
    ]


def test_an_export_is_told_whatever_its_end(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    CustomerFactory()
    user = person("viewer")
    for label in ("customers.customer", "customers.gone"):
        export = Export.objects.create(user=user, list_label=label, kind="csv")
        for _ in range(2):
            exports.carry_out(export.pk)
    (tmp_path / "exports").rename(tmp_path / "other")
    (tmp_path / "exports").write_text("no folder")
    exports.carry_out(Export.objects.create(user=user, list_label="customers.customer", kind="csv").pk)
    assert told(user) == [
        "Export of Customers: ready, 1 row.",
        "Export of customers.gone: refused.",
        "Export of Customers: failed. Its line says why.",
    ]


# -- the bell ---------------------------------------------------------------------------------------------------------


def test_a_page_with_the_bell_asks_the_database_nothing_for_it(supervisor, user):
    a_word(user)
    with CaptureQueriesContext(connection) as queries:
        page = page_of(supervisor, "/")
    assert not [query for query in queries if "backoffice_notification" in query["sql"]]
    assert 'href="/notifications/"' in page and 'hx-get="/notifications/bell/"' in page and "Sentence" not in page


def test_the_bell_counts_what_is_unread_and_says_so_only_when_that_changes(supervisor, user):
    a_word(user, "old", read_at=timezone.now())
    first = a_word(user, "new")
    count = supervisor.get("/notifications/bell/", headers=HTMX)
    assert f"shown=1-{first.pk}" in count.content.decode() and "unread notification<" in count.content.decode()
    assert supervisor.get(f"/notifications/bell/?shown=1-{first.pk}", headers=HTMX).status_code == 204
    second = a_word(user, "newer")
    page = supervisor.get(f"/notifications/bell/?shown=1-{first.pk}", headers=HTMX).content.decode()
    assert f"shown=2-{second.pk}" in page and "unread notifications<" in page
    with CaptureQueriesContext(connection) as queries:
        supervisor.get("/notifications/bell/", headers=HTMX)
    assert len([query for query in queries if "backoffice_notification" in query["sql"]]) == 1
    assert len(queries) <= 5, len(queries)


def test_who_was_logged_out_keeps_the_page_that_he_types_in(supervisor, client):
    client.logout()
    answer = client.get("/notifications/bell/", headers=HTMX)
    assert (answer.status_code, answer.content, answer.headers.get("HX-Refresh")) == (286, b"", None)
    assert client.get("/notifications/bell/").status_code == 302
    client.force_login(person())
    assert client.get("/notifications/bell/", headers=HTMX).status_code == 286
    assert client.get("/notifications/bell/").status_code == 403


def test_the_panel_shows_the_last_ten_and_the_page_all(supervisor, user):
    for number in range(12):
        a_word(user, f"thing {number:02}")
    panel = page_of(supervisor, "/notifications/latest/")
    assert panel.count("<li") == 10 and "thing 11" in panel and "thing 01" not in panel
    assert "<html" not in panel
    page = page_of(supervisor, "/notifications/")
    assert page.count("Sentence of thing") >= 12 and "30 days" in page


def test_opening_one_reads_it_and_leads_to_the_thing(supervisor, user):
    one, two = a_word(user, "one"), a_word(user, "two")
    answer = supervisor.post(f"/notifications/{one.pk}/open/")
    assert answer["Location"] == "/runs/1/"
    assert list(Notification.objects.filter(read_at=None)) == [two]


def test_one_and_all_are_marked_as_read(supervisor, user):
    one, two = a_word(user, "one"), a_word(user, "two")
    answer = supervisor.post(f"/notifications/{one.pk}/read/", headers=HTMX)
    assert answer["HX-Trigger"] == "bell" and "<html" not in answer.content.decode()
    assert list(Notification.objects.filter(read_at=None)) == [two]
    later = a_word(user, "later")
    answer = supervisor.post("/notifications/read/", {"newest": two.pk})
    assert answer["Location"] == "/notifications/"
    assert list(Notification.objects.filter(read_at=None)) == [later]  # it came after the page was made
    supervisor.post("/notifications/read/", {"newest": "²"})
    assert not Notification.objects.filter(read_at=None).exists()


def test_nobody_sees_or_reads_those_of_others(supervisor, user):
    theirs = a_word(person("viewer"), "theirs")
    assert "theirs" not in page_of(supervisor, "/notifications/") + page_of(supervisor, "/notifications/latest/")
    for verb in ("open", "read"):
        assert supervisor.post(f"/notifications/{theirs.pk}/{verb}/").status_code == 404
    supervisor.post("/notifications/read/")
    theirs.refresh_from_db()
    assert theirs.read_at is None


def test_all_changes_are_posts_with_a_token(supervisor, user):
    one = a_word(user)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    for url in (f"/notifications/{one.pk}/open/", f"/notifications/{one.pk}/read/", "/notifications/read/"):
        assert supervisor.get(url).status_code == 405 and strict.post(url).status_code == 403


def test_a_sentence_is_escaped_and_cut(supervisor, user):
    tell(user.pk, Notification.Kind.RUN, "x", "<script>" + "x" * 400, "/")
    page = page_of(supervisor, "/notifications/")
    assert "<script>xxx" not in page and "&lt;script&gt;xxx" in page


def test_after_thirty_days_they_are_deleted(user):
    a_word(user, "old", at=timezone.now() - timedelta(days=31))
    a_word(user, "new", at=timezone.now() - timedelta(days=29))
    tasks.prune()
    assert told(user) == ["Sentence of new."]


def test_who_exports_is_told_by_the_bell(desk, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    url = reverse("new_export", query={"list": "customers.customer"})
    desk.post(url, {"export_id": uuid4(), "kind": "csv", "columns": ["name"]})
    assert "unread notification" in desk.get("/notifications/bell/", headers=HTMX).content.decode()
    assert "Export of Customers: ready, 0 rows." in page_of(desk, "/notifications/latest/")
