"""Reading one customer at Kirim: what is stored, what is left alone, what is said when it fails."""

import httpx
import pytest
from django.utils import timezone

from backoffice import upstreams
from backoffice.client import PERSON
from backoffice.errors import RemoteAuthFailed, RemoteContractError, RemoteNotFound
from backoffice.models import RejectedRecord, RowChange
from customers.kirim import KirimAPI
from customers.models import Customer, SetupLink
from customers.services import CustomerService
from customers.tests.factories import AccountFactory, CustomerFactory, SetupLinkFactory
from customers.tests.kirim import answer, customer, setup_link

pytestmark = pytest.mark.django_db

ID = customer(1)["id"]


@pytest.fixture
def service(kirim):
    with KirimAPI.from_settings(PERSON) as api:
        yield CustomerService(api)


def test_a_customer_that_was_never_here_is_mirrored_whole(service, kirim):
    kirim.customers = [customer(1)]
    fetched = service.fetch(ID)
    assert (fetched.name, fetched.payload) == ("Toko 1", customer(1))
    assert "whatsapp_accounts" in fetched.detail and fetched.detail_at == fetched.synced_at
    assert kirim.paths() == [f"/v1/customers/{ID}"]


def test_fetching_relates_the_rows_that_waited_for_the_customer(service, kirim):
    kirim.customers = [customer(1)]
    link = SetupLinkFactory(customer=None, customer_remote_id=ID)
    account = AccountFactory(customer=None, customer_remote_id=ID)
    fetched = service.fetch(ID)
    link.refresh_from_db()
    account.refresh_from_db()
    assert link.customer == account.customer == fetched


def test_fetching_again_changes_nothing_and_a_change_is_told(service, kirim):
    kirim.customers = [customer(1)]
    service.fetch(ID)
    service.fetch(ID)
    assert not RowChange.objects.exists()
    kirim.customers = [customer(1, name="Toko Baru")]
    assert service.fetch(ID).name == "Toko Baru"
    assert RowChange.objects.get(member="name").after == '"Toko Baru"'


def test_an_older_body_does_not_replace_a_newer_one(service, kirim):
    kirim.customers = [customer(1)]
    stored = []

    def stored_while_we_wait(request: httpx.Request) -> None:
        now = timezone.now()
        detail = {"whatsapp_accounts": []}
        stored.append(CustomerFactory(remote_id=ID, name="Newer", synced_at=now, detail=detail, detail_at=now))

    kirim.mischief = stored_while_we_wait
    fetched = service.fetch(ID)
    assert (fetched.name, fetched.detail_at) == ("Newer", stored[0].detail_at)


def test_a_customer_that_was_marked_as_gone_comes_back_to_life(service, kirim):
    kirim.customers = [customer(1)]
    service.fetch(ID)
    Customer.objects.update(vanished_at=timezone.now())
    assert service.fetch(ID).vanished_at is None


def test_an_unknown_id_is_told_and_nothing_is_marked_as_gone(service, kirim):
    row = CustomerFactory(remote_id=ID)
    with pytest.raises(RemoteNotFound, match="Kirim knows no customer"):
        service.fetch(ID)
    row.refresh_from_db()
    assert row.vanished_at is None


def test_an_unreadable_customer_is_rejected_and_the_stored_row_stays(service, kirim):
    row = CustomerFactory(remote_id=ID, name="As it was")
    kirim.customers = [customer(1, name=None)]
    with pytest.raises(RemoteContractError, match="cannot be taken"):
        service.fetch(ID)
    row.refresh_from_db()
    assert (row.name, row.detail) == ("As it was", None)
    assert RejectedRecord.objects.get().remote_id == ID


def test_an_answer_about_somebody_else_is_not_stored(service, kirim):
    kirim.mischief = lambda request: answer({"data": {**customer(2), "whatsapp_accounts": []}})
    with pytest.raises(RemoteContractError, match="another customer"):
        service.fetch(ID)
    assert not Customer.objects.exists()


def test_a_refused_key_pauses_the_upstream_for_everybody(service, kirim):
    kirim.mischief = lambda request: httpx.Response(401, json={"error": {"message": "no such key"}})
    with pytest.raises(RemoteAuthFailed):
        service.fetch(ID)
    service.api.close()  # as whoever opened it does, whatever came of the call
    assert upstreams.open_breaker("kirim").refusal()


def test_refresh_reads_the_customer_and_its_links(service, kirim):
    kirim.customers = [customer(1)]
    row = CustomerFactory(remote_id=ID)
    kirim.links = {ID: [setup_link(1, ID), setup_link(2, ID, status="revoked")]}
    fresh = service.refresh(row)
    assert fresh.name == "Toko 1" and fresh.links_read_at
    assert SetupLink.objects.filter(customer=row).count() == 2


def test_links_that_cannot_be_read_leave_the_refreshed_customer(service, kirim):
    kirim.customers = [customer(1)]
    row = CustomerFactory(remote_id=ID)
    kirim.mischief = lambda request: httpx.Response(422) if "setup_links" in request.url.path else None
    with pytest.raises(Exception, match="setup_links"):
        service.refresh(row)
    row.refresh_from_db()
    assert (row.name, row.links_read_at) == ("Toko 1", None)
