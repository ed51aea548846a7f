"""``doctor`` at its door, and its checks against settings, rows and remotes as they may be found."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import connection
from django.utils import timezone

from backoffice import checks
from backoffice.checks import Health
from backoffice.commands import StaffCommand, shown
from backoffice.models import SyncRun, UpstreamState
from backoffice.tests.shell import Ended, LiveSandbox, command, live_sandbox, run
from customers.subscriptions.kirim import EVENTS
from customers.tests.kirim import FakeKirim, customer, refusal

pytestmark = pytest.mark.django_db(transaction=True)


def doctor(*argv: str) -> Ended:
    return run(command("backoffice.management.commands.doctor"), *argv)


def subscription(**members: Any) -> dict[str, Any]:
    url = "https://desk.example/webhooks/kirim/"
    return {
        "id": "whs_1",
        "object": "webhook_subscription",
        "url": url,
        "events": [*EVENTS],
        "status": "active",
        **members,
    }


def found(name: str, *argv: str) -> dict[str, Any]:
    """The first finding of that name that is not fine, else the first."""
    named = [record for record in doctor("--json", *argv).records if record["name"] == name]
    return next((record for record in named if record["state"] != "ok"), named[0])


@pytest.fixture(autouse=True)
def kirim(settings: Any, tmp_path: Path) -> FakeKirim:
    """An installation that is well: a Kirim that answers and delivers its webhooks, a fresh backup."""
    fake = FakeKirim([customer(1)], subscriptions=[subscription()])
    settings.REMOTE_TRANSPORT = httpx.MockTransport(fake)
    settings.DATA_DIR = tmp_path
    settings.PUBLIC_BASE_URL = "https://desk.example"
    settings.ALLOWED_HOSTS = ["desk.example"]
    settings.KIRIM_WEBHOOK_SECRET = "whsec_c2VjcmV0LW9mLTMyLWJ5dGVzLWZvci10aGUtdGVzdHM="
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "today.sqlite3").touch()
    return fake


def test_a_sound_installation_has_nothing_that_fails() -> None:
    ended = doctor("--json")
    assert ended.code == 0
    assert [list(record) for record in ended.records] == [["name", "state", "text", "fix"]] * len(ended.records)
    off = {"broker", "apideck", "afosto", "layercake"}  # what this installation does without
    assert {record["state"] for record in ended.records if record["name"] not in off} == {"ok"}


def test_without_json_each_finding_is_a_line_with_its_fix_below(settings: Any) -> None:
    settings.DEBUG = True
    ended = doctor()
    assert ended.code == 1
    lines = ended.out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("FAIL  settings: DEBUG"))
    assert "fix: set DEBUG=False" in lines[at + 1]


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"SECRET_KEY": "short"}, "settings: SECRET_KEY"),
        ({"SECRET_KEY": "django-insecure-" + "abcdefghij" * 5}, "settings: SECRET_KEY"),
        ({"SECRET_KEY": "a" * 60}, "settings: SECRET_KEY"),
        ({"DEBUG": True}, "settings: DEBUG"),
        ({"ALLOWED_HOSTS": ["*"]}, "settings: ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": ["other.example"]}, "settings: ALLOWED_HOSTS"),
        ({"PUBLIC_BASE_URL": "http://desk.example"}, "settings: PUBLIC_BASE_URL"),
    ],
)
def test_unsafe_settings_fail_in_public(settings: Any, values: dict[str, Any], name: str) -> None:
    for setting, value in values.items():
        setattr(settings, setting, value)
    finding = found(name)
    assert finding["state"] == "fail"
    assert finding["fix"]


def test_on_loopback_the_same_is_only_a_warning(settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "http://127.0.0.1:8000"
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    settings.DEBUG = True
    ended = doctor("--json")
    assert ended.code == 0
    assert found("settings: DEBUG")["state"] == "warn"
    assert found("settings: PUBLIC_BASE_URL")["state"] == "ok"


def test_a_wildcard_domain_allows_its_hosts(settings: Any) -> None:
    settings.ALLOWED_HOSTS = [".example"]
    assert found("settings: ALLOWED_HOSTS")["state"] == "ok"


# -- upstreams --------------------------------------------------------------------------------------------------------


def test_an_upstream_without_its_variables_is_a_warning_that_names_them(settings: Any) -> None:
    settings.KIRIM_BASE_URL = settings.KIRIM_API_KEY = ""
    finding = found("kirim")
    assert finding["state"] == "warn"
    assert finding["fix"] == "set KIRIM_BASE_URL and KIRIM_API_KEY"


def test_an_upstream_that_takes_either_of_two_credentials_is_told_with_both(settings: Any) -> None:
    settings.AFOSTO_BASE_URL = "https://afosto.example"
    assert found("afosto")["fix"] == "set AFOSTO_TOKEN (or AFOSTO_CLIENT_ID and AFOSTO_CLIENT_SECRET)"
    settings.AFOSTO_CLIENT_ID = "me"
    assert found("afosto")["fix"] == "set AFOSTO_CLIENT_SECRET"


def test_half_of_the_variables_is_a_failure(settings: Any, kirim: FakeKirim) -> None:
    settings.KIRIM_API_KEY = ""
    finding = found("kirim")
    assert (finding["state"], finding["fix"]) == ("fail", "set KIRIM_API_KEY")
    assert kirim.requests == []


def test_a_refused_key_is_named_by_its_variable_and_never_shown(kirim: FakeKirim, settings: Any) -> None:
    words = {"error": {"code": "unauthorized", "message": f"{settings.KIRIM_API_KEY} is unknown"}}
    kirim.mischief = lambda request: httpx.Response(401, json=words)
    ended = doctor()
    assert ended.code == 1
    assert len(kirim.requests) == 1
    assert "correct KIRIM_API_KEY" in ended.out
    assert settings.KIRIM_API_KEY not in ended.out + ended.err


def test_a_paused_upstream_is_asked_again_because_a_person_asks(kirim: FakeKirim) -> None:
    pause = {"paused_until": timezone.now() + timedelta(minutes=1), "pause_reason": "it failed"}
    UpstreamState.objects.create(upstream="kirim", failures=5, **pause)
    assert found("kirim")["state"] == "ok"
    assert UpstreamState.objects.get().paused_until is None


def test_another_upstream_is_told_and_can_be_accepted_by_name(kirim: FakeKirim) -> None:
    UpstreamState.objects.create(upstream="kirim", identity="https://old.example/v1")
    finding = found("kirim")
    assert (finding["state"], finding["fix"]) == ("fail", "manage.py doctor --accept-upstream kirim")
    assert kirim.requests == []
    ended = doctor("--accept-upstream", "kirim")
    assert ended.code == 0
    assert "https://old.example/v1 until now, https://kirim.example/v1 from now on" in ended.out
    assert found("kirim")["state"] == "ok"


def test_there_is_nothing_to_accept_where_nothing_changed() -> None:
    assert "nothing to accept" in doctor("--accept-upstream", "kirim").out
    assert not UpstreamState.objects.exclude(identity="").exists()


def test_an_unknown_upstream_is_wrong_usage_and_one_that_is_off_fails(settings: Any) -> None:
    assert doctor("--accept-upstream", "nonsense").code == 2
    settings.KIRIM_API_KEY = ""
    ended = doctor("--accept-upstream", "kirim")
    assert ended.code == 1
    assert "KIRIM_API_KEY" in ended.err


# -- runs, clock, backups, broker -------------------------------------------------------------------------------------


# -- webhooks ---------------------------------------------------------------------------------------------------------


def test_a_subscription_that_delivers_here_is_named_by_its_address() -> None:
    finding = found("kirim webhooks")
    assert (finding["state"], finding["text"]) == ("ok", "Kirim delivers to https://desk.example/webhooks/kirim/")


@pytest.mark.parametrize(
    ("secret", "state", "text"),
    [("", "warn", "not set up"), ("whsec_x", "warn", "not set up"), (None, "fail", "secret")],
)
def test_a_secret_that_is_missing_or_unusable_is_told_with_what_to_set(
    settings: Any, secret: str | None, state: str, text: str
) -> None:
    settings.KIRIM_WEBHOOK_SECRET = f"{settings.KIRIM_WEBHOOK_SECRET},whsec_x" if secret is None else secret
    finding = found("kirim webhooks")
    assert finding["state"] == state and text in finding["text"] and "KIRIM_WEBHOOK_SECRET" in finding["fix"]


@pytest.mark.parametrize(
    "members", [{"url": "https://other.example/"}, {"status": "paused"}, {"status": "disabled"}, {"events": ["x"]}]
)
def test_a_subscription_that_is_not_as_it_should_be_is_told_with_the_command(
    kirim: FakeKirim, members: dict[str, Any]
) -> None:
    kirim.subscriptions = [subscription(**members)]
    finding = found("kirim webhooks")
    assert (finding["state"], finding["fix"]) == ("warn", "manage.py webhooks subscribe kirim")


def test_an_address_that_cannot_be_reached_is_told_and_nobody_is_asked(settings: Any, kirim: FakeKirim) -> None:
    settings.PUBLIC_BASE_URL = "http://127.0.0.1:8000"
    finding = found("kirim webhooks")
    assert finding["state"] == "warn" and "only this machine" in finding["text"]
    assert not [path for path in kirim.paths() if "subscriptions" in path]


def test_subscriptions_that_cannot_be_read_are_no_failure_of_the_whole(kirim: FakeKirim) -> None:
    kirim.mischief = lambda request: (
        refusal(403, "forbidden", "Not with this key.") if "subscriptions" in request.url.path else None
    )
    finding = found("kirim webhooks")
    assert finding["state"] == "warn" and "nobody can tell" in finding["text"] and "403" in finding["text"]
    assert found("kirim")["state"] == "ok"


def test_deliveries_that_are_all_refused_are_told_with_what_to_set() -> None:
    UpstreamState.objects.create(upstream="kirim", refused_deliveries=2, delivery_refused_at=timezone.now())
    finding = found("kirim webhooks")
    assert finding["state"] == "warn" and "signature does not hold" in finding["text"]
    assert "KIRIM_WEBHOOK_SECRET" in finding["fix"]


def test_an_upstream_that_is_off_has_no_webhooks_to_look_at(settings: Any) -> None:
    settings.KIRIM_API_KEY = ""
    assert "kirim webhooks" not in {record["name"] for record in doctor("--json").records}


def test_runs_that_need_somebody_are_told_with_the_command_to_use() -> None:
    now = timezone.now()
    silent = SyncRun.objects.create(resource="kirim.accounts", state="running", started_at=now, host="h", pid=1)
    held = SyncRun.objects.create(
        resource="kirim.customers", state="partial", error="held", held=40, started_at=now, ended_at=now
    )
    SyncRun.objects.create(resource="kirim.setup_links", queued_at=now - timedelta(hours=1))
    told = [record["text"] + " " + record["fix"] for record in doctor("--json").records if record["name"] == "runs"]
    assert f"run {silent.pk} of kirim.accounts" in told[0]
    assert f"manage.py sync kirim.customers --accept-vanished {held.pk}" in told[1]
    assert "40 records" in told[1]
    assert "manage.py run" in told[2]
    silent.refresh_from_db()
    assert silent.state == "running"  # the doctor only looks


def test_a_held_run_is_forgotten_once_a_later_one_ended_otherwise() -> None:
    now = timezone.now()
    held = {"state": "partial", "error": "held", "started_at": now, "ended_at": now}
    SyncRun.objects.create(resource="kirim.customers", **held)
    SyncRun.objects.create(resource="kirim.customers", state="succeeded", started_at=now, ended_at=now)
    assert found("runs")["state"] == "ok"


def test_a_clock_that_was_set_back_is_noticed_by_a_run_in_the_future() -> None:
    later = timezone.now() + timedelta(hours=2)
    SyncRun.objects.create(resource="kirim.customers", state="succeeded", started_at=later, ended_at=later)
    assert found("clock")["state"] == "fail"


def test_an_old_or_missing_backup_is_a_warning_with_a_command(tmp_path: Path) -> None:
    file = tmp_path / "backups" / "today.sqlite3"
    two_days_ago = timezone.now().timestamp() - 48 * 3600
    os.utime(file, (two_days_ago, two_days_ago))
    old = found("backup")
    assert (old["state"], old["text"]) == ("warn", "the newest is 48 h old")
    assert ("pg_dump" if connection.vendor == "postgresql" else ".backup") in old["fix"]
    file.unlink()
    assert found("backup")["state"] == "warn"


def test_the_database_is_named_and_found_sound() -> None:
    finding = found("database")
    assert finding["state"] == "ok"
    assert ("PostgreSQL" if connection.vendor == "postgresql" else "sound, WAL") in finding["text"]
    assert found("migrations")["text"] == "all applied"


@pytest.mark.slow
def test_broker_and_workers_are_asked_for_real(tmp_path: Path) -> None:
    with live_sandbox(tmp_path, customers=1) as live:
        down = _by_name(live, CELERY_BROKER_URL="redis://:broker-password@127.0.0.1:1/0")
        assert (down["broker"]["state"], "workers" in down) == ("fail", False)
        assert "broker-password" not in str(down)
        alone = _by_name(live, CELERY_BROKER_URL="filesystem://")
        assert (alone["broker"]["state"], alone["workers"]["state"]) == ("ok", "warn")


def _by_name(live: LiveSandbox, **environment: str) -> dict[str, dict[str, Any]]:
    return {record["name"]: record for record in live.run("doctor", "--json", **environment).records}


# -- what all commands share ------------------------------------------------------------------------------------------


def test_a_check_that_meets_database_trouble_is_a_finding() -> None:
    def broken() -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT it FROM nowhere")
        yield from ()

    (finding,) = checks.guarded("odd", broken)
    assert finding.state is Health.FAIL
    assert "nowhere" in finding.text


def test_a_fault_of_ours_is_a_sentence_and_no_traceback() -> None:
    class Faulty(StaffCommand):
        def handle(self, *args: Any, **options: Any) -> None:
            raise LookupError("inner workings")

    ended = run(Faulty())
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "This is a fault of ours (LookupError); --traceback shows where.\n"


def test_remote_text_can_not_command_a_terminal() -> None:
    assert shown("a\x1b[2J\x9b1m\r\nb\u202e") == "a\\x1b[2J\\x9b1m\\r\\nb\\u202e"
    assert shown("Köln 東京 …") == "Köln 東京 …"
    assert shown(None) == "-"
