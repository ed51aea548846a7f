"""When a customer may be called gone (FAULTS 5, 28, 32, 33)."""

import httpx
import pytest

from backoffice.models import RowChange, SyncRun
from backoffice.sync import runs
from customers.models import Customer
from customers.tests.kirim import FakeKirim, account, counts, customer, refusal, sync

pytestmark = pytest.mark.django_db


def living() -> int:
    return Customer.objects.filter(vanished_at=None).count()


def hides(*ids: str):  # type: ignore[no-untyped-def]
    """Mischief: the lists leave these out, the single read still knows them."""

    def mischief_for(kirim: FakeKirim):  # type: ignore[no-untyped-def]
        def mischief(request: httpx.Request) -> httpx.Response | None:
            if request.url.path != "/v1/customers":
                return None
            shown = FakeKirim([row for row in kirim.customers if row["id"] not in ids], page_size=kirim.page_size)
            return shown.answer(request)

        return mischief

    return mischief_for


def test_a_customer_is_gone_when_the_sweep_and_the_single_read_agree(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n) for n in range(30)]
    sync()
    gone = kirim.customers.pop(4)
    run = sync()
    assert run.state == SyncRun.State.SUCCEEDED
    assert counts(run) == {"fetched": 29, "unchanged": 29, "vanished": 1}
    row = Customer.objects.get(remote_id=gone["id"])
    assert row.vanished_at is not None
    assert RowChange.objects.get().member == "vanished_at"
    assert sync().vanished == 0


def test_a_customer_that_the_list_only_missed_is_not_gone(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n) for n in range(30)]
    sync()
    hidden = kirim.customers[4]
    hidden["name"] = "Changed while hidden"
    kirim.mischief = hides(hidden["id"])(kirim)
    run = sync()
    assert counts(run) == {"fetched": 30, "updated": 1, "unchanged": 29}
    assert living() == 30
    assert Customer.objects.get(remote_id=hidden["id"]).name == "Changed while hidden"


def test_a_single_read_that_fails_proves_nothing(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n) for n in range(30)]
    sync()
    gone = kirim.customers.pop(4)
    path = f"/v1/customers/{gone['id']}"
    kirim.mischief = lambda request: httpx.Response(500) if request.url.path == path else None
    run = sync()
    assert run.state == SyncRun.State.PARTIAL
    assert "1 readings failed" in run.error
    assert living() == 30


def test_a_customer_that_comes_back_lives_again(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n) for n in range(30)]
    sync()
    gone = kirim.customers.pop(4)
    sync()
    kirim.customers.append(gone)
    run = sync()
    assert counts(run) == {"fetched": 30, "updated": 1, "unchanged": 29}
    assert living() == 30


def test_a_customer_known_to_be_archived_is_never_called_gone(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n) for n in range(30)] + [customer(99, status="archived")]
    sync()
    kirim.customers.pop()
    run = sync()
    assert run.vanished == 0
    assert living() == 31


@pytest.mark.parametrize("left", [0, 100])
def test_an_empty_or_short_list_is_held_until_a_person_accepts_it(kirim: FakeKirim, left: int) -> None:
    kirim.customers = [customer(n) for n in range(350)]
    sync()
    del kirim.customers[left:]
    kirim.requests.clear()
    run = sync()
    assert (run.state, run.error, run.held) == (SyncRun.State.PARTIAL, "held", 350 - left)
    assert living() == 350
    assert not [path for path in kirim.paths() if path != "/v1/customers"]  # counted before any confirming read
    again = sync()
    assert again.error == "held"
    accepted = sync(accepts=run)
    assert accepted.state == SyncRun.State.SUCCEEDED
    assert accepted.vanished == 350 - left
    assert living() == left


def test_an_acceptance_does_not_cover_more_than_was_held(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n) for n in range(350)]
    sync()
    del kirim.customers[300:]
    run = sync()
    del kirim.customers[200:]
    assert sync(accepts=run).error == "held"
    assert living() == 350


def test_a_small_table_that_comes_back_empty_is_confirmed_row_by_row(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n) for n in range(15)]
    sync()
    kirim.mischief = hides(*(row["id"] for row in kirim.customers))(kirim)
    run = sync()
    assert counts(run) == {"fetched": 15, "unchanged": 15}
    assert living() == 15


def test_a_refused_key_while_confirming_stops_the_run(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n) for n in range(30)]
    sync()
    del kirim.customers[:5]
    kirim.mischief = lambda request: (
        refusal(401, "unauthorized", "no") if request.url.path.startswith("/v1/customers/") else None
    )
    run = sync()
    assert run.state == SyncRun.State.FAILED
    assert living() == 30


def test_a_web_servers_404_page_proves_nothing(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n) for n in range(30)]
    sync()
    kirim.customers.pop()
    page = httpx.Response(404, html="<html>Not found</html>")
    kirim.mischief = lambda request: page if request.url.path.startswith("/v1/customers/") else None
    assert sync().state == SyncRun.State.PARTIAL
    assert living() == 30


def test_an_acceptance_is_good_for_once_and_not_after_a_newer_sweep(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n) for n in range(300)]
    sync()
    del kirim.customers[:50]
    held = sync()
    assert runs.why_not_acceptable(held) == ""
    assert sync(accepts=held).vanished == 50
    assert "approved already" in runs.why_not_acceptable(held)
    gone, kirim.customers = kirim.customers[:60], kirim.customers[60:]
    held = sync()
    kirim.customers += gone
    newer = sync()
    assert runs.why_not_acceptable(held).startswith(f"A later run, #{newer.pk}")


def test_accounts_have_no_single_read_so_a_second_sweep_has_to_agree(kirim: FakeKirim) -> None:
    kirim.accounts = [account(n) for n in range(60)]
    sync("kirim.accounts")
    gone = kirim.accounts.pop(3)
    kirim.requests.clear()
    run = sync("kirim.accounts")
    assert counts(run) == {"fetched": 59, "unchanged": 59, "vanished": 1}
    assert len(kirim.requests) == 4  # two sweeps of two pages
    assert gone["phone_number_id"] not in [row["phone_number_id"] for row in kirim.accounts]


def test_an_account_that_one_sweep_missed_is_not_gone(kirim: FakeKirim) -> None:
    kirim.accounts = [account(n) for n in range(40)]
    sync("kirim.accounts")
    hidden = kirim.accounts.pop(3)

    def back_again(request: httpx.Request) -> None:
        if len(kirim.requests) > 2:
            kirim.accounts[3:3] = [hidden] if hidden not in kirim.accounts else []

    kirim.requests.clear()
    kirim.mischief = back_again
    kirim.page_size = 20
    run = sync("kirim.accounts")
    assert run.vanished == 0
