"""The audit is kept as it is: no page, command, code or statement changes an entry; what is past its time goes."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import get_commands, load_command_class
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backoffice import audit, auditlock, tasks
from backoffice.models import AuditEntry
from backoffice.models.audit import ERASED, KEEP_AUDIT
from backoffice.tests.factories import superuser

pytestmark = pytest.mark.django_db
LIST = "/admin/backoffice/auditentry/"


@pytest.fixture
def entry(db: None) -> AuditEntry:
    audit.note("suspend", door="command", kind="customer", remote_id="cus_1", label="Toko 1", reason="Asked by Ana")
    return AuditEntry.objects.get(verb="suspend")


def _refused(statement: str, *values: Any) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
    except DatabaseError as error:
        assert "The audit is kept as it is." in str(error)
        return True
    return False


def test_code_cannot_change_or_delete_an_entry(entry: AuditEntry) -> None:
    entry.outcome = "refused"
    for change in (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(outcome="refused"),
        lambda: AuditEntry.objects.bulk_update([entry], ["outcome"]),
    ):
        with pytest.raises(RuntimeError, match="audit is not"):
            change()
    entry.refresh_from_db()
    assert entry.outcome == "done"


@pytest.mark.parametrize("column", [field.column for field in AuditEntry._meta.concrete_fields])
def test_the_database_refuses_to_change_any_column(entry: AuditEntry, column: str) -> None:
    value = {"id": 10**9, "actor_id": 10**9, "at": timezone.now() - timedelta(days=1)}.get(column, "other")
    if column in {"write_id", "bulk_id"}:
        value = "0" * 32
    assert _refused(f"UPDATE backoffice_auditentry SET {column} = %s", value)


def test_the_database_refuses_to_delete_an_entry_before_its_time(entry: AuditEntry) -> None:
    assert _refused("DELETE FROM backoffice_auditentry")
    assert _refused("DELETE FROM backoffice_auditentry WHERE id = %s", entry.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry._base_manager.all().delete()
    assert AuditEntry.objects.count() == 1


def test_only_blanking_passes(entry: AuditEntry) -> None:
    assert _refused("UPDATE backoffice_auditentry SET label = %s, outcome = %s", ERASED, "refused")
    assert _refused("UPDATE backoffice_auditentry SET label = %s", "Toko 2")
    assert not _refused("UPDATE backoffice_auditentry SET label = %s, reason = %s", ERASED, ERASED)
    assert _refused("UPDATE backoffice_auditentry SET label = %s", "Toko 1")  # and there is no way back


def test_what_is_past_its_time_is_pruned_and_nothing_else(entry: AuditEntry) -> None:
    for days in (1, -1):
        audit.entry("sign_in", door="page", at=timezone.now() - KEEP_AUDIT - timedelta(days=days)).save()
    tasks.prune()
    assert AuditEntry.objects.count() == 2
    assert AuditEntry.objects.filter(at__lt=timezone.now() - KEEP_AUDIT).count() == 0


def test_no_page_adds_changes_or_deletes_an_entry_whoever_asks(client: Client, entry: AuditEntry) -> None:
    client.force_login(superuser())
    before = list(AuditEntry.objects.filter(pk=entry.pk).values())
    for address in (
        f"{LIST}add/",
        f"{LIST}{entry.pk}/delete/",
        f"{LIST}{entry.pk}/change/",
        LIST,
        f"{LIST}export/csv/",
    ):
        for method in (client.post, client.put, client.patch, client.delete):
            data = {"action": "delete_selected", "_selected_action": [entry.pk], "outcome": "refused", "post": "yes"}
            assert method(address, data).status_code in {200, 302, 403, 405}, address
    assert list(AuditEntry.objects.filter(pk=entry.pk).values()) == before
    own = admin.site.get_model_admin(AuditEntry)
    request: Any = client.get(LIST).wsgi_request
    asked = (own.has_add_permission(request), own.has_change_permission(request), own.has_delete_permission(request))
    assert asked == (False, False, False) and own.get_actions(request) == {}
    assert f'href="{LIST}{entry.pk}/change/"' in client.get(LIST).content.decode()


def test_no_command_has_a_verb_that_changes_the_audit() -> None:
    assert get_commands()["audit"] == "backoffice"
    parser = load_command_class("backoffice", "audit").create_parser("manage.py", "audit")
    (verbs,) = [action.choices for action in parser._actions if action.dest == "verb"]
    assert set(verbs or ()) == {"list"}


def test_doctor_says_when_the_locks_are_gone_and_migrate_puts_them_back(entry: AuditEntry) -> None:
    from backoffice.checks.installation import check_database

    def found() -> str:
        return next(finding.state.value for finding in check_database() if finding.name == "audit")

    assert (auditlock.is_locked(), found()) == (True, "ok")
    auditlock.unlock()
    assert (auditlock.is_locked(), found()) == (False, "fail")
    auditlock.lock()
    assert auditlock.is_locked() and _refused("DELETE FROM backoffice_auditentry")


# -- the list, a page, a record's section -----------------------------------------------------------------------------


def test_the_list_is_searched_and_filtered_and_exported(supervisor: Client, user: Any, entry: AuditEntry) -> None:
    audit.note(
        "archive", user=user, door="page", kind="customer", remote_id="cus_2", label="=HYPERLINK(1)",
        request_id="req_9", outcome="refused", correlation_id="click-1",
    )  # fmt: skip
    old = timezone.now() - timedelta(days=2)
    audit.entry("sign_out", user=user, door="page", kind="user", remote_id="7", label="someone", at=old).save()

    def shown(query: str) -> set[str]:
        page = supervisor.get(f"{LIST}?{query}")
        assert page.status_code == 200, query
        return {one.verb for one in page.context["cl"].result_list} - {"sign_in", "export"}

    assert shown("") == {"suspend", "archive", "sign_out"}
    for query, verbs in {
        "q=cus_1": {"suspend"}, "q=req_9": {"archive"}, "q=click-1": {"archive"}, "q=toko+1": {"suspend"},
        f"q={user.username}": {"archive", "sign_out"}, "q=asked+by+ana": {"suspend"}, "q=nothing": set(),
        f"by={user.pk}": {"archive", "sign_out"}, "by=the+operator": {"suspend"}, "by=x": set(),
        "verb=archive": {"archive"}, "kind=user": {"sign_out"}, "outcome=refused": {"archive"},
        "when=day": {"suspend", "archive"}, "when=week": {"suspend", "archive", "sign_out"}, "when=x": set(),
    }.items():  # fmt: skip
        assert shown(query) == verbs, query
    csv = b"".join(supervisor.get(f"{LIST}export/csv/?verb=archive").streaming_content).decode()  # type: ignore[attr-defined]
    assert "'=HYPERLINK(1)" in csv and csv.count("\n") == 2 and "req_9" in csv
    assert supervisor.get(f"{LIST}export/xlsx/").status_code == 200
    assert AuditEntry.objects.filter(verb="export", label="backoffice.auditentry").count() == 2


def test_the_list_costs_the_same_however_long(supervisor: Client) -> None:
    def queries() -> int:
        with _counted() as counted:
            assert supervisor.get(LIST).status_code == 200
        return len(counted)

    def more() -> None:
        for number in range(60):
            audit.note("suspend", door="command", kind="customer", remote_id=f"cus_{number}")

    few = queries()
    more()
    two_pages = queries()
    more()
    assert queries() == two_pages == few + 1 <= 12  # a list of several pages first finds the page's keys


def _counted() -> Any:
    from django.test.utils import CaptureQueriesContext

    return CaptureQueriesContext(connection)


def test_a_page_of_an_entry_tells_all_of_it(supervisor: Client, entry: AuditEntry) -> None:
    page = supervisor.get(f"{LIST}{entry.pk}/change/").content.decode()
    for told in ("Suspend", "done", "the operator", "through a command", "Toko 1", "cus_1", "Asked by Ana"):
        assert told in page, told


def test_a_records_page_tells_who_did_what_to_those_who_may_read_the_audit(client: Client, sandbox: Any) -> None:
    from backoffice.tests.factories import person
    from customers.models import Customer

    customer = Customer.objects.earliest("pk")
    address = reverse("admin:customers_customer_change", args=[customer.pk])
    for number in range(30):
        audit.note_mirrored("suspend", "kirim.customers", customer.remote_id, door="command", reason=f"No. {number:02}")
    audit.note("add", door="command", kind="note", remote_id="1", owner_remote_id=customer.remote_id, detail="A note")
    for role, is_told in (("viewer", False), ("customer desk", False), ("supervisor", True)):
        client.force_login(person(role))
        page = client.get(address).content.decode()
        assert ("Who did what here" in page) is ("No. 29" in page) is ("A note" in page) is is_told, role
    assert "note</span>" in page  # what hangs on it says what it is
    assert "No. 11" in page and "No. 10" not in page and f"{LIST}?q={customer.remote_id}" in page


def test_the_section_costs_a_records_page_one_query(client: Client, sandbox: Any) -> None:
    from django.contrib.auth.models import Permission

    from backoffice.tests.factories import person
    from customers.models import Customer

    customer = Customer.objects.earliest("pk")
    address = reverse("admin:customers_customer_change", args=[customer.pk])
    user = person()
    user.user_permissions.set(Permission.objects.exclude(codename="view_auditentry"))
    client.force_login(user)

    def queries() -> int:
        client.get(address)
        with _counted() as counted:
            assert client.get(address).status_code == 200
        return len(counted)

    without = queries()
    user.user_permissions.set(Permission.objects.all())
    assert queries() == without + 1
