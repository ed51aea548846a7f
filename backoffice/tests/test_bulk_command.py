"""``manage.py bulk``: what it prints, how it ends, and sending again what failed."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from backoffice.bulk import run as carrying
from backoffice.client import PERSON
from backoffice.models import BulkAction, RemoteWrite, UpstreamState, WriteAttempt
from backoffice.sandbox import Sandbox, Switch
from backoffice.tests.factories import person
from backoffice.tests.shell import Ended, command, run
from customers.models import Customer
from customers.tests.bulking import frozen, states
from customers.tests.factories import CustomerFactory
from customers.verbs import kirim as verbs

pytestmark = pytest.mark.django_db


def bulk_command(*argv: str) -> Ended:
    return run(command("backoffice.management.commands.bulk"), *argv)


@pytest.fixture
def user():
    return person("supervisor", username="boss")


def active(count: int) -> list[Customer]:
    return list(Customer.objects.filter(status="active")[:count])


def with_one_failed(sandbox: Sandbox, user, *others: Customer) -> BulkAction:
    """One row failed for a reason that is over now."""
    failed = active(1)[0]
    sandbox.switches["kirim"].turn_on(Switch("limit", path=f"/customers/{failed.remote_id}"))
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, [failed, *others], reason="unpaid")
    carrying.work(bulk, patience=PERSON)
    sandbox.switches["kirim"].turn_off("limit")
    bulk.refresh_from_db()
    return bulk


def test_bulk_actions_are_listed_newest_first(user):
    first = frozen(verbs.SUSPEND_CUSTOMER, user, [CustomerFactory()])
    second = frozen(verbs.REFRESH_CUSTOMER, user, CustomerFactory.create_batch(2))
    told = bulk_command("list", "--json")
    assert told.code == 0
    assert [record["bulk"] for record in told.records] == [str(second.pk), str(first.pk)]
    assert set(told.records[0]) == {
        "bulk", "verb", "target", "state", "total", "counts", "selection", "reason", "actor",
        "confirmed_at", "ended_at",
    }  # fmt: skip
    assert (told.records[0]["verb"], told.records[0]["total"], told.records[0]["actor"]) == ("refresh", 2, "boss")
    assert told.records[0]["counts"]["waiting"] == 2
    assert "1 of 2 bulk actions" in bulk_command("list", "--limit", "1").err
    assert "suspend 1 customer  queued" in bulk_command("list").out
    assert bulk_command("list", "--state", "done").out == ""
    assert "No bulk action fits." in bulk_command("list", "--state", "done").err
    BulkAction.objects.all().delete()
    assert "Nothing was done in bulk yet." in bulk_command("list").err


def test_show_prints_the_bulk_action_and_then_each_row(user, sandbox: Sandbox):
    bulk = with_one_failed(sandbox, user, *active(3)[1:])
    told = bulk_command("show", str(bulk.pk), "--json")
    assert told.code == 0
    whole, *rows = told.records
    assert (whole["state"], whole["counts"]["failed"], whole["counts"]["confirmed"]) == ("failed", 1, 2)
    assert [row["position"] for row in rows] == [1, 2, 3]
    assert [row["state"] for row in rows] == ["failed", "confirmed", "confirmed"]
    assert {"write", "verb", "target", "state", "remote_id", "status", "request_id", "error"} <= set(rows[0])
    assert rows[0]["status"] == 429 and "asks us to wait" in rows[0]["error"]
    assert rows[1]["request_id"].startswith("req_")
    assert RemoteWrite.objects.get(pk=rows[1]["write"]).remote_id == rows[1]["remote_id"]
    assert "2 of 3 confirmed; 1 failed." in bulk_command("show", str(bulk.pk)).out


def test_what_a_remote_wrote_commands_no_terminal(user):
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, [CustomerFactory(name="Toko \x1b[2J\nevil")])
    told = bulk_command("show", str(bulk.pk))
    assert "\x1b" not in told.out and "\\x1b[2J\\nevil" in told.out


def test_retry_sends_the_failed_rows_here_and_ends_by_the_outcome(user, sandbox: Sandbox):
    bulk = with_one_failed(sandbox, user, *active(2)[1:])
    attempts = WriteAttempt.objects.count()
    told = bulk_command("retry", str(bulk.pk), "--json")
    assert (told.code, told.records[0]["state"], told.err) == (0, "confirmed", "")
    assert [row["state"] for row in told.records[1:]] == ["confirmed", "confirmed"]
    assert WriteAttempt.objects.count() == attempts + 1
    again = bulk_command("retry", str(bulk.pk))
    assert again.code == 0
    assert "nothing was sent again" in again.err
    assert WriteAttempt.objects.count() == attempts + 1


def test_retry_ends_as_partial_refused_or_failed(user, sandbox: Sandbox):
    bulk = with_one_failed(sandbox, user, *active(2)[1:])
    Customer.objects.filter(remote_id=bulk.items.get(position=1).remote_id).update(status="archived")
    told = bulk_command("retry", str(bulk.pk))
    assert told.code == 4 and "1 of 2 confirmed; 1 refused." in told.err
    bulk.items.update(state="refused")
    assert bulk_command("retry", str(bulk.pk)).code == 3
    bulk.items.filter(position=1).update(state="cancelled")
    assert bulk_command("retry", str(bulk.pk)).code == 1


def test_retry_tells_of_what_stays_unknown(user, sandbox: Sandbox):
    sandbox.switches["kirim"].turn_on(Switch("drop", method="PATCH"))
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(1))
    carrying.work(bulk, patience=PERSON)
    sandbox.switches["kirim"].turn_on(Switch("down"))
    told = bulk_command("retry", str(bulk.pk), "--json")
    assert (told.code, told.records[1]["state"]) == (1, "unknown")


def test_with_kirim_off_nothing_is_retried(user, sandbox: Sandbox, settings):
    bulk = with_one_failed(sandbox, user)
    settings.KIRIM_API_KEY = ""
    told = bulk_command("retry", str(bulk.pk))
    assert told.code == 1 and "Kirim is off" in told.err and "Nothing was sent again." in told.err
    assert states(bulk) == ["failed"]


def test_who_may_not_is_refused_and_sees_nothing(user, sandbox: Sandbox):
    bulk = with_one_failed(sandbox, user)
    person("viewer", username="looks")
    person("warehouse", username="packs")
    told = bulk_command("retry", str(bulk.pk), "--as", "looks")
    assert told.code == 3 and "customers.suspend_customer" in told.err
    assert states(bulk) == ["failed"]
    assert bulk_command("show", str(bulk.pk), "--as", "looks").code == 0
    assert bulk_command("show", str(bulk.pk), "--as", "packs").code == 1
    assert bulk_command("list", "--as", "packs", "--json").out == ""
    person(username="nobody-yet")
    assert bulk_command("list", "--as", "nobody-yet").code == 3
    assert bulk_command("list", "--as", "who").code == 2


def test_a_retry_is_done_in_the_name_of_whoever_asked_for_it(user, sandbox: Sandbox):
    bulk = with_one_failed(sandbox, user)
    user.groups.clear()  # whoever confirmed it may no longer do it
    other = person("supervisor", username="other")
    told = bulk_command("retry", str(bulk.pk), "--as", "other", "--json")
    assert (told.code, told.records[0]["actor"]) == (0, "other")
    assert RemoteWrite.objects.get().actor == user
    bulk.refresh_from_db()
    assert bulk.actor == other


def test_wrong_ids_are_told(user):
    assert bulk_command("show", "nonsense").code == 2
    told = bulk_command("retry", str(uuid4()))
    assert told.code == 1 and "There is no bulk action" in told.err
    assert bulk_command("forget").code == 2


def test_a_pause_of_the_upstream_is_not_waited_out_by_a_command(user, sandbox: Sandbox):
    bulk = with_one_failed(sandbox, user)
    UpstreamState.objects.update_or_create(
        upstream="kirim",
        defaults={"paused_until": timezone.now() + timedelta(minutes=5), "pause_reason": "it said so"},
    )
    told = bulk_command("retry", str(bulk.pk), "--json")
    assert (told.code, told.records[1]["state"]) == (1, "failed")
    assert "it said so" in told.records[1]["error"]
