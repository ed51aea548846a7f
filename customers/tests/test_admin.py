"""The lists and pages of Kirim's records, fetch and refresh, as staff use them."""

import re
from datetime import timedelta
from io import BytesIO

import httpx
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from backoffice.tests.factories import ChangeFactory, RejectedFactory, RunFactory, person
from backoffice.tests.reading import page_of
from customers.admin import filters
from customers.models import Customer
from customers.states import link_state
from customers.tests.factories import AccountFactory, CustomerFactory, SetupLinkFactory
from customers.tests.kirim import customer, setup_link

pytestmark = pytest.mark.django_db

LIST = "/admin/customers/customer/"
LINKS = "/admin/customers/setuplink/"
ACCOUNTS = "/admin/customers/whatsappaccount/"
NO_ID = 'A Kirim customer id is "cus_" and 26 capital letters and digits.'
SOME_ID = customer(1)["id"]


def listed(client, url):
    """The names on a list."""
    page = page_of(client, url)
    return {name for name in re.findall(r"(?:Toko|Customer|Account) [\w ]*\w", page.partition('id="result_list"')[2])}


def change_url(row):
    return reverse(f"admin:customers_{row._meta.model_name}_change", args=[row.pk])


# -- search and filters -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "term", ["crm-77", "CRM-77", "maju", "MAJU surabaya", "toko@example", "cus_00000000000000000000000077", "ÜBER"]
)
def test_a_customer_is_found_by_name_email_id_and_metadata(desk, term):
    CustomerFactory(
        name="Toko Maju Surabaya",
        email="toko@example.com",
        remote_id="cus_00000000000000000000000077",
        metadata={"external_ref": "CRM-77", "note": "Über uns"},
    )
    CustomerFactory(name="Toko Other")
    assert listed(desk, f"{LIST}?q={term}") == {"Toko Maju Surabaya"}


@pytest.mark.parametrize("term", ["%", "_", "%00", "'", '"', "\\", "x" * 5000])
def test_odd_search_terms_do_no_harm(desk, term):
    CustomerFactory(name="Toko Plain", email=None, remote_id="cus0plain")
    assert listed(desk, f"{LIST}?q={term}") <= {"Toko Plain"}
    assert "Traceback" not in page_of(desk, f"{LIST}?q={term}")


def test_customers_are_filtered_by_state_team_links_and_presence(desk):
    now = timezone.now()
    CustomerFactory(name="Toko Active", team_id="team_a")
    CustomerFactory(name="Toko Pending", status="pending", team_id="team_b")
    CustomerFactory(name="Toko Odd", status="hibernating")
    CustomerFactory(name="Toko Gone", vanished_at=now)
    SetupLinkFactory(customer=CustomerFactory(name="Toko Long"), expires_at=now + timedelta(days=3))
    SetupLinkFactory(customer=CustomerFactory(name="Toko Soon"), expires_at=now + timedelta(hours=3))
    SetupLinkFactory(customer=CustomerFactory(name="Toko Over"), expires_at=now - timedelta(hours=3))
    everybody = {f"Toko {name}" for name in "Active Pending Odd Long Soon Over".split()}
    assert listed(desk, LIST) == everybody
    assert listed(desk, f"{LIST}?status=pending") == {"Toko Pending"}
    assert listed(desk, f"{LIST}?status=hibernating") == {"Toko Odd"}
    assert listed(desk, f"{LIST}?team=team_b") == {"Toko Pending"}
    assert listed(desk, f"{LIST}?active_link=yes") == {"Toko Long", "Toko Soon"}
    assert listed(desk, f"{LIST}?active_link=ending") == {"Toko Soon"}
    assert listed(desk, f"{LIST}?active_link=no") == everybody - {"Toko Long", "Toko Soon"}
    assert listed(desk, f"{LIST}?presence=gone") == {"Toko Gone"}
    assert listed(desk, f"{LIST}?presence=all") == everybody | {"Toko Gone"}
    assert "gone since" in page_of(desk, f"{LIST}?presence=gone")
    assert "unknown: hibernating" in page_of(desk, LIST)


def test_the_age_of_a_row_is_the_later_of_its_reading_and_of_the_last_complete_sweep(desk):
    hours = [0.2, 5, 50]
    for number in hours:
        CustomerFactory(name=f"Toko {number}".replace(".", "x"), synced_at=timezone.now() - timedelta(hours=number))
    assert listed(desk, f"{LIST}?age=fresh") == {"Toko 0x2"}
    assert listed(desk, f"{LIST}?age=hour") == {"Toko 5", "Toko 50"}
    assert listed(desk, f"{LIST}?age=day") == {"Toko 50"}
    assert ">2 d ago<" in page_of(desk, LIST)
    RunFactory(started_at=timezone.now() - timedelta(minutes=30), swept_from=timezone.now() - timedelta(minutes=30))
    RunFactory(is_dry=True, swept_from=timezone.now())
    assert listed(desk, f"{LIST}?age=hour") == set()
    assert len(listed(desk, f"{LIST}?age=fresh")) == 3
    assert "30 min ago" in page_of(desk, LIST) and ">2 d ago<" not in page_of(desk, LIST)


def test_a_links_age_counts_from_its_customers_last_link_reading(desk):
    RunFactory(resource="kirim.setup_links")
    old = timezone.now() - timedelta(days=9)
    unread = CustomerFactory(links_read_at=None)
    link = SetupLinkFactory(customer=unread, synced_at=old)
    assert "9 d ago" in page_of(desk, LINKS)
    unread.links_read_at = timezone.now() - timedelta(minutes=20)
    unread.save()
    assert "20 min ago" in page_of(desk, LINKS)
    assert f"…{link.token_last4}" in page_of(desk, f"{LINKS}?age=fresh")


@pytest.mark.parametrize("few", [9, 1])
def test_links_are_found_by_their_age_however_many_have_it(desk, monkeypatch, few):
    monkeypatch.setattr(filters, "FEW_LINKS", few)
    now, old = timezone.now(), timezone.now() - timedelta(days=9)
    read_with_it = SetupLinkFactory(customer=CustomerFactory(links_read_at=now), synced_at=old)
    read_itself = SetupLinkFactory(customer=CustomerFactory(links_read_at=None), synced_at=now)
    of_nobody = SetupLinkFactory(customer=None, customer_remote_id="cus_gone", synced_at=now)
    not_read = SetupLinkFactory(customer=CustomerFactory(links_read_at=old), synced_at=old)

    def found(age):
        return {row.pk for row in desk.get(f"{LINKS}?age={age}").context["cl"].result_list}

    assert found("fresh") == {read_with_it.pk, read_itself.pk, of_nobody.pk}
    assert found("hour") == found("day") == {not_read.pk}


def test_a_link_past_its_time_is_expired_whatever_kirim_said_last(desk):
    now = timezone.now()
    over = SetupLinkFactory(expires_at=now - timedelta(minutes=1))
    soon = SetupLinkFactory(expires_at=now + timedelta(hours=3, minutes=1))
    assert (link_state(over), link_state(soon)) == ("expired", "active")
    assert "in 3 h" in page_of(desk, LINKS)
    expired = page_of(desk, f"{LINKS}?status=expired")
    assert f"…{over.token_last4}" in expired and f"…{soon.token_last4}" not in expired
    ending = page_of(desk, f"{LINKS}?ending=day")
    assert f"…{soon.token_last4}" in ending and f"…{over.token_last4}" not in ending


@pytest.mark.parametrize("url", [LIST, LINKS, ACCOUNTS])
def test_lists_cost_the_same_whatever_their_length(supervisor, url):
    for rows in (2, 60):
        for owner in CustomerFactory.create_batch(rows):
            SetupLinkFactory(customer=owner)
            AccountFactory(customer=owner)
        with CaptureQueriesContext(connection) as queries:
            page_of(supervisor, url)
        assert len(queries) <= 15, [query["sql"][:100] for query in queries]


# -- empty lists ------------------------------------------------------------------------------------------------------


def test_an_empty_list_says_what_is_happening(desk, settings):
    assert "they were never read from Kirim to the end" in page_of(desk, LIST)
    run = RunFactory(state="running", swept_from=None, ended_at=None, fetched=1234)
    assert "The first sync is running: 1,234 customers read so far." in page_of(desk, LIST)
    run.delete()
    RunFactory()
    assert "Kirim has no customers." in page_of(desk, LIST)
    assert "No customers match this search and these filters." in page_of(desk, f"{LIST}?q=nobody")
    settings.KIRIM_API_KEY = ""
    assert "Nothing was ever read. Kirim is off: set KIRIM_API_KEY." in page_of(desk, ACCOUNTS)


# -- export -----------------------------------------------------------------------------------------------------------


def test_the_filtered_list_is_exported_without_formulas_and_payloads(desk):
    row = CustomerFactory(name="=HYPERLINK(1)", status="pending", payload={"id": "x", "hidden": "member"})
    CustomerFactory(name="Toko Other")
    AccountFactory(customer=row, name="Account x", phone_number="+49301")
    page = page_of(desk, f"{LIST}?status=pending")
    assert 'href="export/csv/?status=pending"' in page
    text = b"".join(desk.get(f"{LIST}export/csv/?status=pending").streaming_content).decode()
    assert text.splitlines()[0].startswith("remote_id,name,email,status")
    assert "'=HYPERLINK(1)" in text and "Toko Other" not in text and "hidden" not in text
    sheet = load_workbook(BytesIO(desk.get(f"{ACCOUNTS}export/xlsx/").content)).active
    assert "'+49301" in [cell.value for cell in sheet[2]]


def test_only_csv_and_xlsx_are_exported(desk):
    assert desk.get(f"{LIST}export/pickle/").status_code == 404


# -- the page of a customer -------------------------------------------------------------------------------------------


def test_the_page_of_a_customer_tells_all_that_is_known(desk):
    now = timezone.now()
    row = CustomerFactory(
        name="Toko Maju",
        metadata={"external_ref": "crm-77"},
        detail_at=now,
        detail={
            "whatsapp_accounts": [
                {
                    "phone_number_id": "1",
                    "phone_number": "+62811",
                    "name": "Maju Line",
                    "status": "connected",
                    "onboarded_at": "2025-04-01T10:00:00.000Z",
                }
            ]
        },
    )
    SetupLinkFactory(customer=row, token_last4="AB12", expires_at=now + timedelta(hours=3, minutes=1))
    ChangeFactory(remote_id=row.remote_id, before='"Old Name"', after='"Toko Maju"')
    RejectedFactory(remote_id=row.remote_id, reason="name is missing")
    page = page_of(desk, change_url(row))
    for text in (
        "Toko Maju", "crm-77", "Maju Line", "+62811", "2025-04-01", "…AB12", "in 3 h", "Old Name",
        "name is missing", "What changed here", f'data-copy="{row.remote_id}"', "Refresh from Kirim",
    ):  # fmt: skip
        assert text in page, text


def test_a_single_read_older_than_the_last_list_of_accounts_only_adds_when_they_were_onboarded(desk):
    row = CustomerFactory(
        detail_at=timezone.now() - timedelta(hours=2),
        detail={
            "whatsapp_accounts": [
                {"phone_number_id": "1", "status": "degraded", "onboarded_at": "2025-04-01T10:00:00Z"},
                {"phone_number_id": "2", "name": "Moved Away", "status": "connected", "onboarded_at": None},
            ]
        },
    )
    AccountFactory(customer=row, remote_id="1", name="Still Here", synced_at=timezone.now() - timedelta(hours=9))
    RunFactory(resource="kirim.accounts")
    page = page_of(desk, change_url(row))
    assert "Still Here" in page and "2025-04-01" in page
    assert "Moved Away" not in page and "degraded" not in page


@pytest.mark.parametrize(
    ("onboarded_at", "told"),
    [
        ("2026-01-01t00:00:00z", "2026-01-01 00:00:00 UTC"),
        ("2026-01-01T02:00:00+02:00", "2026-01-01 00:00:00 UTC"),
        ("0001-01-01T00:00:00+05:00", ""),
        ("9999-12-31T23:59:59-05:00", ""),
        ("2026-01-01T00:00:00", ""),
        ("soon", ""),
        (7, ""),
        (None, ""),
    ],
)
def test_a_time_in_a_stored_single_read_that_cannot_be_read_is_left_out(desk, onboarded_at, told):
    account = {"phone_number_id": "1", "name": "Line", "status": "connected", "onboarded_at": onboarded_at}
    row = CustomerFactory(detail_at=timezone.now(), detail={"whatsapp_accounts": [account]})
    assert (told or "<td>not yet</td>") in page_of(desk, change_url(row))
    AccountFactory(customer=row, remote_id="1", phone_number_id="1", synced_at=timezone.now() + timedelta(hours=1))
    assert (told or "<td>not known</td>") in page_of(desk, change_url(row))


def test_the_page_pages_through_past_changes(desk):
    row = CustomerFactory()
    for number in range(45):
        ChangeFactory(remote_id=row.remote_id, after=f'"name {number}"')
    assert "name 44" in page_of(desk, change_url(row)) and "page 1 of 3" in page_of(desk, change_url(row))
    assert "&quot;name 0&quot;" in page_of(desk, f"{change_url(row)}?changes=3")
    assert page_of(desk, f"{change_url(row)}?changes=nonsense")


def test_the_raw_payload_is_for_supervisors_with_unknown_members_marked(client):
    row = CustomerFactory(payload={"id": "cus_1", "name": "Toko", "loyalty": {"tier": "gold"}})
    ChangeFactory(remote_id=row.remote_id, member="loyalty", after='{"tier": "gold"}')
    for role in ("viewer", "customer desk"):
        client.force_login(person(role))
        page = page_of(client, change_url(row))
        assert "data-payload" not in page and "gold" not in page
    client.force_login(person("supervisor"))
    page = page_of(client, change_url(row))
    payload = re.search(r"<pre data-payload[^>]*>(.*?)</pre>", page, re.DOTALL).group(1)
    marked = re.search(r"<mark[^>]*>(.*?)</mark>", payload, re.DOTALL).group(1)
    assert "loyalty" in marked and "gold" in marked and "Toko" not in marked
    assert "&quot;name&quot;: &quot;Toko&quot;" in payload


def test_nothing_of_a_mirrored_record_can_be_added_changed_or_deleted(client):
    from backoffice.tests.factories import superuser

    client.force_login(superuser())
    for row in (CustomerFactory(), SetupLinkFactory(), AccountFactory()):
        name = f"admin:customers_{row._meta.model_name}"
        assert client.get(reverse(f"{name}_add")).status_code == 403
        assert client.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
        assert client.post(change_url(row), {"name": "other"}).status_code == 405
        answer = client.post(
            reverse(f"{name}_changelist"), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        )
        assert answer.status_code in {200, 302, 403}
        assert type(row).objects.filter(pk=row.pk).exists()


def test_an_account_without_a_number_has_a_page_too(desk):
    account = AccountFactory(
        remote_id="onboarding:organization:1", phone_number_id=None, phone_number=None, name=None, status="onboarding",
        customer=None,
    )  # fmt: skip
    assert "(onboarding)" in page_of(desk, ACCOUNTS)
    assert "the organization itself" in page_of(desk, change_url(account))


# -- fetch and refresh ------------------------------------------------------------------------------------------------


def test_a_customer_is_fetched_by_its_id_and_shown(desk, kirim):
    kirim.customers = [customer(5)]
    assert "Fetch by id" in page_of(desk, LIST)
    answer = desk.post(f"{LIST}fetch/", {"remote_id": f" {customer(5)['id']} "}, follow=True)
    assert "Toko 5 was fetched from Kirim." in answer.content.decode()
    assert answer.redirect_chain == [(change_url(Customer.objects.get()), 302)]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Type the id of a customer."),
        ("cus 1/../2", NO_ID),
        ("cus_unknown", NO_ID),
        (customer(5)["id"].lower() + "i", NO_ID),
        (f"cus_{'I' * 26}", NO_ID),
    ],
)
def test_a_bad_id_is_told_at_the_field_without_asking_kirim_and_what_was_typed_stays(desk, kirim, typed, said):
    answer = desk.post(f"{LIST}fetch/", {"remote_id": typed})
    assert said in answer.context["form"].errors["remote_id"]
    assert not typed or f'value="{typed}"' in answer.content.decode()
    assert not Customer.objects.exists() and not kirim.requests


@pytest.mark.parametrize(
    ("status", "said"),
    [(400, "Kirim refused it: odd id."), (404, "Kirim knows no customer"), (422, "refused it: odd id.")],
)
def test_what_kirim_says_of_the_id_stands_at_the_field(desk, kirim, status, said):
    kirim.mischief = lambda request: httpx.Response(status, json={"error": {"message": "odd id"}})
    form = desk.post(f"{LIST}fetch/", {"remote_id": SOME_ID}).context["form"]
    assert said in form.errors["remote_id"][0] and not form.non_field_errors()


def test_what_kirim_answers_instead_is_told_without_a_traceback(desk, kirim):
    kirim.mischief = lambda request: httpx.Response(403, json={"error": {"message": "plan ended"}})
    page = desk.post(f"{LIST}fetch/", {"remote_id": SOME_ID}).content.decode()
    assert "Kirim does not let us do this to this record." in page
    assert "answered 403: plan ended" in page and "Traceback" not in page and f'value="{SOME_ID}"' in page


def test_with_kirim_off_the_buttons_say_why(desk, settings):
    settings.KIRIM_BASE_URL = ""
    row = CustomerFactory()
    assert "Kirim is off: set KIRIM_BASE_URL." in page_of(desk, change_url(row))
    assert "Kirim is off: set KIRIM_BASE_URL." in page_of(desk, f"{LIST}fetch/")
    page = desk.post(f"{LIST}fetch/", {"remote_id": SOME_ID}).content.decode()
    assert "Kirim is off: set KIRIM_BASE_URL" in page
    page = desk.post(reverse("admin:refresh_customer", args=[row.pk]), follow=True).content.decode()
    assert "Kirim is off: set KIRIM_BASE_URL" in page


def test_a_customer_is_refreshed_with_its_links(desk, kirim):
    row = CustomerFactory(remote_id=customer(5)["id"], name="Old")
    kirim.customers = [customer(5)]
    kirim.links = {row.remote_id: [setup_link(1, row.remote_id, token_last4="ZZ99")]}
    page = desk.post(reverse("admin:refresh_customer", args=[row.pk]), follow=True).content.decode()
    assert "Refreshed from Kirim" in page and "Toko 5" in page and "…ZZ99" in page


def test_a_customer_that_kirim_no_longer_knows_is_left_to_the_next_sync(desk, kirim):
    row = CustomerFactory(name="Toko Lost")
    page = desk.post(reverse("admin:refresh_customer", args=[row.pk]), follow=True).content.decode()
    assert "The next full sync settles what becomes of it here." in page
    row.refresh_from_db()
    assert row.vanished_at is None


def test_a_customer_that_is_gone_already_and_unknown_at_kirim_is_told_so(desk, kirim):
    row = CustomerFactory(vanished_at=timezone.now())
    page = desk.post(reverse("admin:refresh_customer", args=[row.pk]), follow=True).content.decode()
    assert f"Kirim does not know {row.remote_id}; it is marked as gone here already." in page


def test_a_refresh_that_fails_says_what_to_do(desk, kirim):
    kirim.mischief = lambda request: httpx.Response(429, headers={"Retry-After": "7200"})
    row = CustomerFactory()
    page = desk.post(reverse("admin:refresh_customer", args=[row.pk]), follow=True).content.decode()
    assert "Not everything could be refreshed. Kirim asks us to wait until" in page and "UTC; try again then." in page


def test_a_record_that_is_gone_does_not_claim_to_be_as_of_the_last_sweep(desk):
    row = CustomerFactory(vanished_at=timezone.now() - timedelta(days=3))
    RunFactory()
    page = page_of(desk, change_url(row))
    assert "gone since" in page and "<dt>As of</dt>" not in page
    assert "<dt>As of</dt>" in page_of(desk, change_url(CustomerFactory()))
