"""Exports in the background: who gets which file, what it says of itself, and what happens when things go wrong."""

import stat
import subprocess
import sys
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from backoffice import export as files
from backoffice import exports, tasks
from backoffice.models import Export, StaffLimits
from backoffice.tests.factories import RunFactory, person, superuser
from backoffice.tests.reading import page_of
from backoffice.tests.shell import database_url
from customers.tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db

LIST = reverse("admin:customers_customer_changelist")


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return tmp_path


def ask(client: Client, query: str = "", *, of: str = "customers.customer", kind: str = "csv", columns=None, id=None):
    url = reverse("new_export", query={"list": of, "query": query})
    columns = columns or ["remote_id", "name", "status"]
    return client.post(url, {"export_id": id or uuid4(), "kind": kind, "columns": columns})


def fetched(client: Client, export: Export | None = None):
    export = export or Export.objects.get()
    return client.get(f"/exports/{export.pk}/download/")


def text_of(client: Client) -> str:
    return b"".join(fetched(client).streaming_content).decode()


def queued(user, **values) -> Export:
    values = {"list_label": "customers.customer", "kind": "csv", **values}
    return Export.objects.create(user=user, **values)


def test_a_file_says_what_it_holds_and_how_old_that_is_before_its_rows(desk):
    swept = RunFactory().swept_from
    CustomerFactory(name="=1+1", status="pending")
    CustomerFactory(name="Warung", status="active")
    assert ask(desk, "status=pending&q=1")["Location"] == "/exports/"
    lines = text_of(desk).splitlines()
    user = Export.objects.get().user
    assert lines[0] == 'What,"all customers with state “pending”, presence “Present” found by “1”"'
    assert lines[1] == f"Age of the data,{swept:%Y-%m-%dT%H:%M:%S%z}"
    assert lines[2].startswith(f"Written,{timezone.now():%Y-%m-%d}") and lines[3] == f"For,{user.username}"
    assert lines[4:6] == ["", "remote_id,name,status"]
    assert lines[6].endswith(",'=1+1,pending") and len(lines) == 7
    export = Export.objects.get()
    assert (export.state, export.rows, export.as_of) == ("ready", 1, swept)


def test_an_xlsx_file_says_it_on_a_sheet_of_its_own(desk):
    CustomerFactory.create_batch(3, name="+49")
    ask(desk, kind="xlsx", columns=["name"])
    book = load_workbook(BytesIO(b"".join(fetched(desk).streaming_content)))
    assert [row for row in book["Rows"].iter_rows(values_only=True)] == [("name",), *[("'+49",)] * 3]
    about = dict(book["About"].iter_rows(values_only=True))
    assert about["What"] == "all customers with presence “Present”"
    assert about["Age of the data"] == "never read completely; each row is as old as it says"


def test_every_list_with_an_export_can_be_exported_so(data_dir):
    from django.contrib import admin

    client = Client()
    client.force_login(superuser())
    lists = [one for one in admin.site._registry.values() if getattr(one, "export_columns", None)]
    assert len(lists) > 15
    for one in lists:
        headers = [header for header, _ in one.export_columns]
        ask(client, of=one.opts.label_lower, columns=headers)
        export = Export.objects.first()
        assert (export.state, export.columns, export.error) == ("ready", [], ""), one
    client.force_login(person("viewer"))
    assert ask(client, of="auth.user", columns=["x"]).status_code == 404


def test_the_rows_come_in_the_order_of_the_list(desk):
    for name in ("B", "C", "A"):
        CustomerFactory(name=name)
    page = page_of(desk, LIST)
    place = next(n for n in range(3) if f"?o={n}" in page)
    ask(desk, f"o=-{place}", columns=["name"])
    assert text_of(desk).splitlines()[6:] == ["C", "B", "A"]


def test_a_large_list_is_exported_in_the_background_and_a_small_one_at_once(desk, monkeypatch):
    CustomerFactory.create_batch(3)
    monkeypatch.setattr(files, "MOST_AT_ONCE", 2)
    for kind in ("csv", "xlsx"):
        answer = desk.get(f"{LIST}export/{kind}/?status=active")
        asked = parse_qs(urlsplit(answer["Location"]).query)
        assert (urlsplit(answer["Location"]).path, asked["kind"], asked["query"]) == (
            "/exports/new/", [kind], ["status=active"]
        )  # fmt: skip
        assert "written in the background" in page_of(desk, answer["Location"])
    assert not Export.objects.exists()  # a GET asks only
    monkeypatch.setattr(files, "MOST_AT_ONCE", 3)
    assert "filename" in desk.get(f"{LIST}export/csv/?status=active")["Content-Disposition"]
    assert 'href="/exports/new/?list=customers.customer' in page_of(desk, f"{LIST}?status=active")  # on wish always


def test_the_same_form_twice_is_one_export(desk):
    id = uuid4()
    ask(desk, id=id)
    ask(desk, id=id)
    assert Export.objects.get().tries == 1


@pytest.mark.parametrize("wrong", [{"kind": "exe"}, {"columns": ["payload"]}])
def test_a_form_that_asks_for_what_there_is_not_is_shown_again(desk, wrong):
    answer = ask(desk, **wrong)
    assert answer.status_code == 200 and "Choose" in answer.content.decode()
    assert not Export.objects.exists()


def test_what_a_list_does_not_know_and_a_secret_are_not_kept(desk):
    token = "Ab3dEf6hIj9lMn2pQr5tUv8x"
    ask(desk, f"q=https://kirim.example/setup/{token}&payload__x=1&p=3")
    export = Export.objects.get()
    assert token not in export.query and "payload" not in export.query and token not in text_of(desk)


# -- whose it is ------------------------------------------------------------------------------------------------------


def test_a_file_is_for_who_asked_for_it_only(desk):
    CustomerFactory()
    ask(desk)
    export = Export.objects.get()
    other = Client()
    other.force_login(superuser())
    assert fetched(other, export).status_code == 404
    assert other.post(f"/exports/{export.pk}/delete/").status_code == 404
    assert "Download" not in page_of(other, "/exports/") and "Download" in page_of(desk, "/exports/")
    path = exports.path_of(export)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(path.stem) > 40 and str(export.pk) not in path.name
    answer = fetched(desk)
    answer.close()
    assert "no-store" in answer["Cache-Control"]
    assert answer["Content-Disposition"].startswith('attachment; filename="customer-')
    assert answer["Content-Disposition"].endswith('.csv"')


def test_who_may_not_see_the_list_gets_no_export_of_it(client):
    client.force_login(person("warehouse"))
    assert client.get(reverse("new_export", query={"list": "customers.customer"})).status_code == 403
    assert ask(client).status_code == 403
    assert not Export.objects.exists()


@pytest.mark.parametrize("how", ["group", "is_active", "is_staff"])
def test_who_lost_the_permission_before_it_was_written_is_refused(how, data_dir):
    user = person("customer desk")
    export = queued(user)
    if how == "group":
        user.groups.set([Group.objects.get(name="warehouse")])
    else:
        setattr(user, how, False)
        user.save()
    exports.carry_out(export.pk)
    export.refresh_from_db()
    assert export.state == "refused" and "may not see this list" in export.error
    assert list((data_dir / "exports").iterdir()) == []


def test_who_lost_the_permission_after_it_was_written_cannot_fetch_it(desk):
    ask(desk)
    user = Export.objects.get().user
    user.groups.set([Group.objects.get(name="warehouse")])
    assert fetched(desk).status_code == 403


def test_rows_that_the_person_may_not_see_are_not_in_the_file(client):
    from backoffice.tests.test_needs import make_write

    make_write("confirmed", reason="Of a customer")
    for role, rows in (("warehouse", 0), ("supervisor", 1)):
        client.force_login(person(role))
        ask(client, of="backoffice.remotewrite", columns=["write", "state"])
        assert Export.objects.first().rows == rows, role


def test_a_file_holds_what_lies_within_the_persons_limits_and_is_gone_once_these_change(client):
    for team in ("team_one", "team_two"):
        CustomerFactory(team_id=team, name=f"Of {team}")
    user = person("viewer")
    limits = StaffLimits.objects.create(user=user, values={"team": ["team_one"]})
    client.force_login(user)
    ask(client, columns=["name"])
    lines = text_of(client).splitlines()
    assert "Limited to,1 team" in lines and lines[-1] == "Of team_one" and "Of team_two" not in lines
    limits.values = {"team": ["team_two"]}
    limits.save()
    export = Export.objects.get()
    page = client.get(f"/exports/{export.pk}/download/", follow=True).content.decode()
    assert "What you may see of the list was changed since" in page


def test_all_changes_are_posts_with_a_token(desk):
    ask(desk)
    export = Export.objects.get()
    assert desk.get(f"/exports/{export.pk}/delete/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(export.user)
    assert strict.post(f"/exports/{export.pk}/delete/").status_code == 403
    assert ask(strict).status_code == 403


# -- when things go wrong ---------------------------------------------------------------------------------------------


def test_nobody_waits_for_more_than_five(desk):
    user = desk.get("/").wsgi_request.user
    for _ in range(5):
        queued(user)
    assert "You wait for 5 exports already" in ask(desk).content.decode()
    assert Export.objects.count() == 5


def test_an_export_of_a_killed_worker_is_begun_anew_and_given_up_after_three_times(data_dir):
    CustomerFactory()
    export = queued(person("viewer"), asked_at=timezone.now() - timedelta(minutes=5))
    for tries in (1, 2, 3):
        lost = exports._claim(export.pk)
        assert lost.tries == tries
        exports._part_of(lost).write_text("half a fi")
        assert exports.silent() == []  # this process lives
        Export.objects.filter(pk=export.pk).update(process_started="another time")
        assert [one.pk for one in exports.silent()] == ([export.pk] if tries < 3 else [])
        assert list((data_dir / "exports").iterdir()) == []
    export.refresh_from_db()
    assert export.state == "failed" and "lost 3 times" in export.error


def test_the_reaper_hands_a_lost_export_to_the_workers(data_dir):
    CustomerFactory()
    export = queued(person("viewer"), asked_at=timezone.now() - timedelta(minutes=5))
    exports._claim(export.pk)
    Export.objects.filter(pk=export.pk).update(process_started="another time")
    tasks.reap()
    export.refresh_from_db()
    assert (export.state, export.rows, export.tries) == ("ready", 1, 2)


def test_two_workers_leave_one_file(data_dir):
    CustomerFactory()
    export = queued(person("viewer"))
    first = exports._claim(export.pk)
    Export.objects.filter(pk=export.pk).update(state="queued", claim=None)  # it was taken for lost
    exports.carry_out(export.pk)
    exports._write(first, first.user)  # it was not
    exports.carry_out(export.pk)
    export.refresh_from_db()
    assert export.state == "ready"
    assert [path.name for path in (data_dir / "exports").iterdir()] == [export.file_name]


def test_a_deleted_export_stops_at_its_next_row_and_leaves_nothing(data_dir, desk):
    export = queued(desk.get("/").wsgi_request.user)
    running = exports._claim(export.pk)
    part = exports._part_of(running)
    part.write_text("")
    rows = exports._signed(part, iter([[1]] * 1000))
    assert next(rows) == [1]
    assert "deleted" in desk.post(f"/exports/{export.pk}/delete/", follow=True).content.decode()
    with pytest.raises(exports._TakenAway):
        list(rows)
    assert list((data_dir / "exports").iterdir()) == [] and not Export.objects.exists()


def test_a_disk_that_takes_no_file_is_told(data_dir):
    CustomerFactory()
    (data_dir / "exports").write_text("a file in the folder's place")
    export = queued(person("viewer"))
    exports.carry_out(export.pk)
    export.refresh_from_db()
    assert export.state == "failed" and "could not be written" in export.error


def test_filters_that_cannot_be_used_any_more_end_it_with_a_sentence():
    export = queued(person("viewer"), query="payload__x=1")
    exports.carry_out(export.pk)
    export.refresh_from_db()
    assert export.state == "ready"  # what a list does not know is left out
    export = queued(person("viewer"), list_label="customers.gone")
    exports.carry_out(export.pk)
    export.refresh_from_db()
    assert export.state == "refused"


def test_a_sheet_that_is_full_is_told(monkeypatch, desk, data_dir):
    CustomerFactory.create_batch(3)
    monkeypatch.setattr(files, "MOST_SHEET_ROWS", 2)
    ask(desk, kind="xlsx")
    export = Export.objects.get()
    assert export.state == "failed" and "take CSV" in export.error
    assert "take CSV" in page_of(desk, "/exports/")
    assert list((data_dir / "exports").iterdir()) == []


BROKER_DOWN = """
from uuid import uuid4
from django.contrib.auth.models import User
from django.test import Client
client = Client(HTTP_HOST="127.0.0.1")
client.force_login(User.objects.get(username="waits"))
url = "/exports/new/?list=customers.customer"
page = client.post(url, {"export_id": uuid4(), "kind": "csv", "columns": ["name"]}, follow=True).content.decode()
assert "The broker is down. The work is kept" in page, page
assert "every 2s" in page, page
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_with_the_broker_down_the_export_is_kept_and_that_is_said(settings, collected_static):
    person("customer desk", username="waits")
    environment = {
        "DJANGO_SETTINGS_MODULE": "backoffice.settings",
        "DATA_DIR": str(collected_static),
        "DATABASE_URL": database_url(),
        "SECRET_KEY": settings.SECRET_KEY,
        "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
        "PUBLIC_BASE_URL": "http://127.0.0.1",
    }
    ended = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", BROKER_DOWN],
        cwd=Path(__file__).resolve().parents[2],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert Export.objects.get().state == "queued"


def test_after_a_week_the_file_is_gone_and_so_is_what_nobody_knows(desk, data_dir):
    import os

    ask(desk)
    export = Export.objects.get()
    stray, fresh = data_dir / "exports" / "stray.part", data_dir / "exports" / "openpyxl.new"
    stray.write_text("x")
    fresh.write_text("x")
    long_ago = timezone.now().timestamp() - 2 * 24 * 3600
    os.utime(stray, (long_ago, long_ago))
    tasks.prune()
    assert exports.path_of(export).exists() and not stray.exists() and fresh.exists()
    Export.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "no such file (any more)" in desk.get(f"/exports/{export.pk}/download/", follow=True).content.decode()
    tasks.prune()
    assert not Export.objects.exists() and not exports.path_of(export).exists()


def test_memory_does_not_grow_with_the_list(data_dir):
    import tracemalloc

    def peak(count: int, write) -> int:
        path = data_dir / "file"
        tracemalloc.start()
        write(path, [("What", "x")], ["a", "b"], ([f"name {n}" * 5, n] for n in range(count)))
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    for write in (files.write_csv, files.write_xlsx):
        peak(100, write)  # what is loaded once
        assert peak(20_000, write) < peak(1_000, write) + 300_000, write
