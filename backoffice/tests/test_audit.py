"""The audit: an entry for each deed, whoever does it and however it ends."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backoffice import audit, auditlist, tasks
from backoffice.bulk import again, run
from backoffice.bulk.freeze import Row, freeze
from backoffice.client import PERSON
from backoffice.models import AuditEntry, BulkAction, RemoteWrite, SyncRun
from backoffice.sync import runs
from backoffice.tests.factories import RunFactory, person, superuser
from backoffice.tests.reads import each_reading_is_noted
from backoffice.tests.shell import Ended, command
from backoffice.tests.shell import run as run_command
from backoffice.writes import settle as settling
from backoffice.writes.carry_out import carry_out, renew
from backoffice.writes.dismiss import dismiss
from backoffice.writes.plan import Actor, plan
from backoffice.writes.sending import SEND_DEADLINE, settle
from backoffice.writes.verbs import VERBS, ReadVerb, WriteVerb, write_verb
from customers.tests.kirim import customer

pytestmark = pytest.mark.django_db
Door = RemoteWrite.Door
ROOT = Path(__file__).resolve().parents[2]
WRITES = sorted(key for key, verb in VERBS.items() if isinstance(verb, WriteVerb))
SUSPEND = write_verb("customer", "suspend")


def entries(**narrowed: Any) -> list[AuditEntry]:
    """The oldest first."""
    return list(AuditEntry.objects.filter(**narrowed).order_by("pk"))


def only(**narrowed: Any) -> AuditEntry:
    (entry,) = entries(**narrowed)
    return entry


def told_by(*argv: str) -> Ended:
    """The command ``audit``, from its arguments to its end."""
    return run_command(command("backoffice.management.commands.audit"), *argv)


@pytest.fixture
def no_upstream(settings: Any) -> None:
    """Nothing can be sent."""
    settings.KIRIM_BASE_URL = ""


@pytest.mark.parametrize(("target", "name"), WRITES)
def test_each_verb_of_each_remote_is_noted_when_it_is_planned_and_when_it_ends(
    target: str, name: str, user: User, no_upstream: None
) -> None:
    verb = write_verb(target, name)
    user.is_superuser = True
    write, _ = plan(verb, Actor(user, Door.PAGE), remote_id="x_1", owner_remote_id="o_1", reason="Asked by phone")
    carry_out(write, PERSON)
    assert [entry.outcome for entry in entries()] == ["planned", "failed"]
    for entry in entries():
        about = (entry.verb, entry.kind, entry.remote_id, entry.owner_remote_id, entry.upstream)
        assert about == (name, target, "x_1", "o_1", verb.upstream)
        by = (entry.actor, entry.actor_name, entry.door, entry.reason, entry.write_id, entry.correlation_id)
        assert by == (user, user.username, "page", "Asked by phone", write.pk, write.correlation_id)
    plan(verb, Actor(user, Door.PAGE), id=write.pk, remote_id="x_1")
    assert len(entries()) == 2  # the same form once more is no second deed


def test_every_verb_and_kind_that_can_be_noted_can_be_filtered_by() -> None:
    assert {name for _, name in VERBS} <= auditlist.verbs_in_words().keys()
    assert {target for target, _ in VERBS} <= set(audit.kinds())
    source = "".join(path.read_text() for path in _product())
    noted = set(re.findall(r"\b(?:note|note_mirrored|entry|note_done_with|entry_of_bulk)\(\s*\"([a-z_]+)\"", source))
    assert noted and noted <= audit.VERBS_HERE.keys(), noted - audit.VERBS_HERE.keys()
    kinds = set(re.findall(r"(?:noted_kind = |kind=)\"([a-z_]+)\"", source))
    assert kinds <= set(audit.kinds()), kinds - set(audit.kinds())


def test_writes_and_bulk_actions_are_made_and_ended_in_one_place_each() -> None:
    """So nothing can be written that is not noted."""
    made = re.compile(r"(RemoteWrite|BulkAction)(?:\.objects)?(?:\.(?:get_or_|bulk_|update_or_)?create)?\((?!\*)")
    found = {
        path.relative_to(ROOT).as_posix()
        for path in _product()
        for match in made.finditer(path.read_text())
        if "create" in match[0]
    }
    assert found == {"backoffice/writes/plan.py", "backoffice/bulk/freeze.py"}
    ended = re.compile(r"RemoteWrite\.objects[^\n]*\.update\(\*\*values\)|state=State\.(?:CONFIRMED|REFUSED)\)\.update")
    places = {path.relative_to(ROOT).as_posix() for path in _product() if ended.search(path.read_text())}
    assert places <= {"backoffice/writes/carry_out.py", "backoffice/writes/sending.py"}


def _product() -> list[Path]:
    """Our code but for tests, the sandbox and migrations."""
    left_out = {"tests", "sandbox", "migrations", "benchmarks"}
    found = (path for app in ("backoffice", "customers", "fulfilment") for path in (ROOT / app).rglob("*.py"))
    return [path for path in found if not left_out & set(path.relative_to(ROOT).parts)]


def test_a_process_that_dies_between_plan_and_end_leaves_the_plan_and_later_an_end(user: User) -> None:
    write, _ = plan(SUSPEND, Actor(user, Door.PAGE), remote_id="cus_1", reason="Why")
    assert only().outcome == "planned"  # committed before anything else, so whatever dies then
    RemoteWrite.objects.update(waits_since=timezone.now() - 2 * settling.SENT_AT_MOST)
    settling.find_lost()
    assert [(one.outcome, one.actor_name) for one in entries()] == [
        ("planned", user.username),
        ("failed", user.username),
    ]
    renew(RemoteWrite.objects.get(), Actor(user, Door.PAGE))
    RemoteWrite.objects.update(state="sent", sent_at=timezone.now() - SEND_DEADLINE * 2)
    settling.find_lost()
    assert [(one.verb, one.outcome) for one in entries()][2:] == [("send_again", "planned"), ("suspend", "unknown")]
    assert {one.write_id for one in entries()} == {write.pk}


def test_an_end_that_is_rolled_back_was_none(user: User) -> None:
    write, _ = plan(SUSPEND, Actor(user, Door.PAGE), remote_id="cus_1")

    class Broken(Exception):
        pass

    with pytest.raises(Broken), transaction.atomic():
        settle(write, RemoteWrite.State.CONFIRMED)
        raise Broken
    assert [one.outcome for one in entries()] == ["planned"]


def test_what_a_person_did_with_a_write_is_noted_in_that_persons_name(user: User) -> None:
    other = person("supervisor")
    write, _ = plan(SUSPEND, Actor(user, Door.PAGE), remote_id="cus_1")
    settle(write, RemoteWrite.State.UNKNOWN)
    settling.settle_by_hand(write, Actor(other, Door.PAGE), was_done=False, reason="Seen at Kirim")
    dismiss(RemoteWrite.objects.all(), Actor(other, Door.PAGE))
    told = [(one.verb, one.actor_name, one.outcome, one.reason) for one in entries()][-3:]
    assert told == [
        ("suspend", user.username, "failed", ""),
        ("settle_by_hand", other.username, "failed", "Seen at Kirim"),
        ("dismiss", other.username, "done", ""),
    ]


def test_a_bulk_action_is_noted_as_a_whole_and_row_by_row(user: User, no_upstream: None) -> None:
    rows = [Row("cus_1", "One"), Row("cus_2", "Two")]
    frozen: Any = freeze(SUSPEND, user, id=RemoteWrite().pk, rows=rows, words="q=secret", reason="Fraud")[0]
    run.work(frozen, waits_out_pauses=False)
    assert [(one.verb, one.outcome, one.label) for one in entries(bulk_id=frozen.pk)] == [
        ("bulk", "done", "suspend 2 customers"), ("suspend", "planned", "One"), ("suspend", "failed", ""),
        ("suspend", "planned", "Two"), ("suspend", "failed", ""),
    ]  # fmt: skip
    assert {one.door for one in entries()} == {"bulk"} and "q=secret" not in str(AuditEntry.objects.values())
    again.retry(frozen, user)
    again.cancel(frozen, user)
    assert [(one.verb, one.detail) for one in entries()[-2:]] == [("bulk_retry", "2 rows"), ("bulk_cancel", "2 rows")]


def test_rows_that_a_person_may_not_do_any_more_are_noted(user: User) -> None:
    bulk, _ = freeze(SUSPEND, user, id=RemoteWrite().pk, rows=[Row("cus_1", "One")], words="", reason="")
    user.groups.clear()
    run.work(bulk, waits_out_pauses=False)
    assert [(one.verb, one.outcome, one.remote_id) for one in entries()][1:] == [("suspend", "not allowed", "cus_1")]


def test_what_somebody_is_not_allowed_is_noted_whichever_page_says_no(viewer: Client, sandbox: Any) -> None:
    from customers.models import Customer

    someone = Customer.objects.earliest("pk")
    assert viewer.post(f"/admin/customers/customer/{someone.pk}/suspend/").status_code == 403
    assert viewer.get("/admin/backoffice/auditentry/").status_code == 403
    first, second = entries(outcome="not allowed")
    assert (first.kind, first.remote_id, first.label) == ("customer", someone.remote_id, str(someone))
    assert first.detail == f"POST /admin/customers/customer/{someone.pk}/suspend/"
    assert (second.kind, second.detail) == ("page", "GET /admin/backoffice/auditentry/")
    assert first.actor == second.actor == User.objects.get()


def test_what_somebody_is_not_allowed_by_command_is_noted() -> None:
    viewer = person("viewer")
    with pytest.raises(CommandError):
        call_command("customers", "suspend", "cus_1", "--as", viewer.username)
    entry = only()
    told = (entry.verb, entry.label, entry.remote_id, entry.outcome, entry.actor, entry.door)
    assert told == ("command", "customers suspend", "cus_1", "not allowed", viewer, "command")


def test_runs_are_noted_where_somebody_wants_them_and_else_cost_nothing(
    supervisor: Client, user: User, django_assert_num_queries: Any
) -> None:
    supervisor.post("/runs/start/kirim.customers/")
    started = only(verb="sync")
    assert (started.actor, started.upstream, started.remote_id) == (user, "kirim", str(SyncRun.objects.latest("pk").pk))
    queued = runs.queue("kirim.accounts", trigger="person", user=user)
    supervisor.post(f"/runs/{queued.pk}/stop/")
    assert only(verb="sync_stop").label == str(queued)
    held = RunFactory(state="partial", error="held", held=30)
    runs.queue("kirim.customers", trigger="command", accepts=held)
    accepted = only(verb="sync_accept")
    assert (accepted.actor_name, accepted.door, accepted.detail) == (
        "the operator",
        "command",
        f"normal, accepts #{held.pk}",
    )
    before = len(entries())
    runs.queue("kirim.customers", trigger="schedule")
    assert len(entries()) == before


def test_signing_in_and_out_is_noted_without_what_was_typed_in_vain(client: Client) -> None:
    someone = person("viewer")
    for name in (someone.username, "hunter2-typed-as-name"):
        client.post("/admin/login/", {"username": name, "password": "wrong-secret"})
    client.post("/admin/login/", {"username": someone.username, "password": "correct horse battery staple"})
    client.post("/admin/logout/")
    assert [(one.verb, one.outcome, one.actor_name, one.label) for one in entries()] == [
        ("sign_in", "refused", "nobody signed in", someone.username),
        ("sign_in", "refused", "nobody signed in", "(no such name)"),
        ("sign_in", "done", someone.username, someone.username),
        ("sign_out", "done", someone.username, someone.username),
    ]
    assert {one.detail for one in entries()} == {"from 127.0.0.1"}
    kept = str(list(AuditEntry.objects.values()))
    assert "hunter2" not in kept and "wrong-secret" not in kept


def test_trying_on_while_a_name_is_locked_adds_nothing(client: Client) -> None:
    for _ in range(9):
        client.post("/admin/login/", {"username": "nobody", "password": "wrong"})
    assert len(entries()) == 5


def test_accounts_groups_and_schedules_are_noted_as_they_are_edited(client: Client) -> None:
    from django_celery_beat.models import PeriodicTask

    boss, someone = superuser(), person("viewer")
    client.force_login(boss)
    address = f"/admin/auth/user/{someone.pk}/change/"
    supervisors = str(person("supervisor").groups.get().pk)
    joined = {"date_joined_0": "2026-01-01", "date_joined_1": "10:00:00", "last_login_0": "", "last_login_1": ""}
    joined |= {"limits-TOTAL_FORMS": "0", "limits-INITIAL_FORMS": "0"}
    form = {"username": someone.username, "is_active": "on", "is_staff": "on", "groups": [supervisors], **joined}
    assert client.post(address, form).status_code == 302
    changed = only(verb="change", kind="user")
    assert (changed.actor, changed.remote_id, changed.label) == (boss, str(someone.pk), someone.username)
    assert "Groups" in changed.detail and "groups: supervisor;" in changed.detail
    password = {"password1": "a-new-secret-9", "password2": "a-new-secret-9", "usable_password": "true"}
    client.post(f"/admin/auth/user/{someone.pk}/password/", password)
    assert "assword" in entries(kind="user")[-1].detail
    task = PeriodicTask.objects.earliest("pk")
    client.post("/admin/django_celery_beat/periodictask/", {"action": "disable_tasks", "_selected_action": [task.pk]})
    assert "Now off" in only(kind="schedule").detail
    page = client.get(address).content.decode()
    assert f'href="/admin/backoffice/auditentry/?by={someone.pk}"' in page and "By this person" in page
    client.post("/admin/auth/group/add/", {"name": "night shift"})
    assert only(kind="group", verb="add").label == "night shift"
    assert "a-new-secret-9" not in str(list(AuditEntry.objects.values()))


def test_who_leaves_keeps_the_name_in_the_audit(user: User) -> None:
    audit.note("sign_in", user=user, door="page", kind="user")
    name, key = user.username, user.pk
    user.delete()
    entry = only()
    assert (entry.actor_name, entry.actor_id) == (name, key)


def test_an_export_is_noted_with_what_it_was_narrowed_by_but_not_to_what(supervisor: Client, sandbox: Any) -> None:
    b"".join(supervisor.get("/admin/customers/customer/export/csv/?status=active&q=toko").streaming_content)  # type: ignore[attr-defined]
    entry = only(verb="export")
    assert entry.label == "customers.customer" and entry.detail.endswith("rows, narrowed by q, status")
    assert "toko" not in str(AuditEntry.objects.values()).lower()


def test_reading_again_is_noted_for_who_asked_and_not_for_what_nobody_asked(supervisor: Client, sandbox: Any) -> None:
    from customers.models import Customer

    someone = Customer.objects.earliest("pk")
    refresh = VERBS["customer", "refresh"]
    assert isinstance(refresh, ReadVerb) and not entries(verb="read_again")
    with refresh.client(PERSON) as api:
        refresh.read(api, someone.remote_id)  # as a task would
    assert not entries(verb="read_again")
    supervisor.post(f"/admin/customers/customer/{someone.pk}/refresh/")
    read, links = entries(verb="read_again")
    assert (read.kind, read.remote_id, read.label) == ("customer", someone.remote_id, str(someone))
    assert (links.kind, links.owner_remote_id) == ("setup_link", someone.remote_id)
    call_command("customers", "fetch", someone.remote_id, "--json")
    assert (entries(verb="read_again")[-1].door, entries(verb="read_again")[-1].actor_name) == (
        "command",
        "the operator",
    )


def test_the_audit_is_read_by_supervisors_alone(client: Client) -> None:
    assert Permission.objects.get(codename="view_auditentry")
    for role, status in (("viewer", 403), ("customer desk", 403), ("warehouse", 403), ("supervisor", 200)):
        client.force_login(person(role))
        assert client.get("/admin/backoffice/auditentry/").status_code == status, role
    assert told_by("list", "--as", person("supervisor").username).code == 0
    assert told_by("list", "--as", person("viewer").username).code == 3


def test_a_command_lists_it_narrowed(user: User) -> None:
    write, _ = plan(SUSPEND, Actor(user, Door.PAGE), remote_id="cus_1", owner_remote_id="o_1", reason="Why")
    audit.note("sign_in", user=person("viewer"), door="page", kind="user", remote_id="7")
    (line,) = told_by("list", "--record", "cus_1", "--json").records
    assert (line["by"], line["verb"], line["outcome"], line["reason"]) == (user.username, "suspend", "planned", "Why")
    assert (line["write"], line["kind"], line["through"]) == (str(write.pk), "customer", "page")
    assert [one["remote_id"] for one in told_by("list", "--record", "o_1", "--json").records] == ["cus_1"]
    assert [one["verb"] for one in told_by("list", "--by", user.username, "--json").records] == ["suspend"]
    assert told_by("list", "--since", "2999-01-01", "--json").records == []
    assert len(told_by("list", "--since", "2020-01-01T10:00", "--json").records) == 2
    assert told_by("list", "--since", "yesterday").code == 2
    assert BulkAction.objects.count() == 0


@pytest.mark.parametrize("name", ["archive", "delete", "cancel"])
def test_what_is_final_asks_for_the_reason_that_the_audit_keeps(name: str) -> None:
    verbs = [verb for (target, its), verb in VERBS.items() if its == name and "subscription" not in target]
    assert verbs and all(verb.asks_reason for verb in verbs)


def _about_the_audit(queries: Any) -> list[str]:
    return [query["sql"].split()[0] for query in queries if "backoffice_auditentry" in query["sql"]]


def test_a_write_costs_one_insert_as_it_is_planned_and_one_as_it_ends(user: User, no_upstream: None) -> None:
    with CaptureQueriesContext(connection) as planning:
        write, _ = plan(SUSPEND, Actor(user, Door.PAGE), remote_id="cus_1")
    assert _about_the_audit(planning) == ["INSERT"]
    with CaptureQueriesContext(connection) as ending:
        carry_out(write, PERSON)
    assert _about_the_audit(ending) == ["INSERT"]


def test_a_sync_costs_the_audit_nothing(kirim: Any) -> None:
    kirim.customers = [customer(number) for number in range(30)]
    with CaptureQueriesContext(connection) as queries:
        for name in ("Toko 0", "Renamed"):
            kirim.customers[0]["name"] = name
            tasks.sync_resource("kirim.customers")
    assert [run.state for run in SyncRun.objects.all()] == ["succeeded"] * 2
    assert _about_the_audit(queries) == [] and entries() == []


def test_each_reading_of_kirim_is_noted(sandbox: Any, user: User) -> None:
    assert each_reading_is_noted("kirim", user) == 1


def test_no_upstream_is_left_out_of_the_tests_of_readings() -> None:
    with_readings = {verb.upstream for verb in VERBS.values() if isinstance(verb, ReadVerb)}
    assert with_readings == {"kirim", "apideck", "layercake", "afosto"}  # each has such a test with its own fixtures
