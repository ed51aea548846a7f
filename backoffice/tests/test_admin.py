"""The desk, the kernel's lists, the palette, and one more try at what was rejected."""

from datetime import timedelta

import httpx
import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from backoffice.admin.mirror import MirrorAdmin
from backoffice.admin.readonly import ReadOnlyAdmin
from backoffice.models import AuditEntry, BulkItem, RejectedRecord, SyncRun
from backoffice.tests.factories import (
    ChangeFactory,
    DriftFactory,
    RejectedFactory,
    RunFactory,
    UpstreamStateFactory,
    person,
    superuser,
)
from backoffice.tests.reading import page_of
from customers.models import Customer, SetupLink
from customers.tests.factories import CustomerFactory, SetupLinkFactory
from customers.tests.kirim import customer as customer_row
from customers.tests.kirim import setup_link as link_row

pytestmark = pytest.mark.django_db


def all_fresh():
    for resource in ("kirim.customers", "kirim.accounts", "kirim.setup_links"):
        RunFactory(resource=resource)


# -- the desk ---------------------------------------------------------------------------------------------------------


def test_the_desk_is_the_same_page_at_both_addresses(supervisor):
    assert "Upstreams" in page_of(supervisor, "/")
    assert "Upstreams" in page_of(supervisor, "/admin/")


def test_the_desk_says_which_variables_an_upstream_that_is_off_wants(supervisor, settings):
    settings.KIRIM_API_KEY = ""
    page = page_of(supervisor, "/")
    assert "Off: nothing is read or sent." in page
    assert "To turn it on: set KIRIM_API_KEY, and start again." in page


def test_the_desk_says_never_synced_then_counts_the_first_sync_then_fresh(supervisor):
    assert "Never synced." in page_of(supervisor, "/")
    run = RunFactory(state="queued", swept_from=None, started_at=None, ended_at=None)
    assert "The first sync waits for a worker" in page_of(supervisor, "/")
    SyncRun.objects.filter(pk=run.pk).update(state="running", started_at=timezone.now(), fetched=1234, created=1234)
    assert "1,234 customers read so far; 0 of 3 lists are here" in page_of(supervisor, "/")
    run.delete()
    all_fresh()
    assert "Fresh: customers and WhatsApp accounts were complete" in page_of(supervisor, "/")


def test_the_desk_tells_once_how_fresh_each_resource_is(supervisor):
    all_fresh()
    records = page_of(supervisor, "/").partition('aria-label="Records"')[2].partition("</section>")[0]
    assert records.count(">Customers<") == records.count(">WhatsApp accounts<") == 1
    assert records.count("<table") == 1 and "<svg" not in records


def test_the_desk_calls_setup_links_complete_only_after_a_full_run(supervisor):
    all_fresh()
    page = page_of(supervisor, "/")
    assert "; setup links that were due were read <time" in page and "<td>those due, <time" in page
    RunFactory(resource="kirim.setup_links", mode="full")
    page = page_of(supervisor, "/")
    assert "Fresh: customers, WhatsApp accounts and setup links were complete" in page and "those due" not in page


def test_a_list_says_read_completely_only_where_a_sync_reads_everything(supervisor):
    all_fresh()
    assert "Read completely <time" in page_of(supervisor, "/admin/customers/customer/")
    page = page_of(supervisor, "/admin/customers/setuplink/")
    assert "The setup links are as old as the age beside them; last sync <time" in page
    assert "Read completely" not in page


def test_the_desk_says_what_failed_and_how_old_the_rest_is(supervisor):
    all_fresh()
    RunFactory(state="failed", swept_from=None, error="GET /customers: answered 503")
    page = page_of(supervisor, "/")
    assert "The last sync of customers failed" in page and "GET /customers: answered 503." in page
    assert "What is shown: customers and WhatsApp accounts were complete" in page


def test_the_desk_says_so_when_the_key_is_refused(supervisor):
    all_fresh()
    over = timezone.now() - timedelta(hours=1)  # a pause lasts a minute; the key is refused until a call succeeds
    state = UpstreamStateFactory(key_refused=True, paused_until=over, pause_reason="GET /customers: answered 402: pay")
    page = page_of(supervisor, "/")
    assert "Our key is refused: GET /customers: answered 402: pay" in page and "Check KIRIM_API_KEY" in page
    assert ">key refused</span>" in page_of(supervisor, "/admin/backoffice/upstreamstate/")
    type(state).objects.update(key_refused=False)
    assert "key refused" not in page_of(supervisor, "/")


def test_what_a_remote_writes_in_an_error_is_not_taken_for_a_refused_key(supervisor):
    all_fresh()
    RunFactory(state="failed", swept_from=None, error="GET /customers: answered 500: a proxy answered 401")
    assert "key is refused" not in page_of(supervisor, "/")


def test_the_desk_says_so_while_the_upstream_is_paused(supervisor):
    all_fresh()
    UpstreamStateFactory(paused_until=timezone.now() + timedelta(minutes=1), pause_reason="no whole answer")
    assert "no whole answer" in page_of(supervisor, "/")


def test_the_desk_refuses_to_mix_two_installations(supervisor):
    UpstreamStateFactory(identity="sandbox")
    page = page_of(supervisor, "/")
    assert "The records here came from sandbox" in page and "doctor --accept-upstream kirim" in page


def test_a_busy_run_is_not_taken_for_a_failing_upstream(supervisor):
    all_fresh()
    RunFactory(state="failed", swept_from=None, error="busy")
    assert "Fresh: customers" in page_of(supervisor, "/")


def test_the_desk_lists_what_needs_a_person(supervisor):
    all_fresh()
    held = RunFactory(state="partial", error="held", held=43)
    RejectedFactory.create_batch(2)
    DriftFactory()
    page = page_of(supervisor, "/")
    assert "Customers that look gone and wait for an approval: 43" in page and f"/runs/{held.pk}/" in page
    assert "Customers that could not be taken: 2" in page
    assert "Members or words that the contract does not know" in page


def test_an_approval_waits_only_for_those_who_may_approve(client):
    all_fresh()
    RunFactory(state="partial", error="held", held=43)
    for role in ("viewer", "customer desk"):
        client.force_login(person(role))
        assert "wait for an approval" not in page_of(client, "/")


def test_the_desk_costs_at_most_ten_queries_and_asks_no_remote(supervisor, remote):
    all_fresh()
    RunFactory(state="running", ended_at=None)
    RejectedFactory.create_batch(5)
    with CaptureQueriesContext(connection) as queries:
        page_of(supervisor, "/")
    assert len(queries) <= 10, len(queries)
    assert remote.requests == []


def test_the_warehouse_has_a_desk_without_records(client):
    client.force_login(person("warehouse"))
    all_fresh()
    RejectedFactory()
    page = page_of(client, "/")
    assert "Fresh: customers" in page
    assert "could not be taken" not in page and "/admin/customers/" not in page


def test_the_badge_names_the_live_upstream_or_the_sandbox(supervisor, settings):
    assert "Live · kirim.example" in page_of(supervisor, "/")
    settings.KIRIM_BASE_URL = "http://127.0.0.1:9000/sandbox/kirim/v1"
    assert "Sandbox" in page_of(supervisor, "/admin/customers/customer/")


# -- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["syncrun", "rejectedrecord", "rowchange", "drift", "upstreamstate"])
def test_the_kernels_rows_cannot_be_added_changed_or_deleted(client, model):
    client.force_login(superuser())
    made = {
        "syncrun": RunFactory,
        "rejectedrecord": RejectedFactory,
        "rowchange": lambda: ChangeFactory(remote_id="cus_1"),
        "drift": DriftFactory,
        "upstreamstate": UpstreamStateFactory,
    }[model]()
    assert client.get(reverse(f"admin:backoffice_{model}_add")).status_code == 403
    assert client.post(reverse(f"admin:backoffice_{model}_delete", args=[made.pk]), {"post": "yes"}).status_code == 403
    assert client.post(reverse(f"admin:backoffice_{model}_change", args=[made.pk]), {}).status_code == 405
    assert type(made).objects.filter(pk=made.pk).exists()


@pytest.mark.parametrize("rows", [3, 60])
def test_the_list_of_runs_costs_the_same_whatever_its_length(supervisor, rows):
    for number in range(rows):
        RunFactory(started_by=person(), error=f"sentence {number}")
    with CaptureQueriesContext(connection) as queries:
        page_of(supervisor, reverse("admin:backoffice_syncrun_changelist"))
    assert len(queries) <= 10, len(queries)


@pytest.mark.parametrize(
    "query", ["state=held", "state=failed", "resource=kirim.accounts", "trigger=person", "dry=yes", "state=%00", "p=x"]
)
def test_runs_can_be_filtered_and_nonsense_in_the_address_does_no_harm(supervisor, query):
    RunFactory()
    answer = supervisor.get(f"{reverse('admin:backoffice_syncrun_changelist')}?{query}", follow=True)
    assert answer.status_code == 200


def test_values_of_unknown_members_are_only_for_those_who_may_see_payloads(client):
    change = ChangeFactory(remote_id="cus_1", member="loyalty", before='"silver-tier"', after='"gold-tier"')
    url = reverse("admin:backoffice_rowchange_change", args=[change.pk])
    client.force_login(person("viewer"))
    assert "gold-tier" not in page_of(client, url)
    client.force_login(person("supervisor"))
    assert "gold-tier" in page_of(client, url)


# -- the palette ------------------------------------------------------------------------------------------------------


def test_the_palette_finds_at_most_ten_records_and_only_for_those_who_may_see_them(client):
    CustomerFactory.create_batch(15, name="Toko Maju")
    user = person("viewer")
    client.force_login(user)
    page = page_of(client, "/admin/search/?s=toko&extended=1")
    assert page.count("Toko Maju") - page.count('data-title="Toko Maju"') == 10
    assert "At most 10 records are shown" in page
    nothing = page_of(client, "/admin/search/?s=<b>nope&extended=1")
    assert "Nothing was found for “&lt;b&gt;nope”" in nothing and "At most" not in nothing
    assert "Nothing was found" not in page_of(client, "/admin/search/?s=&extended=1")
    user.groups.clear()
    user.groups.add(person("warehouse").groups.get())
    assert "Toko Maju" not in page_of(client, "/admin/search/?s=toko&extended=1")


# -- rejected records -------------------------------------------------------------------------------------------------


def test_rejected_records_are_only_of_what_the_person_may_see(client):
    run = RunFactory(state="partial")
    shown, hidden = RejectedFactory(run=run), RejectedFactory(resource="kirim.setup_links", run=run, reason="Secret X")
    user = person()
    held = ["view_customer", "view_rejectedrecord", "retry_rejectedrecord", "view_syncrun", "view_upstreamstate"]
    user.user_permissions.set(Permission.objects.filter(codename__in=held))
    client.force_login(user)
    page = page_of(client, reverse("admin:backoffice_rejectedrecord_changelist"))
    assert shown.reason in page and "Secret X" not in page
    page = page_of(client, "/")
    assert "Customers that could not be taken: 1" in page and "Setup links that could not" not in page
    assert client.get(reverse("admin:backoffice_rejectedrecord_change", args=[hidden.pk])).status_code == 302
    assert client.post(reverse("admin:retry_rejected", args=[hidden.pk])).status_code == 404
    assert "Rejected records last met" in page_of(client, f"/runs/{run.pk}/")
    SyncRun.objects.update(resource="kirim.setup_links")
    assert "Rejected records last met" not in page_of(client, f"/runs/{run.pk}/")


def retried():
    """As the audit tells it."""
    return AuditEntry.objects.values_list("kind", "remote_id", "outcome").get(verb="retry_rejected")


def retry(client, record):
    return client.post(reverse("admin:retry_rejected", args=[record.pk]), follow=True).content.decode()


def test_a_rejected_customer_is_read_again_by_its_id_and_taken(supervisor, kirim):
    kirim.customers = [customer_row(7)]
    record = RejectedFactory(remote_id=customer_row(7)["id"])
    assert "It was read again and taken." in retry(supervisor, record)
    assert Customer.objects.get().name == "Toko 7"
    record.refresh_from_db()
    assert record.resolved_at
    assert retried() == ("customer", record.remote_id, "done")


def test_a_rejected_customer_that_is_still_bad_stays_open_and_says_why(supervisor, kirim):
    kirim.customers = [customer_row(7, name=None)]
    record = RejectedFactory(remote_id=customer_row(7)["id"], reason="old")
    assert "still cannot be taken" in retry(supervisor, record)
    record.refresh_from_db()
    assert record.resolved_at is None and record.reason != "old" and record.seen == 2
    assert retried() == ("customer", record.remote_id, "failed")


def test_a_rejected_customer_that_kirim_no_longer_knows_is_settled(supervisor, kirim):
    record = RejectedFactory(remote_id="cus_gone")
    assert "no longer knows it" in retry(supervisor, record)
    record.refresh_from_db()
    assert record.resolved_at


def test_a_rejected_link_is_retried_by_reading_its_owners_links(supervisor, kirim):
    owner = CustomerFactory()
    kirim.links = {owner.remote_id: [link_row(1, owner.remote_id)]}
    record = RejectedFactory(
        resource="kirim.setup_links", remote_id=link_row(1, "")["id"], owner_remote_id=owner.remote_id
    )
    assert "It was read again and taken." in retry(supervisor, record)
    assert SetupLink.objects.get().customer == owner


def test_a_rejected_account_is_retried_by_a_run_of_its_resource(supervisor, kirim):
    record = RejectedFactory(resource="kirim.accounts", remote_id="")
    assert "everything of its kind is read again" in retry(supervisor, record)
    run = SyncRun.objects.get(resource="kirim.accounts")
    assert (run.state, run.trigger, run.mode) == ("succeeded", "person", "full")


def test_a_failing_retry_leaves_the_record_and_shows_no_traceback(supervisor, remote):
    remote.answers["GET", "/v1/customers/cus_1"] = httpx.Response(403, json={"error": {"message": "plan ended"}})
    record = RejectedFactory(remote_id="cus_1")
    page = retry(supervisor, record)
    assert "Kirim does not let us do this to this record." in page
    assert "answered 403: plan ended" in page and "Traceback" not in page
    assert RejectedRecord.objects.get().resolved_at is None


def test_the_payload_of_a_rejected_record_is_only_for_those_who_may_see_it(client):
    url = reverse("admin:backoffice_rejectedrecord_change", args=[RejectedFactory().pk])
    client.force_login(person("viewer"))
    page = page_of(client, url)
    assert "missing required field" in page and "only for those who may" not in page and "Retry" not in page
    client.force_login(person("supervisor"))
    page = page_of(client, url)
    assert "<pre data-payload" in page and "only for those who may" in page


def test_links_of_other_owners_do_not_cost_more_queries(supervisor):
    SetupLinkFactory.create_batch(3)
    with CaptureQueriesContext(connection) as few:
        page_of(supervisor, reverse("admin:customers_setuplink_changelist"))
    SetupLinkFactory.create_batch(30)
    with CaptureQueriesContext(connection) as many:
        page_of(supervisor, reverse("admin:customers_setuplink_changelist"))
    assert len(few) == len(many) <= 15


def test_each_list_of_our_own_says_what_it_holds(client):
    client.force_login(superuser())
    own = [
        (model, it)
        for model, it in admin.site._registry.items()
        if isinstance(it, ReadOnlyAdmin) and not isinstance(it, MirrorAdmin) and model is not BulkItem
    ]
    assert len(own) > 8
    for model, it in own:
        page = page_of(client, reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
        assert it.list_about and escape(str(it.list_about)) in page
