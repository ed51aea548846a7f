"""``sync`` at its door: exit codes, lines, and what it leaves behind, against remotes that are only functions."""

import sqlite3
from argparse import Namespace
from collections.abc import Iterator
from io import StringIO
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from backoffice.models import Drift, RejectedRecord, RowChange, SyncRun, UpstreamState
from backoffice.tests.shell import Ended, command, run
from customers.models import Customer, SetupLink, WhatsAppAccount
from customers.tests.kirim import FakeKirim, customer

pytestmark = pytest.mark.django_db(transaction=True)

KEYS = [
    "resource",
    "state",
    "fetched",
    "created",
    "updated",
    "unchanged",
    "vanished",
    "failed",
    "seconds",
    "run",
    "error",
]
ALL = ["kirim.customers", "kirim.accounts", "kirim.setup_links"]


def sync(*argv: str, busy_wait_s: float = 30) -> Ended:
    made = command("backoffice.management.commands.sync")
    made.busy_wait_s = busy_wait_s
    return run(made, *argv)


@pytest.fixture
def kirim(settings: Any) -> FakeKirim:
    """A Kirim with three customers."""
    fake = FakeKirim([customer(number) for number in range(3)])
    settings.REMOTE_TRANSPORT = httpx.MockTransport(fake)
    return fake


def person(*permissions: str, **members: Any) -> User:
    user = User.objects.create_user("ayu", is_staff=True, **members)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


# -- done -------------------------------------------------------------------------------------------------------------


def test_all_configured_resources_are_synced_in_dependency_order(kirim: FakeKirim) -> None:
    ended = sync("--json")
    assert (ended.code, ended.err) == (0, "")
    assert [record["resource"] for record in ended.records] == ALL
    assert [list(record) for record in ended.records] == [KEYS] * 3
    first = ended.records[0]
    assert (first["state"], first["fetched"], first["created"], first["error"]) == ("succeeded", 3, 3, "")
    assert first["run"] == SyncRun.objects.get(resource="kirim.customers").pk


def test_named_resources_are_synced_once_each_and_in_dependency_order(kirim: FakeKirim) -> None:
    ended = sync("kirim.setup_links", "kirim.customers", "kirim.customers", "--json")
    assert [record["resource"] for record in ended.records] == ["kirim.customers", "kirim.setup_links"]


def test_a_second_sync_changes_nothing_and_says_so(kirim: FakeKirim) -> None:
    sync("kirim.customers")
    ended = sync("kirim.customers", "--json")
    counts = {name: ended.records[0][name] for name in ("fetched", "created", "updated", "unchanged", "vanished")}
    assert counts == {"fetched": 3, "created": 0, "updated": 0, "unchanged": 3, "vanished": 0}


def test_without_json_a_line_for_people_is_printed(kirim: FakeKirim) -> None:
    ended = sync("kirim.customers")
    assert "kirim.customers" in ended.out
    assert "succeeded" in ended.out
    assert "3 read: 3 new" in ended.out


def test_hot_where_there_is_no_hot_set_is_skipped_with_zeros(kirim: FakeKirim) -> None:
    ended = sync("kirim.customers", "--hot", "--json")
    assert (ended.code, ended.records[0]["state"], ended.records[0]["fetched"]) == (0, "succeeded", 0)
    assert kirim.requests == []


def test_full_is_kept_on_the_run(kirim: FakeKirim) -> None:
    sync("kirim.customers", "--full")
    assert SyncRun.objects.get().mode == "full"


def dump() -> dict[str, list[dict[str, Any]]]:
    tables = (Customer, SetupLink, WhatsAppAccount, RejectedRecord, RowChange, Drift, UpstreamState)
    return {table.__name__: list(table.objects.order_by("pk").values()) for table in tables}


def test_a_dry_run_counts_and_writes_nothing(kirim: FakeKirim) -> None:
    sync()
    before = dump()
    kirim.customers = [customer(1, name="Renamed", plan="new"), customer(9), customer(10, name=None)]
    ended = sync("--dry-run", "--json")
    assert {name: ended.records[0][name] for name in ("created", "updated", "failed")} == {
        "created": 1,
        "updated": 1,
        "failed": 1,
    }
    assert dump() == before
    assert SyncRun.objects.get(pk=ended.records[0]["run"]).is_dry
    assert not SyncRun.objects.filter(is_dry=True).exclude(checkpoint=None).exists()


def test_call_command_ends_quietly_when_all_is_done_and_raises_when_not(kirim: FakeKirim) -> None:
    call_command("sync", "kirim.customers", stdout=StringIO())
    with pytest.raises(CommandError) as raised:
        call_command("sync", "nonsense")
    assert raised.value.returncode == 2


# -- usage ------------------------------------------------------------------------------------------------------------


def test_an_unknown_resource_is_wrong_usage_and_nothing_is_sent(kirim: FakeKirim) -> None:
    ended = sync("kirim.customers", "kirim.nonsense")
    assert (ended.code, ended.out) == (2, "")
    assert "kirim.nonsense" in ended.err
    assert "kirim.accounts" in ended.err
    assert kirim.requests == []


@pytest.mark.parametrize(
    "argv",
    [
        ("--hot", "--full"),
        ("--accept-vanished", "1"),
        ("kirim.customers", "kirim.accounts", "--accept-vanished", "1"),
        ("kirim.customers", "--accept-vanished", "yes"),
        ("kirim.customers", "--hot", "--accept-vanished", "1"),
        ("--nonsense",),
    ],
)
def test_wrong_usage_is_told_with_exit_code_2(kirim: FakeKirim, argv: tuple[str, ...]) -> None:
    assert sync(*argv).code == 2
    assert kirim.requests == []


def test_only_a_held_run_of_the_resource_can_be_accepted(kirim: FakeKirim) -> None:
    done = sync("kirim.customers", "--json").records[0]["run"]
    ended = sync("kirim.customers", "--accept-vanished", str(done))
    assert (ended.code, ended.out) == (2, "")
    assert f"Run {done} is not a held run of kirim.customers" in ended.err


# -- not configured, failed -------------------------------------------------------------------------------------------


def test_nothing_configured_is_a_sentence_and_exit_code_1(kirim: FakeKirim, settings: Any) -> None:
    settings.KIRIM_API_KEY = ""
    ended = sync("--json")
    assert (ended.code, ended.out) == (1, "")
    assert "No upstream is configured" in ended.err


def test_a_named_resource_whose_upstream_is_off_names_the_variables(kirim: FakeKirim, settings: Any) -> None:
    settings.KIRIM_API_KEY = ""
    ended = sync("kirim.customers", "--json")
    assert ended.code == 1
    assert list(ended.records[0]) == KEYS
    assert (ended.records[0]["state"], ended.records[0]["run"]) == ("failed", None)
    assert "KIRIM_API_KEY" in ended.records[0]["error"]
    assert kirim.requests == []


def test_a_refused_key_costs_at_most_two_calls_and_is_never_shown(kirim: FakeKirim, settings: Any) -> None:
    key = settings.KIRIM_API_KEY
    words = {"error": {"code": "unauthorized", "message": f"key {key} is \x1b[2Jbad"}}
    kirim.mischief = lambda request: httpx.Response(401, json=words)
    for argv in ((), ("--json",), ("-v", "3")):
        kirim.requests.clear()
        UpstreamState.objects.all().delete()
        ended = sync(*argv)
        assert ended.code == 1
        assert len(kirim.requests) <= 2
        assert all(name in ended.out for name in ALL)
        assert "401" in ended.err
        assert key not in ended.out + ended.err
        assert "\x1b" not in ended.out + ended.err


def test_another_upstream_than_the_mirrored_one_is_refused_before_anything_is_sent(kirim: FakeKirim) -> None:
    UpstreamState.objects.create(upstream="kirim", identity="https://other.example/v1")
    ended = sync("kirim.customers", "--json")
    assert (ended.code, ended.records[0]["state"]) == (1, "failed")
    assert "--accept-upstream kirim" in ended.err
    assert kirim.requests == []


# -- partial, held, busy ----------------------------------------------------------------------------------------------


def test_a_record_that_cannot_be_taken_makes_it_partial(kirim: FakeKirim) -> None:
    kirim.customers.append(customer(7, name=None))
    ended = sync("--json")
    assert ended.code == 4
    assert [record["state"] for record in ended.records] == ["partial", "succeeded", "succeeded"]
    assert (ended.records[0]["failed"], ended.records[0]["created"]) == (1, 3)
    assert "rejected records" in ended.err


def test_failed_outweighs_partial(kirim: FakeKirim) -> None:
    kirim.customers.append(customer(7, name=None))
    kirim.mischief = lambda request: httpx.Response(422, json={}) if "accounts" in request.url.path else None
    assert sync().code == 1


def test_a_held_run_prints_the_command_that_releases_it(kirim: FakeKirim) -> None:
    kirim.customers = [customer(number) for number in range(30)]
    sync("kirim.customers")
    kirim.customers = []
    ended = sync("kirim.customers", "--json")
    line = ended.records[0]
    assert (ended.code, line["state"], line["error"], line["vanished"]) == (4, "partial", "held", 0)
    assert f"manage.py sync kirim.customers --accept-vanished {line['run']}" in ended.err
    accepted = sync("kirim.customers", "--accept-vanished", str(line["run"]), "--json")
    assert (accepted.code, accepted.records[0]["vanished"]) == (0, 30)


def test_a_resource_that_is_being_synced_elsewhere_is_busy(kirim: FakeKirim) -> None:
    other = _running()
    ended = sync("kirim.customers", "--json", busy_wait_s=0)
    assert (ended.code, ended.records[0]["state"], ended.records[0]["error"]) == (1, "failed", "busy")
    assert "another run" in ended.err
    other.refresh_from_db()
    assert other.state == "running"
    assert kirim.requests == []


def test_the_silent_run_of_a_dead_process_is_nobodys_obstacle(kirim: FakeKirim) -> None:
    dead = _running(pid=2**22 + 1)  # above the kernel's largest
    assert sync("kirim.customers", busy_wait_s=0).code == 0
    dead.refresh_from_db()
    assert dead.state == "interrupted"


def _running(**members: Any) -> SyncRun:
    from django.utils import timezone

    from backoffice.process import this_process

    me = this_process()
    who = {"host": me.host, "pid": me.pid, "process_started": me.started, **members}
    now = timezone.now()
    return SyncRun.objects.create(resource="kirim.customers", state="running", started_at=now, heartbeat_at=now, **who)


# -- on behalf of a person --------------------------------------------------------------------------------------------


def test_a_person_who_may_sync_is_kept_on_the_run(kirim: FakeKirim) -> None:
    user = person("start_syncrun", "view_syncrun")
    assert sync("kirim.customers", "--as", "ayu").code == 0
    assert SyncRun.objects.get().started_by == user


@pytest.mark.parametrize(
    ("held", "missing"),
    [("view_syncrun", "backoffice.start_syncrun"), ("start_syncrun", "backoffice.view_syncrun")],
)
def test_a_person_who_may_not_is_refused_with_exit_code_3(kirim: FakeKirim, held: str, missing: str) -> None:
    person(held)
    ended = sync("--as", "ayu")
    assert (ended.code, ended.out) == (3, "")
    assert f"it takes {missing}. Nothing was done." in ended.err
    assert not SyncRun.objects.exists()


def test_approving_takes_a_permission_of_its_own(kirim: FakeKirim) -> None:
    person("start_syncrun", "view_syncrun")
    held = SyncRun.objects.create(resource="kirim.customers", state="partial", error="held", held=30)
    ended = sync("kirim.customers", "--accept-vanished", str(held.pk), "--as", "ayu")
    assert ended.code == 3
    assert "backoffice.approve_syncrun" in ended.err


@pytest.mark.parametrize("members", [None, {"is_active": False}])
def test_an_unknown_or_inactive_person_is_wrong_usage(kirim: FakeKirim, members: dict[str, Any] | None) -> None:
    if members:
        person("start_syncrun", **members)
    ended = sync("--as", "ayu")
    assert ended.code == 2
    assert "ayu" in ended.err


# -- the workers' way -------------------------------------------------------------------------------------------------


def test_enqueued_runs_wait_for_each_other_and_are_carried_out_in_order(kirim: FakeKirim) -> None:
    ended = sync("--enqueue", "--json")  # the test's tasks run as soon as they are handed over
    assert ended.code == 0
    assert [record["state"] for record in ended.records] == ["queued"] * 3
    done = list(SyncRun.objects.order_by("started_at"))
    assert [(run.resource, run.state) for run in done] == [(name, "succeeded") for name in ALL]
    assert done[2].after == done[1]


# -- the database -----------------------------------------------------------------------------------------------------


@pytest.fixture
def impatient() -> Iterator[Namespace]:
    """SQLite that waits for a lock only a moment; skipped elsewhere."""
    if connection.vendor != "sqlite":
        pytest.skip("a fault of SQLite's")
    options = connection.settings_dict["OPTIONS"]
    before = options["timeout"]
    options["timeout"] = 0.2
    connection.close()
    yield Namespace(file=connection.settings_dict["NAME"])
    options["timeout"] = before
    connection.close()


def test_a_locked_database_is_one_sentence_and_the_rest_is_not_begun(kirim: FakeKirim, impatient: Namespace) -> None:
    other = sqlite3.connect(impatient.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        ended = sync("--json")
    finally:
        other.close()
    assert ended.code == 1
    assert [record["resource"] for record in ended.records] == ["kirim.customers"]
    assert "locked by another process" in ended.records[0]["error"]
    assert "Not begun: kirim.accounts, kirim.setup_links." in ended.err
    assert "Traceback" not in ended.err
    assert sync().code == 0


def test_a_database_that_gets_locked_midway_ends_honestly_and_heals(kirim: FakeKirim, impatient: Namespace) -> None:
    other = sqlite3.connect(impatient.file, isolation_level=None, check_same_thread=False)

    def lock(request: httpx.Request) -> None:
        if not other.in_transaction:
            other.execute("BEGIN IMMEDIATE")

    kirim.mischief = lock
    ended = sync("kirim.customers", "--json")
    other.close()
    assert (ended.code, ended.records[0]["state"]) == (1, "failed")
    assert "locked" in ended.records[0]["error"]
    kirim.mischief = lambda request: None
    SyncRun.objects.filter(state="running").update(process_started="another process")  # as after that command's end
    assert sync("kirim.customers", "--json").records[0]["created"] == 3


def test_a_full_disk_ends_honestly_the_database_stays_sound_and_heals(kirim: FakeKirim) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("a fault of SQLite's")
    kirim.customers = [customer(number, metadata={"note": "x" * 2000}) for number in range(500)]
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0] + 4}")  # as long as this connection lives
    ended = sync("kirim.customers", "--json")
    assert ended.code == 1
    assert "full" in ended.records[0]["error"]
    assert "Traceback" not in ended.err
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        assert cursor.fetchone()[0] == "ok"
    assert sync("kirim.customers", "--json").code == 0
    assert Customer.objects.filter(vanished_at=None).count() == 500
