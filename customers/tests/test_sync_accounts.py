"""Sweeping accounts: their id is the number's, and those without a number yet have none."""

from typing import Any

import httpx
import pytest

from backoffice.models import RejectedRecord, SyncRun
from customers.models import Customer, WhatsAppAccount
from customers.tests.kirim import FakeKirim, account, counts, customer, sync

pytestmark = pytest.mark.django_db


def onboarding(owner: str | None, **members: Any) -> dict[str, Any]:
    """An account whose signup is not finished."""
    nothing_yet = dict.fromkeys(("phone_number_id", "phone_number", "name"))
    return account(0, owner, **{"status": "onboarding", **nothing_yet, **members})


def ids() -> list[str]:
    return sorted(WhatsAppAccount.objects.filter(vanished_at=None).values_list("remote_id", flat=True))


def test_accounts_are_related_to_their_customer_whichever_comes_first(kirim: FakeKirim) -> None:
    kirim.customers = [customer(1)]
    owner = kirim.customers[0]["id"]
    kirim.accounts = [account(1, owner), account(2, None), account(3, "cus_that_is_nowhere")]
    sync("kirim.accounts")
    assert not WhatsAppAccount.objects.exclude(customer=None).exists()
    sync("kirim.customers")
    assert (
        WhatsAppAccount.objects.get(phone_number_id=kirim.accounts[0]["phone_number_id"]).customer
        == Customer.objects.get()
    )
    kirim.accounts.append(account(4, owner))
    sync("kirim.accounts")
    assert Customer.objects.get().accounts.count() == 2
    kirim.accounts[0]["customer_id"] = None
    assert counts(sync("kirim.accounts")) == {"fetched": 4, "updated": 1, "unchanged": 3}
    assert Customer.objects.get().accounts.count() == 1


def test_accounts_without_a_number_are_rows_of_their_owner(kirim: FakeKirim) -> None:
    owner = customer(1)["id"]
    kirim.accounts = [account(1), onboarding(owner), onboarding(owner), onboarding(None)]
    run = sync("kirim.accounts")
    assert run.state == SyncRun.State.SUCCEEDED
    assert counts(run) == {"fetched": 4, "created": 1, "updated": 3}
    numbered = kirim.accounts[0]["phone_number_id"]
    assert ids() == [numbered, f"onboarding:{owner}:1", f"onboarding:{owner}:2", "onboarding:organization:1"]
    assert counts(sync("kirim.accounts")) == {"fetched": 4, "unchanged": 4}


def test_the_set_without_numbers_is_rewritten_whole_when_it_changes(kirim: FakeKirim) -> None:
    owner = customer(1)["id"]
    kirim.accounts = [account(1), onboarding(owner), onboarding(owner), onboarding(None)]
    sync("kirim.accounts")
    kirim.accounts[1] = account(2, owner)
    assert counts(sync("kirim.accounts")) == {"fetched": 4, "created": 1, "updated": 2, "unchanged": 1}
    assert f"onboarding:{owner}:2" not in ids()
    kirim.accounts = kirim.accounts[:2]
    assert counts(sync("kirim.accounts")) == {"fetched": 2, "unchanged": 2}
    assert not [remote_id for remote_id in ids() if remote_id.startswith("onboarding:")]


def test_a_bad_account_without_a_number_is_rejected_and_the_others_stay(kirim: FakeKirim) -> None:
    kirim.accounts = [onboarding(None), onboarding(customer(1)["id"], status=7)]
    run = sync("kirim.accounts")
    assert run.state == SyncRun.State.PARTIAL
    assert counts(run) == {"fetched": 2, "updated": 1, "failed": 1}
    assert ids() == ["onboarding:organization:1"]
    assert RejectedRecord.objects.get().remote_id.startswith("onboarding:")


def test_an_unfinished_sweep_leaves_the_set_without_numbers_as_it_was(kirim: FakeKirim) -> None:
    kirim.page_size = 2
    kirim.accounts = [onboarding(None), account(1), account(2)]
    sync("kirim.accounts")
    before = ids()
    kirim.accounts[0] = account(9)
    kirim.mischief = lambda request: httpx.Response(404) if "cursor" in request.url.params else None
    assert sync("kirim.accounts").state == SyncRun.State.FAILED
    assert "onboarding:organization:1" in ids()
    assert set(before) <= set(ids())
