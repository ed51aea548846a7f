"""Selecting rows of a list and confirming what is done to them: what is shown, what is refused, what is frozen."""

from uuid import uuid4

import pytest
from django.utils import timezone

from backoffice.admin import selecting
from backoffice.models import BulkAction, BulkItem, RemoteWrite
from backoffice.sandbox import Sandbox, Switch
from backoffice.tests.factories import person
from backoffice.tests.reading import shown_in
from customers.models import Customer, WhatsAppAccount
from customers.tests.bulking import ACCOUNTS, LIST, action_of, bulk_at, confirm, fields_of, frozen, select, states
from customers.tests.factories import CustomerFactory
from customers.verbs import kirim as verbs

pytestmark = pytest.mark.django_db


def told(answer) -> str:
    """What the messages above the page say."""
    return " ".join(str(message) for message in answer.context["messages"])


def active(count: int) -> list[Customer]:
    return list(Customer.objects.filter(status="active")[:count])


# -- the confirmation page --------------------------------------------------------------------------------------------


def test_the_confirmation_shows_count_selection_system_and_rows_and_writes_nothing(supervisor, remote):
    CustomerFactory.create_batch(13, team_id="team_east")
    CustomerFactory(team_id="team_east", status="archived", name="Old One")
    CustomerFactory(team_id="team_west", name="Not Meant")
    rows = Customer.objects.filter(team_id="team_east")[:2]
    page = shown_in(select(supervisor, "suspend", rows, f"{LIST}?team=team_east&q=customer+example", across=True))
    assert "Suspend at Kirim: 14 customers" in page
    assert "1 of them will be refused" in page
    assert "all customers with team “team_east” found by “customer example”" in page
    assert "Live · kirim.example" in page
    assert 'The first 10 rows <span class="bo-dim">of 14' in page
    assert "goes on in the background" in page
    assert "Not Meant" not in page.partition("The first 10 rows")[2]
    assert not BulkAction.objects.exists() and not RemoteWrite.objects.exists() and not remote.requests


def test_it_tells_how_many_rows_will_be_refused_for_their_state(supervisor):
    rows = [CustomerFactory(), CustomerFactory(status="archived"), CustomerFactory(status="hibernating")]
    page = shown_in(select(supervisor, "suspend", rows))
    assert "2 of them will be refused here because of the state they are in" in page
    assert "3 rows picked by hand" in page
    assert "will be refused" not in shown_in(select(supervisor, "refresh", rows))


def test_all_matching_travels_as_the_filter_and_never_as_ids(supervisor):
    rows = CustomerFactory.create_batch(30, team_id="team_east")
    asked = select(supervisor, "suspend", rows[:2], f"{LIST}?team=team_east", across=True)
    form = asked.content.decode().partition('id="bulk-form"')[2].partition("</form>")[0]
    assert fields_of(asked.content.decode())["select_across"] == ["1"]
    assert "_selected_action" not in form and not any(row.remote_id in form for row in rows)
    assert action_of(asked.content.decode()) == f"{LIST}bulk/suspend/?team=team_east"


def test_what_a_remote_wrote_is_escaped(supervisor):
    row = CustomerFactory(name="<script>alert(1)</script>")
    assert "<script>alert(1)" not in select(supervisor, "suspend", [row]).content.decode()


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["", "?presence=all", "?q=+", "?o=1", "?status="])
def test_all_matching_is_refused_where_nothing_narrows_the_list(supervisor, query):
    rows = CustomerFactory.create_batch(3)
    answer = select(supervisor, "suspend", rows, f"{LIST}{query}", across=True)
    assert "this would be all customers there are" in told(answer)
    assert not BulkAction.objects.exists()


@pytest.mark.parametrize(
    ("query", "filter"), [("active_link=banana", "active setup link"), ("presence=banana", "presence"),
                          ("status=banana", "state"), ("team=banana", "team"), ("age=banana", "age of data")],
)  # fmt: skip
def test_an_unknown_choice_of_a_filter_is_refused(supervisor, query, filter):
    rows = CustomerFactory.create_batch(3)
    url = f"{LIST}?q=customer&{query}"
    answer = select(supervisor, "suspend", rows, url, across=True, follow=False)
    assert answer["Location"] == url  # back to the list as it was
    answer = supervisor.get(url)
    assert f"the filter “{filter}” has no choice “banana”" in told(answer)
    assert not BulkAction.objects.exists()


def test_filters_that_the_list_does_not_know_do_nothing(supervisor):
    rows = CustomerFactory.create_batch(3)
    answer = select(supervisor, "suspend", rows, f"{LIST}?status__exact=active", across=True)
    assert answer.status_code == 400
    assert not BulkAction.objects.exists()


def test_a_selection_in_which_nothing_matches_is_refused(supervisor):
    row = CustomerFactory()
    for url in (f"{LIST}?q=nobody", f"{LIST}?status=pending"):
        assert "no row matches any more" in told(select(supervisor, "suspend", [row], url, across=True))
    Customer.objects.all().delete()
    assert "no row matches any more" in told(select(supervisor, "suspend", [row]))


@pytest.mark.parametrize("key", ["x", "1 OR 1=1", "-1", "9" * 40, "١"])
def test_keys_that_are_none_are_refused_in_words(supervisor, key):
    CustomerFactory()
    posted = {"action": "suspend", "index": "0", "select_across": "0", "_selected_action": [key]}
    assert "the selection could not be read" in told(supervisor.post(LIST, posted, follow=True))
    posted["write_id"] = str(uuid4())
    assert "the selection could not be read" in told(supervisor.post(f"{LIST}bulk/suspend/", posted, follow=True))


def test_more_rows_than_one_bulk_action_takes_are_refused_with_advice(supervisor, monkeypatch):
    monkeypatch.setattr(selecting, "MAX_ROWS", 4)
    rows = CustomerFactory.create_batch(5, team_id="team_east")
    answer = select(supervisor, "suspend", rows[:1], f"{LIST}?team=team_east", across=True)
    assert "5 rows match, and one bulk action takes 4. Narrow the list" in told(answer)


def test_the_confirmation_page_asked_for_by_itself_leads_to_the_list(supervisor, remote):
    answer = supervisor.get(f"{LIST}bulk/suspend/?status=active")
    assert answer["Location"] == f"{LIST}?status=active"
    assert supervisor.get(f"{LIST}bulk/erase/").status_code == 404
    assert not remote.requests


# -- confirming -------------------------------------------------------------------------------------------------------


def test_a_few_rows_are_done_in_the_request_and_freeze_in_the_order_of_the_list(supervisor, user, sandbox: Sandbox):
    rows = active(3)
    url = f"{LIST}?status=active&o=1"
    asked = select(supervisor, "suspend", rows, url)
    answer = confirm(supervisor, asked, reason="unpaid")
    bulk = bulk_at(answer)
    assert (bulk.state, bulk.total, bulk.actor, bulk.reason) == (BulkAction.State.DONE, 3, user, "unpaid")
    assert bulk.selection == "3 rows picked by hand"
    names = [item.name for item in bulk.items.order_by("position")]
    assert names == [row.name for row in sorted(rows, key=lambda row: row.name)]
    assert states(bulk) == ["confirmed"] * 3
    for write in RemoteWrite.objects.filter(bulk=bulk):
        assert (write.state, write.door, write.actor, write.reason) == ("confirmed", "bulk", user, "unpaid")
        assert write.correlation_id == bulk.correlation_id
        assert BulkItem.objects.get(pk=write.pk).remote_id == write.remote_id
        assert sandbox.kirim.customers.get(write.remote_id)["status"] == "suspended"
    page = supervisor.get(answer["Location"]).content.decode()
    assert f'href="{LIST}?status=active&amp;o=1"' in page  # back to the list as it was


def test_the_same_confirmation_twice_is_one_bulk_action(supervisor, sandbox: Sandbox):
    asked = select(supervisor, "suspend", active(2))
    first = confirm(supervisor, asked)
    Customer.objects.filter(status="suspended").update(status="active")  # so that a second would do it again
    second = confirm(supervisor, asked)
    assert bulk_at(first) == bulk_at(second) == BulkAction.objects.get()
    assert RemoteWrite.objects.count() == 2
    assert "confirmed already; it is not done twice" in told(supervisor.get(second["Location"]))


def test_the_same_rows_by_somebody_else_join_what_is_going_on_in_whatever_order(client, sandbox: Sandbox):
    first = person("supervisor", username="first")
    rows = active(3)
    going_on = frozen(verbs.SUSPEND_CUSTOMER, first, rows)
    client.force_login(person("supervisor"))
    answer = confirm(client, select(client, "suspend", rows, f"{LIST}?o=-1"))
    assert bulk_at(answer) == going_on
    assert "The same was confirmed by first and is going on, so this joins it." in told(client.get(answer["Location"]))
    assert not RemoteWrite.objects.exists()
    other = bulk_at(confirm(client, select(client, "refresh", rows)))  # another verb does not join
    assert other != going_on and other.state == BulkAction.State.DONE
    BulkAction.objects.filter(pk=going_on.pk).update(state="done", ended_at=timezone.now())
    assert bulk_at(confirm(client, select(client, "suspend", rows))) != going_on  # nor what is over


def test_a_selection_that_changed_meanwhile_is_shown_again_with_all_that_was_typed(supervisor, sandbox: Sandbox):
    url = f"{LIST}?status=active"
    asked = select(supervisor, "archive", active(1), url, across=True)
    count = Customer.objects.filter(status="active").count()
    gone, other = active(2)
    Customer.objects.filter(pk=gone.pk).update(status="pending")
    again = confirm(supervisor, asked, reason="they left us", typed=str(count))
    page = shown_in(again)
    assert "the selection is not what the page showed" in page
    assert f"It is {count - 1} customers now" in page
    assert "they left us" in page and f'value="{count}"' in page
    assert f"There are {count - 1} rows. Type that number." in page
    assert not BulkAction.objects.exists()
    # The same number of rows, but others: the digest tells.
    asked = again
    Customer.objects.filter(pk=gone.pk).update(status="active")
    Customer.objects.filter(pk=other.pk).update(status="pending")
    again = confirm(supervisor, asked, reason="they left us", typed=str(count - 1))
    assert "the selection is not what the page showed" in shown_in(again)
    assert not BulkAction.objects.exists()
    done = bulk_at(confirm(supervisor, again, reason="they left us", typed=str(count - 1)))
    assert (done.total, set(states(done))) == (count - 1, {"confirmed"})
    assert done.selection == "all customers with state “active”"


def test_archiving_takes_a_reason_and_the_number_of_rows(supervisor, sandbox: Sandbox):
    asked = select(supervisor, "archive", active(2))
    assert "Archiving is for good" in shown_in(asked)
    page = shown_in(confirm(supervisor, asked, typed="3"))
    assert "This field is required" in page and "There are 2 rows. Type that number." in page
    assert not BulkAction.objects.exists()
    bulk = bulk_at(confirm(supervisor, asked, reason="closed", typed=" 2 "))
    assert states(bulk) == ["confirmed"] * 2
    assert "Type the number" not in shown_in(select(supervisor, "suspend", active(2)))


def test_a_form_without_a_usable_id_is_a_new_one(supervisor, user, sandbox: Sandbox):
    rows = active(2)
    other = frozen(verbs.REFRESH_CUSTOMER, user, rows)
    asked = select(supervisor, "suspend", rows)
    for id in ("", "nonsense", str(other.pk)):
        bulk = bulk_at(confirm(supervisor, asked, write_id=id))
        assert bulk.verb == "suspend" and bulk != other


def test_while_kirim_is_off_nothing_is_confirmed_and_nothing_typed_is_lost(supervisor, settings):
    rows = [CustomerFactory()]
    asked = select(supervisor, "suspend", rows)
    settings.KIRIM_API_KEY = ""
    page = shown_in(confirm(supervisor, asked, reason="typed with care"))
    assert "Nothing can be done now. Kirim is off" in page and "typed with care" in page
    assert not BulkAction.objects.exists()


def test_a_pasted_setup_link_is_not_kept_in_selection_or_reason(supervisor, sandbox: Sandbox):
    token = "Ab3dEfGh1jKlMn0pQrStUvWx7Qd"
    customer = active(1)[0]
    Customer.objects.filter(pk=customer.pk).update(search_text=f"x https://kirim.example/setup/{token}".lower())
    asked = select(supervisor, "suspend", [customer], f"{LIST}?q=https://kirim.example/setup/{token}", across=True)
    answer = confirm(supervisor, asked, reason=f"sent https://kirim.example/setup/{token} to them")
    bulk = bulk_at(answer)
    kept = f"{bulk.selection} {bulk.reason}".lower()
    assert token.lower() not in kept and "…" in kept


# -- the other verbs --------------------------------------------------------------------------------------------------


def test_refresh_reads_each_row_and_plans_no_write(supervisor, sandbox: Sandbox):
    row = active(1)[0]
    sandbox.kirim.customers.change(row.remote_id, name="Renamed There")
    asked = select(supervisor, "refresh", [row])
    assert "Nothing is changed there." in shown_in(asked)
    bulk = bulk_at(confirm(supervisor, asked))
    row.refresh_from_db()
    assert (row.name, states(bulk)) == ("Renamed There", ["confirmed"])
    assert not RemoteWrite.objects.exists()


def test_refresh_says_of_each_row_why_it_could_not_be_read(supervisor, sandbox: Sandbox):
    gone, refused, fine = active(3)
    sandbox.kirim.customers.remove(gone.remote_id)
    sandbox.switches["kirim"].turn_on(Switch("fail", status=503, path=f"/customers/{refused.remote_id}"))
    bulk = bulk_at(confirm(supervisor, select(supervisor, "refresh", [gone, refused, fine])))
    by_id = {item.remote_id: item for item in bulk.items.all()}
    assert by_id[gone.remote_id].state == "refused"
    assert (
        by_id[gone.remote_id].error
        == "Kirim does not know it. It may be gone there: refresh the record, or check its id."
    )
    assert by_id[refused.remote_id].state == "failed"
    assert "does not answer now" in by_id[refused.remote_id].error
    assert by_id[fine.remote_id].state == "confirmed"


def test_templates_are_synced_for_accounts_that_have_a_number(supervisor, sandbox: Sandbox):
    rows = [
        WhatsAppAccount.objects.filter(phone_number_id__isnull=False, customer__status="active").first(),
        WhatsAppAccount.objects.filter(phone_number_id=None).first(),
    ]
    asked = select(supervisor, "sync_templates", rows, ACCOUNTS)
    assert "1 of them will be refused" in shown_in(asked)
    bulk = bulk_at(confirm(supervisor, asked))
    assert sorted(states(bulk)) == ["confirmed", "refused"], list(bulk.items.values_list("error", flat=True))
    assert "no phone number id yet" in bulk.items.get(state="refused").error


# -- who may ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "offered"),
    [("viewer", []), ("customer desk", ["activate", "refresh", "suspend"]),
     ("supervisor", ["activate", "archive", "refresh", "suspend"])],
)  # fmt: skip
def test_only_the_verbs_that_the_person_may_do_are_offered_and_done(client, remote, role, offered):
    client.force_login(person(role))
    row = CustomerFactory()
    page = client.get(LIST).content.decode()
    verbs_of_list = [verb for verb in ("activate", "archive", "refresh", "suspend") if f'value="{verb}"' in page]
    assert verbs_of_list == offered
    assert ("_selected_action" in page) == bool(offered)
    for verb in {"activate", "archive", "refresh", "suspend"} - set(offered):
        assert "bulk-form" not in select(client, verb, [row]).content.decode()
        posted = {"_selected_action": [str(row.pk)], "write_id": str(uuid4()), "reason": "x", "typed": "1"}
        assert client.post(f"{LIST}bulk/{verb}/", posted).status_code == 403
    assert not BulkAction.objects.exists() and not remote.requests


def test_the_warehouse_and_strangers_reach_no_confirmation(client, remote):
    row = CustomerFactory()
    posted = {"_selected_action": [str(row.pk)], "write_id": str(uuid4())}
    answer = client.post(f"{LIST}bulk/suspend/", posted)
    assert answer.status_code == 302 and "/admin/login/" in answer["Location"]
    client.force_login(person("warehouse"))
    assert client.post(f"{LIST}bulk/suspend/", posted).status_code == 403
    assert not BulkAction.objects.exists()


def test_confirming_takes_a_token_of_ours(user, client):
    client.handler.enforce_csrf_checks = True
    client.force_login(user)
    row = CustomerFactory()
    posted = {"_selected_action": [str(row.pk)], "write_id": str(uuid4())}
    for url in (LIST, f"{LIST}bulk/suspend/"):
        assert client.post(url, posted).status_code == 403


def test_a_long_selection_costs_few_queries(supervisor, django_assert_max_num_queries):
    rows = CustomerFactory.create_batch(60, team_id="team_east")
    with django_assert_max_num_queries(32):
        select(supervisor, "suspend", rows[:1], f"{LIST}?team=team_east", across=True)
