"""From a kept delivery to the mirror: what each event reads again, once an object, whatever the order and the trouble
(FAULTS 38, 50, 63, 64, 65).
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.test import Client
from django.utils import timezone

from backoffice import tasks
from backoffice.client import PERSON
from backoffice.models import RowChange, UpstreamState, WebhookDelivery
from backoffice.sandbox import Sandbox
from backoffice.tests.signed import SECRET, body_of, deliver, new_id, post, processed
from backoffice.webhooks import process
from customers.models import Customer, SetupLink, WhatsAppAccount
from customers.tests.factories import CustomerFactory, SetupLinkFactory
from customers.tests.kirim import FakeKirim, account, customer, refusal, setup_link
from customers.tests.writing import later

pytestmark = pytest.mark.django_db

ONE = customer(1)["id"]
READ, LINKS, ACCOUNTS = f"/v1/customers/{ONE}", f"/v1/customers/{ONE}/setup_links", "/v1/accounts"
State = WebhookDelivery.State


@pytest.fixture(autouse=True)
def secret(settings: Any) -> None:
    settings.KIRIM_WEBHOOK_SECRET = SECRET


@pytest.fixture
def one(kirim: FakeKirim) -> FakeKirim:
    """A Kirim with one customer that has a link and an account."""
    kirim.customers = [customer(1)]
    kirim.links = {ONE: [setup_link(1, ONE)]}
    kirim.accounts = [account(1, ONE)]
    return kirim


def work() -> None:
    """A worker's round."""
    tasks.process_deliveries()


def state_of(delivery: WebhookDelivery) -> tuple[str, str]:
    delivery.refresh_from_db()
    return delivery.state, delivery.error


# -- what each event reads --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "data", "paths"),
    [
        ("customer.created", {"id": ONE}, [READ]),
        ("customer.updated", {"id": ONE, "name": "whatever it says"}, [READ]),
        ("customer.archived", {"id": ONE, "object": "customer", "archived": True}, [READ]),
        ("customer.onboarded", {"id": ONE}, [READ, LINKS, ACCOUNTS]),
        ("customer.onboarded", {"customer_id": ONE, "account_id": "acc_1"}, [READ, LINKS, ACCOUNTS]),
        ("customer.setup_link.created", {"id": "csl_1", "customer_id": ONE}, [READ, LINKS]),
        ("customer.setup_link.consumed", {"id": "csl_1", "customer_id": ONE}, [READ, LINKS]),
    ],
)
def test_each_event_of_a_customer_that_is_not_here_reads_what_it_is_about(
    client: Client, one: FakeKirim, event: str, data: dict[str, Any], paths: list[str]
) -> None:
    delivery = processed(deliver(client, event, data))
    assert (delivery.state, delivery.error, delivery.tries) == (State.PROCESSED, "", 1)
    assert delivery.processed_at is not None
    assert one.paths() == paths
    assert Customer.objects.get().name == "Toko 1"
    assert SetupLink.objects.filter(customer__remote_id=ONE).count() == (LINKS in paths)
    assert WhatsAppAccount.objects.filter(customer__remote_id=ONE).count() == (ACCOUNTS in paths)


def test_a_new_link_of_a_customer_that_is_here_reads_only_the_links(client: Client, one: FakeKirim) -> None:
    CustomerFactory(remote_id=ONE)
    assert processed(deliver(client, "customer.setup_link.created", {"customer_id": ONE})).state == State.PROCESSED
    assert one.paths() == [LINKS]


def test_a_link_that_names_no_customer_is_found_through_the_mirrored_one(client: Client, one: FakeKirim) -> None:
    owner = CustomerFactory(remote_id=ONE)
    link = SetupLinkFactory(customer=owner, remote_id=setup_link(1, ONE)["id"])
    one.links = {ONE: [setup_link(1, ONE, status="consumed", consumed_at="2026-11-25T10:00:00Z")]}
    delivery = processed(deliver(client, "customer.setup_link.consumed", {"id": link.remote_id}))
    assert delivery.state == State.PROCESSED
    link.refresh_from_db()
    assert link.status == "consumed"


@pytest.mark.parametrize(
    ("event", "data", "told"),
    [
        ("customer.setup_link.created", {"id": "csl_1"}, "Nobody here knows whose setup link csl_1 is"),
        ("customer.setup_link.created", {"id": 5}, "names neither a setup link nor its customer"),
        ("customer.updated", {"name": "Toko"}, "names no customer"),
        ("customer.updated", None, "names no customer"),
        ("customer.updated", [ONE], "names no customer"),
        ("customer.updated", {"id": {"a": 1}}, "names no customer"),
        ("customer.updated", {"id": "csl_1"}, "names no customer"),
        ("customer.updated", {"id": "cus_" + "x" * 5000}, "names no customer"),
    ],
)
def test_what_says_nothing_to_read_has_failed_with_a_sentence_and_asks_nobody(
    client: Client, one: FakeKirim, event: str, data: Any, told: str
) -> None:
    delivery = processed(deliver(client, event, data))
    assert delivery.state == State.FAILED
    assert told in delivery.error and "the next sync" in delivery.error
    assert one.requests == []


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ("conversation.assigned", "Conversations and contacts are not kept here."),
        ("contact.updated", "Conversations and contacts are not kept here."),
        ("customer.teleported", "has no such event"),
        ("invoice.paid", "has no such event"),
    ],
)
def test_other_events_are_kept_and_ignored_with_the_reason(
    client: Client, one: FakeKirim, event: str, told: str
) -> None:
    delivery = processed(deliver(client, event, {"id": ONE}))
    assert delivery.state == State.IGNORED and told in delivery.error
    assert one.requests == []


def test_a_change_names_the_delivery_that_brought_it_and_its_correlation(client: Client, one: FakeKirim) -> None:
    deliver(client, "customer.created", {"id": ONE})
    work()
    one.customers = [customer(1, name="Renamed")]
    delivery = processed(deliver(client, "customer.updated", {"id": ONE}))
    change = RowChange.objects.get()
    assert (change.member, change.after, change.delivery) == ("name", '"Renamed"', delivery)
    assert change.correlation_id == delivery.correlation_id
    assert (change.run, change.write) == (None, None)


# -- once an object, in any order -------------------------------------------------------------------------------------


def test_twenty_events_of_one_customer_are_one_reading(client: Client, one: FakeKirim) -> None:
    deliveries = [deliver(client, "customer.updated", {"id": ONE}) for _ in range(20)]
    work()
    assert one.paths() == [READ]
    assert {state_of(delivery) for delivery in deliveries} == {(State.PROCESSED, "")}
    assert process.cause_of(deliveries[0]) == deliveries[-1] == process.cause_of(deliveries[-1])


def test_different_events_of_one_customer_read_each_part_of_it_once(client: Client, one: FakeKirim) -> None:
    for event in ("customer.created", "customer.setup_link.created", "customer.setup_link.consumed"):
        deliver(client, event, {"id": ONE, "customer_id": ONE})
    deliver(client, "customer.onboarded", {"id": ONE})
    deliver(client, "customer.updated", {"id": customer(2)["id"]})
    one.customers += [customer(2)]
    work()
    assert one.paths() == [READ, LINKS, ACCOUNTS, f"/v1/customers/{customer(2)['id']}"]
    assert not WebhookDelivery.objects.exclude(state=State.PROCESSED).exists()


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2, 1, 0]], ids=str)
def test_whatever_the_order_and_however_often_the_mirror_ends_as_kirim_is(
    client: Client, sandbox: Sandbox, order: list[int]
) -> None:
    row = Customer.objects.filter(status="active").earliest("pk")
    events = []
    for name in ("First", "Second", "Third"):
        body = dict(sandbox.kirim.customers.change(row.remote_id, name=name))
        events.append((new_id(), body_of("customer.updated", body)))
    for number in order:
        id, body = events[number]
        assert post(client, body, id).status_code == 204
        work()
    row.refresh_from_db()
    assert row.name == "Third"
    assert WebhookDelivery.objects.filter(state=State.PROCESSED).count() == 3


def test_a_delivery_that_is_older_than_the_row_changes_nothing(client: Client, sandbox: Sandbox) -> None:
    row = Customer.objects.earliest("pk")
    stale = {**row.payload, "name": "Long ago", "updated_at": "2020-01-01T00:00:00.000Z"}
    assert processed(deliver(client, "customer.updated", stale)).state == State.PROCESSED
    row.refresh_from_db()
    assert row.name == sandbox.kirim.customers.get(row.remote_id)["name"] != "Long ago"
    assert not RowChange.objects.exists()


def test_events_of_customers_and_links_make_the_mirror_exact(client: Client, sandbox: Sandbox) -> None:
    made = sandbox.kirim.customers.add("New one")
    link = sandbox.kirim.links.add(made["id"])
    deliver(client, "customer.setup_link.created", {"id": link["id"], "customer_id": made["id"]})  # it comes first
    deliver(client, "customer.created", made)
    work()
    assert Customer.objects.get(remote_id=made["id"]).setup_links.get().remote_id == link["id"]


# -- trouble ----------------------------------------------------------------------------------------------------------


def test_what_kirim_no_longer_knows_is_processed_and_left_to_the_next_sweep(client: Client, one: FakeKirim) -> None:
    row = CustomerFactory(remote_id="cus_gone")
    delivery = processed(deliver(client, "customer.updated", {"id": "cus_gone"}))
    assert state_of(delivery) == (
        State.PROCESSED, "Kirim no longer knows it; the next sweep settles what becomes of it.",
    )  # fmt: skip
    row.refresh_from_db()
    assert row.vanished_at is None


def test_what_cannot_be_read_now_is_tried_again_after_growing_pauses_and_then_done(
    client: Client, one: FakeKirim
) -> None:
    one.mischief = lambda request: httpx.Response(503)
    delivery = processed(deliver(client, "customer.updated", {"id": ONE}))
    assert delivery.state == State.RECEIVED
    assert delivery.error.startswith("It is tried again by itself. Kirim does not answer now.")
    assert (delivery.tries, len(one.requests)) == (1, 2)  # one repeat at once
    with later(55):
        work()
        assert len(one.requests) == 2  # its pause is not over
    with later(65):
        assert processed(delivery).tries == 2
        assert len(one.requests) == 4
    with later(65 + 115):
        work()
        assert len(one.requests) == 4
    one.mischief = lambda request: None
    with later(65 + 125):
        assert processed(delivery).state == State.PROCESSED
    assert delivery.error == ""


def test_after_the_last_try_it_has_failed_and_can_be_replayed(client: Client, one: FakeKirim) -> None:
    one.mischief = lambda request: httpx.Response(503)
    delivery = deliver(client, "customer.updated", {"id": ONE})
    hours = 0
    while processed_after(delivery, hours).state == State.RECEIVED:
        hours += 1
    assert (delivery.state, delivery.tries) == (State.FAILED, process.MAX_TRIES)
    assert delivery.error.startswith("Kirim does not answer now.")
    assert not process.due().exists()
    one.mischief = lambda request: None
    with later(3600 * (hours + 1)):
        assert process.replay(WebhookDelivery.objects.all(), PERSON, by=None) == [delivery.pk]
    assert state_of(delivery) == (State.PROCESSED, "")


def processed_after(delivery: WebhookDelivery, hours: int) -> WebhookDelivery:
    with later(3600 * hours):
        UpstreamState.objects.update(paused_until=None)  # the breaker is tested elsewhere
        return processed(delivery)


def test_while_kirim_is_not_reached_only_the_first_object_asks(client: Client, one: FakeKirim) -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    one.mischief = unreachable
    deliveries = [deliver(client, "customer.updated", {"id": customer(number)["id"]}) for number in range(1, 5)]
    ignored = deliver(client, "contact.created")
    work()
    assert len(one.requests) == 2  # a try and its repeat
    assert {state_of(delivery)[0] for delivery in deliveries} == {State.RECEIVED}
    assert state_of(ignored)[0] == State.IGNORED


def test_a_refused_key_is_told_and_never_shown(client: Client, one: FakeKirim, settings: Any) -> None:
    key = settings.KIRIM_API_KEY
    one.mischief = lambda request: refusal(401, "unauthorized", f"no such key {key}")
    deliveries = [deliver(client, "customer.updated", {"id": customer(number)["id"]}) for number in (1, 2)]
    work()
    for delivery in deliveries:
        state, error = state_of(delivery)
        assert state == State.FAILED
        assert error.startswith("Kirim refuses our key or plan.") and key not in error
    assert len(one.requests) == 1


def test_with_kirim_off_it_has_failed_and_says_what_to_set(client: Client, one: FakeKirim, settings: Any) -> None:
    settings.KIRIM_API_KEY = ""
    delivery = processed(deliver(client, "customer.updated", {"id": ONE}))
    assert delivery.state == State.FAILED and "set KIRIM_API_KEY" in delivery.error


def test_deliveries_of_another_kirim_than_the_mirrored_one_are_not_mixed_in(client: Client, one: FakeKirim) -> None:
    UpstreamState.objects.create(upstream="kirim", identity="https://other.example/v1")
    delivery = processed(deliver(client, "customer.updated", {"id": ONE}))
    assert delivery.state == State.FAILED and "came from https://other.example/v1" in delivery.error
    assert one.requests == [] and not Customer.objects.exists()


def test_an_answer_that_cannot_be_taken_fails_and_the_row_stays(client: Client, one: FakeKirim) -> None:
    row = CustomerFactory(remote_id=ONE, name="As it was")
    one.customers = [customer(1, name=None)]
    delivery = processed(deliver(client, "customer.updated", {"id": ONE}))
    assert delivery.state == State.FAILED and "see rejected records" in delivery.error
    row.refresh_from_db()
    assert row.name == "As it was"


def test_deliveries_of_an_upstream_that_was_removed_fail_with_a_sentence(one: FakeKirim) -> None:
    delivery = WebhookDelivery.objects.create(
        upstream="gone", event_id="1", event="x", payload="{}", correlation_id="c"
    )
    assert processed(delivery).error == "Nothing here takes deliveries of gone."


# -- claims -----------------------------------------------------------------------------------------------------------


def test_what_one_worker_has_in_hand_no_other_takes_until_a_minute_is_over(client: Client, one: FakeKirim) -> None:
    delivery = deliver(client, "customer.updated", {"id": ONE})
    with process._Round(process.PATIENCE) as killed:
        assert killed.claim(process.due()) == [delivery]  # and no more is heard of it
    work()
    assert process.replay(WebhookDelivery.objects.all(), PERSON, by=None) == []
    assert one.requests == []
    with later(61):
        assert processed(delivery).state == State.PROCESSED


def test_a_worker_whose_claim_was_taken_over_meanwhile_does_and_writes_nothing(client: Client, one: FakeKirim) -> None:
    delivery = deliver(client, "customer.updated", {"id": ONE})
    with process._Round(process.PATIENCE) as slow:
        claimed = slow.claim(process.due())
        with later(61):
            assert processed(delivery).state == State.PROCESSED
        done_at = delivery.processed_at
        slow.process(claimed)
    delivery.refresh_from_db()
    assert (delivery.processed_at, delivery.tries, len(one.requests)) == (done_at, 1, 1)


def broken_for(remote_id: str) -> Callable[[httpx.Request], httpx.Response | None]:
    """A fault of ours in the middle of reading that customer."""

    def fault(request: httpx.Request) -> httpx.Response | None:
        if remote_id in request.url.path:
            raise RuntimeError("a fault of ours")
        return None

    return fault


def test_a_fault_of_ours_surfaces_and_does_not_hold_up_the_others(client: Client, one: FakeKirim) -> None:
    one.customers = [customer(1), customer(2)]
    one.mischief = broken_for(ONE)
    broken = deliver(client, "customer.updated", {"id": ONE})
    sound = deliver(client, "customer.updated", {"id": customer(2)["id"]})
    for minutes in range(process.MAX_TRIES):
        with later(61 * minutes), pytest.raises(RuntimeError):
            work()
        assert state_of(sound)[0] == (State.PROCESSED if minutes else State.RECEIVED)
    with later(61 * process.MAX_TRIES):
        work()
    state, error = state_of(broken)
    assert state == State.FAILED and error.startswith("Begun 8 times and never ended")


def test_a_round_ends_in_time_and_what_is_left_waits_for_the_next_task(
    client: Client, one: FakeKirim, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliveries = [deliver(client, "customer.updated", {"id": ONE}) for _ in range(2)]
    monkeypatch.setattr(process, "ROUND_S", -1)
    assert process.process_due()
    assert {state_of(delivery)[0] for delivery in deliveries} == {State.RECEIVED}
    assert one.requests == []
    monkeypatch.undo()
    work()
    assert {state_of(delivery)[0] for delivery in deliveries} == {State.PROCESSED}


def test_the_reaper_finds_what_a_lost_message_left(client: Client, one: FakeKirim) -> None:
    delivery = deliver(client, "customer.updated", {"id": ONE})
    tasks.reap()
    assert state_of(delivery)[0] == State.PROCESSED


def test_a_task_without_work_asks_kirim_nothing(one: FakeKirim) -> None:
    work()
    assert one.requests == []


# -- retention --------------------------------------------------------------------------------------------------------


def test_deliveries_are_deleted_after_their_time_and_never_while_they_wait(client: Client, one: FakeKirim) -> None:
    ages = {State.PROCESSED: (29, 31), State.IGNORED: (29, 31), State.FAILED: (31, 179, 181), State.RECEIVED: (400,)}
    kept = set()
    for state, days in ages.items():
        for age in days:
            row = WebhookDelivery.objects.create(
                upstream="kirim", event_id=f"{state}{age}", event="x", payload="{}", correlation_id="c", state=state,
                received_at=timezone.now() - timedelta(days=age),
            )  # fmt: skip
            if age in (29, 179, 400) or (state, age) == (State.FAILED, 31):
                kept.add(row.pk)
    old = WebhookDelivery.objects.get(event_id="processed31")
    change = RowChange.objects.create(
        resource="kirim.customers", remote_id=ONE, member="name", delivery=old, changed_at=timezone.now()
    )
    tasks.prune()
    assert set(WebhookDelivery.objects.values_list("pk", flat=True)) == kept
    change.refresh_from_db()
    assert change.delivery is None
