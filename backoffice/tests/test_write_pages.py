"""The list of writes, the page of one, and the history on the page of a record."""

import csv
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.models import RemoteWrite, WebhookDelivery, WriteAttempt
from backoffice.tests.factories import ChangeFactory, RunFactory, person, superuser
from backoffice.tests.reading import page_of
from backoffice.tests.test_needs import make_bulk, make_write
from customers.tests.factories import AccountFactory, CustomerFactory, SetupLinkFactory

pytestmark = pytest.mark.django_db

State = RemoteWrite.State
LIST = "/admin/backoffice/remotewrite/"


def url_of(write: RemoteWrite) -> str:
    return f"{LIST}{write.pk}/change/"


def found(client: Client, query: str) -> set[Any]:
    """The writes that the list shows."""
    answer = client.get(f"{LIST}?{query}")
    assert answer.status_code == 200, (query, answer.status_code)
    return {write.pk for write in answer.context["cl"].result_list}


# -- the list ---------------------------------------------------------------------------------------------------------


def test_an_empty_list_says_what_it_means(viewer: Client) -> None:
    assert "Nothing was sent to an upstream yet, as far as you may see it." in page_of(viewer, LIST)
    assert "No writes match this search and these filters." in page_of(viewer, f"{LIST}?state=failed")


def test_a_create_that_made_nothing_is_listed_by_the_name_that_it_was_to_make(viewer: Client) -> None:
    make_write(State.FAILED, verb="create", remote_id="", sends={"name": "Toko <b>Baru</b>"})
    assert "Toko &lt;b&gt;Baru&lt;/b&gt;" in page_of(viewer, LIST)


def test_writes_are_filtered_by_state_verb_target_actor_and_door(viewer: Client) -> None:
    ana = person("customer desk", username="ana")
    one = make_write(State.FAILED, actor=ana, door="page")
    two = make_write(State.CONFIRMED, target="setup_link", verb="revoke", door="command")
    for query, wanted in {
        "state=failed": {one.pk},
        "verb=setup_link.revoke": {two.pk},
        "target=customer": {one.pk},
        f"by={ana.pk}": {one.pk},
        "by=operator": {two.pk},
        "through=command": {two.pk},
        "waits=failed": {one.pk},
        "": {one.pk, two.pk},
    }.items():
        assert found(viewer, query) == wanted, query
    assert "ana" in page_of(viewer, LIST)


@pytest.mark.parametrize(
    "query",
    [
        "state=x",
        "verb=x",
        "verb=%00.%00",
        "target=x",
        "by=x",
        "by=999999",
        "through=x",
        "waits=x",
        "bulk=" + str(uuid4()),
    ],
)
def test_nonsense_in_a_filter_finds_nothing(viewer: Client, query: str) -> None:
    make_write()
    assert found(viewer, query) == set()


def test_a_bulk_that_is_no_id_does_no_harm(viewer: Client) -> None:
    make_write()
    assert viewer.get(f"{LIST}?bulk=nonsense", follow=True).status_code == 200
    assert viewer.get(f"{LIST}?sends__name__startswith=x").status_code == 400  # nobody asks letter by letter


def test_writes_are_found_by_each_of_their_ids_and_by_no_other(viewer: Client) -> None:
    one = make_write(remote_id="csl_7", owner_remote_id="cus_7", request_id="req_7", correlation_id="click-7")
    make_write(remote_id="csl_8", owner_remote_id="cus_8", request_id="req_8", correlation_id="click-8")
    for text in ("csl_7", "cus_7", "req_7", "click-7", str(one.pk), str(one.pk).upper()):
        assert found(viewer, f"q={text}") == {one.pk}, text
    assert found(viewer, "q=csl_") == set()


@pytest.mark.parametrize("number", [3, 50])
def test_the_list_costs_the_same_whatever_its_length(viewer: Client, number: int) -> None:
    for _ in range(number):
        link = SetupLinkFactory()
        make_write(remote_id=CustomerFactory().remote_id, actor=person(), bulk=make_bulk())
        owned = {"remote_id": link.remote_id, "owner_remote_id": link.customer_remote_id}
        make_write(target="setup_link", verb="revoke", sends={}, **owned)
    with CaptureQueriesContext(connection) as queries:
        page = page_of(viewer, LIST)
    assert len(queries) <= 14, len(queries)
    assert " of Customer " in page


def test_the_export_tells_who_why_and_what_came_of_it_and_holds_no_formula(viewer: Client) -> None:
    make_write(
        State.REFUSED, actor=person(username="ana"), reason="=1+1", request_id="req_1", error="Kirim refused it."
    )
    answer = viewer.get(f"{LIST}export/csv/")
    row = next(csv.DictReader(b"".join(answer).decode().splitlines()))
    told = {"actor": "ana", "reason": "'=1+1", "request_id": "req_1", "state": "refused", "error": "Kirim refused it."}
    assert told.items() <= row.items()
    assert "sends" not in row and "before" not in row


def test_writes_are_only_of_what_the_person_may_see(client: Client) -> None:
    shown, hidden = make_write(remote_id="cus_1"), make_write(target="setup_link", verb="revoke", remote_id="csl_1")
    user = person()
    held = ["view_customer", "view_remotewrite"]
    user.user_permissions.set(Permission.objects.filter(codename__in=held))
    client.force_login(user)
    assert found(client, "") == {shown.pk}
    assert client.get(url_of(hidden)).status_code == 302
    assert client.get(url_of(shown)).status_code == 200
    client.force_login(person("warehouse"))
    assert found(client, "") == set()


def test_nobody_adds_changes_or_deletes_a_write(client: Client) -> None:
    write = make_write()
    client.force_login(superuser())
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(f"{LIST}{write.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(url_of(write), {"state": "confirmed"}).status_code == 405
    assert RemoteWrite.objects.get().state == State.FAILED


# -- the page of one --------------------------------------------------------------------------------------------------


def full_write() -> RemoteWrite:
    """A write of which everything is known."""
    customer = CustomerFactory(name="Toko Maju")
    write = make_write(
        State.REFUSED, remote_id=customer.remote_id, verb="update", actor=person(username="ana"), door="page",
        sends={"email": "<new>@shop.example"}, before={"email": "old@shop.example", "status": "active"},
        reason="typed wrong", status=422, request_id="req_9", error="Kirim refused it: no such domain.",
        field_errors={"email": "Domain unknown.", "elsewhere": "Also this."}, bulk=make_bulk(),
    )  # fmt: skip
    began = timezone.now() - timedelta(seconds=2)
    WriteAttempt.objects.create(
        write=write, began_at=began, ended_at=began + timedelta(seconds=1.25), outcome=WriteAttempt.Outcome.LIMITED,
        status=429, request_id="req_8", error="PATCH /customers/{id}: answered 429",
    )  # fmt: skip
    ChangeFactory(remote_id=customer.remote_id, member="email", after='"x@y.example"', write=write)
    return write


def test_the_page_of_a_write_tells_all_that_is_known_of_it(viewer: Client) -> None:
    write = full_write()
    page = page_of(viewer, url_of(write))
    for words in (
        "Toko Maju", "ana", "through a page", "typed wrong", "422", "req_9", "Kirim refused it: no such domain.",
        "&lt;new&gt;@shop.example", "old@shop.example", "Domain unknown.", "Also this.",  # what was sent
        "1.25 s", "asked to wait", "429", "req_8", "PATCH /customers/{id}: answered 429",  # its request
        "x@y.example", str(write.pk), write.correlation_id, f"/bulk/{write.bulk_id}/", "https://kirim.example/v1",
    ):  # fmt: skip
        assert words in page, words
    assert "<new>" not in page


def test_a_write_and_the_one_that_follows_it_lead_to_each_other(viewer: Client) -> None:
    first = make_write(State.CONFIRMED, target="setup_link", verb="create", sends={})
    then = make_write(State.FAILED, target="setup_link", verb="revoke", sends={}, follows=first)
    assert url_of(then) in page_of(viewer, url_of(first))
    assert url_of(first) in page_of(viewer, url_of(then))


def test_a_click_leads_to_all_that_it_wrote(viewer: Client) -> None:
    one, two = make_write(correlation_id="one-click"), make_write(correlation_id="one-click")
    make_write(correlation_id="another")
    assert f"{LIST}?q=one-click" in page_of(viewer, url_of(one))
    assert found(viewer, "q=one-click") == {one.pk, two.pk}


@pytest.mark.parametrize(
    ("role", "state", "wanted", "unwanted"),
    [
        ("viewer", State.UNKNOWN, [], ["Look now", "Settle by hand", "Dismiss"]),
        ("viewer", State.FAILED, [], ["Send again", "Dismiss"]),
        ("customer desk", State.UNKNOWN, ["Look now"], ["Settle by hand", "Send again", "Dismiss"]),
        ("customer desk", State.FAILED, ["Send again", "Dismiss"], ["Look now"]),
        ("customer desk", State.REFUSED, ["Dismiss"], ["Send again", "Look now"]),
        ("customer desk", State.CONFIRMED, [], ["Send again", "Look now", "Dismiss"]),
        ("supervisor", State.UNKNOWN, ["Look now", "Settle by hand"], ["Send again", "Dismiss"]),
    ],
)
def test_each_role_gets_the_buttons_that_fit_the_state(
    client: Client, role: str, state: str, wanted: list[str], unwanted: list[str]
) -> None:
    write = make_write(state)
    client.force_login(person(role))
    page = page_of(client, url_of(write))
    for words in wanted:
        assert words in page, words
    for words in unwanted:
        assert words not in page, words


def test_a_write_whose_verb_the_person_may_not_do_has_no_buttons(client: Client) -> None:
    failed = make_write(verb="archive", sends={})
    client.force_login(person("customer desk"))
    assert "Send again" not in page_of(client, url_of(failed))
    assert client.post(f"/needs-you/writes/{failed.pk}/again/").status_code == 403
    failed.refresh_from_db()
    assert failed.state == State.FAILED and failed.attempts.count() == 0


def test_a_write_that_was_dismissed_says_when_and_by_whom(viewer: Client) -> None:
    write = make_write(dismissed_at=timezone.now(), dismissed_by=person(username="ana"))
    assert "by ana" in page_of(viewer, url_of(write))


def test_an_address_that_is_no_id_leads_to_no_page(viewer: Client) -> None:
    assert viewer.get(f"{LIST}nonsense/change/").status_code == 302
    assert viewer.get(f"{LIST}{uuid4()}/change/").status_code == 302
    assert viewer.post(f"/needs-you/writes/{uuid4()}/look/").status_code == 404


# -- the history on a record's page -----------------------------------------------------------------------------------


def history_of(page: str) -> str:
    return page.partition("<h2>What we did</h2>")[2].partition("</section>")[0]


def test_a_customers_history_tells_what_was_done_to_it_and_to_its_links(viewer: Client) -> None:
    link = SetupLinkFactory(token_last4="AB12")
    customer = link.customer
    make_write(
        State.FAILED, remote_id=customer.remote_id, actor=person(username="ana"), reason="unpaid",
        error="Nothing was done. <Kirim>", request_id="req_1",
    )  # fmt: skip
    owned = {"remote_id": link.remote_id, "owner_remote_id": customer.remote_id}
    make_write(State.CONFIRMED, target="setup_link", verb="revoke", sends={}, error="", remark="It is gone.", **owned)
    make_write(remote_id="cus_other", reason="somebody else's")
    shown = history_of(page_of(viewer, reverse("admin:customers_customer_change", args=[customer.pk])))
    for words in (
        "Suspend", "ana", "through a page", "failed", "Nothing was done. &lt;Kirim&gt;", "req_1", "unpaid", "Revoke",
        "…AB12", "the operator", "confirmed", "It is gone.",
    ):  # fmt: skip
        assert words in shown, words
    assert "somebody else" not in shown
    of_link = history_of(page_of(viewer, reverse("admin:customers_setuplink_change", args=[link.pk])))
    assert "Revoke" in of_link and "Suspend" not in of_link


def test_an_accounts_history_and_one_in_which_nothing_happened(viewer: Client) -> None:
    account = AccountFactory()
    url = reverse("admin:customers_whatsappaccount_change", args=[account.pk])
    assert "Nothing was done to it from here yet." in history_of(page_of(viewer, url))
    make_write(target="account", verb="sync_templates", remote_id=account.remote_id, sends={})
    assert "Sync templates" in history_of(page_of(viewer, url))


def test_the_history_is_paged_and_costs_the_same_whatever_its_length(viewer: Client) -> None:
    customer = CustomerFactory()
    url = reverse("admin:customers_customer_change", args=[customer.pk])
    costs = []
    for _ in range(2):
        for _ in range(22):
            make_write(remote_id=customer.remote_id, actor=person(username=str(uuid4())))
        with CaptureQueriesContext(connection) as queries:
            first = history_of(page_of(viewer, url))
        costs.append(len(queries))
    assert costs[0] == costs[1]
    assert first.count(">Suspend</a>") == 20 and "page 1 of 3" in first
    assert history_of(page_of(viewer, f"{url}?writes=3")).count(">Suspend</a>") == 4


def test_the_history_is_only_for_those_who_may_see_writes(client: Client) -> None:
    customer = CustomerFactory()
    make_write(remote_id=customer.remote_id, reason="unpaid")
    user = person()
    user.user_permissions.set(Permission.objects.filter(codename="view_customer"))
    client.force_login(user)
    page = page_of(client, reverse("admin:customers_customer_change", args=[customer.pk]))
    assert "What we did" not in page and "unpaid" not in page


def test_a_change_says_whether_a_run_a_write_or_a_webhook_brought_it(viewer: Client) -> None:
    customer = CustomerFactory()
    write, run = make_write(State.CONFIRMED), RunFactory()
    delivery = WebhookDelivery.objects.create(
        upstream="kirim", event_id="evt_1", event="customer.updated", payload="{}", correlation_id="a"
    )
    causes = {"name": {"run": run}, "email": {"write": write}, "status": {"delivery": delivery}, "team_id": {}}
    for member, cause in causes.items():
        ChangeFactory(remote_id=customer.remote_id, member=member, before="1", after="2", **cause)
    page = page_of(viewer, reverse("admin:customers_customer_change", args=[customer.pk]))
    shown = page.partition("<h2>What changed here</h2>")[2].partition("</section>")[0]
    rows = {member: row for row in shown.split("<tr>") for member in causes if f"<td>{member}</td>" in row}
    assert f">run #{run.pk}</a>" in rows["name"]
    assert f'<a href="{url_of(write)}">a write</a>' in rows["email"]
    assert "a webhook" in rows["status"]
    assert "reading it again" in rows["team_id"]


@pytest.mark.parametrize("odd", ["by=" + "9" * 30, "by=x", "state=%00", "through=%00", "verb=%00.%00", "bulk=%00"])
def test_an_address_that_was_typed_by_hand_is_no_error(supervisor: Client, odd: str) -> None:
    assert supervisor.get(f"{LIST}?{odd}").status_code in {200, 302}
