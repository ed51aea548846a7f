"""The audit and what is private: who saw masked members, what an erasure leaves, and no value in any entry."""

from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from backoffice.models import AuditEntry, BulkAction, RemoteWrite
from backoffice.tests.factories import person
from backoffice.tests.reads import each_reading_is_noted
from backoffice.tests.shell import command, run
from customers.services.erasure import ERASED
from customers.tests.bulking import confirm, select
from customers.tests.filled import opened, send
from customers.tests.support.apideck import FakeApideck
from customers.tests.support.test_masked import VALUES, _looker, _pages, told
from customers.tests.support.test_pages import LIST, ana, to_erase, url

__all__ = ["to_erase", "told"]


def seen() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(verb="see_masked").order_by("pk"))


def test_each_page_that_shows_a_masked_value_is_noted_once_and_no_other(told: FakeApideck, client: Client) -> None:
    user = person("supervisor")
    client.force_login(user)
    shown = 0
    for page in _pages():
        before = len(seen())
        answer = client.get(page).content.decode()
        new = seen()[before:]
        if "?q=" in page:
            assert not new, page  # what stands in the field is what was typed
            continue
        is_shown = any(value in answer for value in VALUES)
        assert bool(new) is is_shown, (page, is_shown)
        assert len({entry.remote_id for entry in new}) == len(new), page
        assert all((entry.actor, entry.kind, entry.door) == (user, "support_customer", "page") for entry in new)
        shown += is_shown
    assert shown > 5
    assert {entry.detail for entry in seen()} <= {"bank_accounts", "tax_number", "bank_accounts, tax_number"}
    kept = str(list(AuditEntry.objects.values()))
    assert not [value for value in VALUES if value in kept]


def test_commands_that_show_them_are_noted_too(told: FakeApideck) -> None:
    out = run(command("customers.management.commands.support_customer"), "show", "cs_1001").out
    assert any(value in out for value in VALUES)
    write = RemoteWrite.objects.filter(remote_id="cs_1001").earliest("planned_at")
    run(command("backoffice.management.commands.writes"), "show", str(write.pk), "--as", person("supervisor").username)
    assert [(entry.door, entry.remote_id) for entry in seen()] == [("command", "cs_1001")] * 2
    assert seen()[0].actor_name == "the operator" and seen()[1].actor is not None


def test_nothing_is_noted_of_who_sees_them_masked(told: FakeApideck, client: Client) -> None:
    client.force_login(_looker())
    for page in _pages():
        client.get(page)
    assert not seen()


def test_an_erasure_is_noted_and_blanks_labels_and_reasons_but_not_that_something_was_done(
    to_erase: FakeApideck, supervisor: Client, user: User
) -> None:
    confirm(supervisor, select(supervisor, "refresh", [ana()], LIST), reason="Ana Peeters called")
    its = AuditEntry.objects.filter(remote_id="cs_1001")
    assert its.filter(label__contains="Peeters").exists()
    assert AuditEntry.objects.filter(reason__contains="Ana Peeters").exists()
    before = list(AuditEntry.objects.order_by("pk").values_list("pk", "verb", "outcome", "actor", "at", "detail"))
    send(supervisor, url("erase"), opened(supervisor, url("erase"), is_sure="on", reason="Ticket 7"))
    after = AuditEntry.objects.order_by("pk").values_list("pk", "verb", "outcome", "actor", "at", "detail")
    assert list(after)[: len(before)] == before
    erased = AuditEntry.objects.get(verb="erase")
    assert (erased.actor, erased.kind, erased.remote_id, erased.reason) == (
        user,
        "support_customer",
        "cs_1001",
        "Ticket 7",
    )
    kept = str([list(model.objects.values()) for model in (AuditEntry, BulkAction, RemoteWrite)])
    assert "Peeters" not in kept
    assert its.filter(label=ERASED).exists()
    assert set(its.exclude(reason="").values_list("reason", flat=True)) <= {ERASED, "Ticket 7"}


def test_an_erasure_leaves_what_is_about_others(to_erase: FakeApideck, supervisor: Client) -> None:
    from customers.models import SupportCustomer

    other = SupportCustomer.objects.get(remote_id="cs_1002")
    address = f"{LIST}{other.pk}/update/"
    send(supervisor, address, opened(supervisor, address, notes="New", reason="Asked by mail"))
    of_other: Any = AuditEntry.objects.filter(remote_id="cs_1002").order_by("pk")
    before = list(of_other.values())
    send(supervisor, url("erase"), opened(supervisor, url("erase"), is_sure="on", reason="Ticket 7"))
    assert list(of_other.values()) == before and any(entry["reason"] == "Asked by mail" for entry in before)


def test_each_reading_is_noted(mirrored: FakeApideck, user: User) -> None:
    assert each_reading_is_noted("apideck", user) == 1
