"""The commands that write: what may be typed, who may, the same write twice, conflicts, and halves of a replacement."""

import json
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User

from backoffice.models import AuditEntry, RemoteWrite, RowChange, UpstreamState
from backoffice.tests.factories import person
from customers.models import Customer, SetupLink
from customers.tests.kirim import sync
from customers.tests.write_commands import CASES, NEW_NAME, Case, World, accounts, customers, links, writes

pytestmark = pytest.mark.django_db

State = RemoteWrite.State
each_verb = pytest.mark.parametrize("case", CASES, ids=str)


def only(*permissions: str) -> User:
    """Staff with these permissions alone."""
    user: User = person(username="ayu")
    names = [name.partition(".")[2] for name in permissions]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return user


class Terminal(StringIO):
    """A standard input that a person types into."""

    def isatty(self) -> bool:
        return True


# -- who may ----------------------------------------------------------------------------------------------------------


@each_verb
def test_a_viewer_may_do_none_of_it_and_nothing_is_asked_or_written_down(case: Case, world: World) -> None:
    person("viewer", username="vera")
    ended = case.run(*case.argv(world), "--as", "vera", "--json")
    assert (ended.code, ended.out) == (3, "")
    assert case.permission in ended.err
    assert world.asked == []
    assert not RemoteWrite.objects.exists()


@each_verb
def test_each_verb_takes_its_own_permission_and_the_write_names_the_person(case: Case, world: World) -> None:
    user = only(case.permission)
    assert case.run(*case.argv(world), "--as", "ayu").code == 0
    assert {write.actor for write in RemoteWrite.objects.all()} == {user}
    assert case.is_done(world)


def test_the_customer_desk_may_do_all_but_archive(world: World) -> None:
    person("customer desk", username="dewi")
    for case in CASES:
        if case.name in {"update", "new link", "redirects", "sync templates", "create"}:
            assert case.run(*case.argv(world), "--as", "dewi").code == 0, case
    refused = customers("archive", world.customer, "--yes", "--reason", "gone", "--as", "dewi")
    assert refused.code == 3 and "customers.archive_customer" in refused.err
    person("supervisor", username="sri")
    assert customers("archive", world.customer, "--yes", "--reason", "gone", "--as", "sri").code == 0


def test_without_as_the_operator_acts_and_the_write_says_so(world: World) -> None:
    customers("suspend", world.customer, "--reason", "unpaid since May")
    write = RemoteWrite.objects.get()
    assert (write.actor, write.door, write.reason) == (None, RemoteWrite.Door.COMMAND, "unpaid since May")
    assert RowChange.objects.get(member="status", write=write).correlation_id == write.correlation_id


def test_the_two_writes_of_a_replacement_belong_together(world: World) -> None:
    links("replace", world.link)
    creation, revocation = RemoteWrite.objects.order_by("planned_at")
    assert revocation.follows == creation
    assert revocation.correlation_id == creation.correlation_id


# -- the same write again ---------------------------------------------------------------------------------------------


@each_verb
def test_the_same_id_again_shows_the_write_and_sends_nothing(case: Case, world: World) -> None:
    id = str(uuid4())
    first = case.run(*case.argv(world), "--write", id, "--json")
    count = len(world.asked)
    second = case.run(*case.argv(world), "--write", id, "--json")
    assert (first.code, second.code) == (0, 0)
    assert first.records[0]["write"] == id
    assert [{**line, "setup_url": None} for line in first.records] == [
        {**line, "setup_url": None} for line in second.records
    ]
    assert len(world.asked) == count
    assert "nothing was sent now" in second.err
    if case.is_new_link:
        assert second.records[0]["setup_url"] is None
        plain = case.run(*case.argv(world), "--write", id)
        assert (plain.code, plain.out) == (0, "")
        assert "shown once" in plain.err and "setup_link replace" in plain.err


@each_verb
def test_the_id_of_another_write_is_wrong_usage_that_says_what_it_is(case: Case, world: World) -> None:
    other = CASES[(CASES.index(case) + 1) % len(CASES)]
    id = str(uuid4())
    assert other.run(*other.argv(world), "--write", id).code == 0
    world.asked.clear()
    ended = case.run(*case.argv(world), "--write", id, "--json")
    assert (ended.code, ended.out) == (2, "")
    assert f"{id} is another write" in ended.err
    assert world.asked == []
    if case.name != "new link":
        assert other.verb.replace("_", " ") in ended.err


def test_the_id_of_the_same_verb_on_another_object_is_wrong_usage(world: World) -> None:
    id = str(uuid4())
    assert customers("activate", world.suspended, "--write", id).code == 0
    customers("suspend", world.customer)
    ended = customers("activate", world.customer, "--write", id)
    assert ended.code == 2 and world.suspended in ended.err
    assert world.there(world.customer)["status"] == "suspended"


def test_the_same_id_with_other_values_says_that_they_were_not_sent(world: World) -> None:
    id = str(uuid4())
    customers("create", "--name", "One", "--write", id)
    ended = customers("create", "--name", "Two", "--write", id)
    assert ended.code == 0 and "other values" in ended.err
    assert (len(world.named("One")), len(world.named("Two"))) == (1, 0)


def test_the_same_id_of_a_refused_write_is_refused_again_without_a_request(world: World) -> None:
    id = str(uuid4())
    for _ in range(2):
        assert customers("create", "--name", "x", "--email", "nonsense", "--write", id).code == 3
    assert world.sent() == [("POST", "/customers")]


# -- what may be typed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "argv",
    [
        ["create"],
        ["create", "--name", "x", "--metadata", "{"],
        ["create", "--name", "x", "--metadata", "[1]"],
        ["create", "--name", "x", "--metadata", '{"a": NaN}'],
        ["create", "--name", "x", "--metadata", '{"a": "\\u0000"}'],
        ["create", "--name", "x", "--metadata", '{"a": "\\ud800"}'],
        ["create", "--name", "x", "--metadata", '{"a": ' + "[" * 5000],
        ["create", "--name", "x", "--metadata", '{"a": ' + "[" * 200 + "]" * 200 + "}"],
        ["create", "--name", "x", "--metadata", '{"backoffice_write": "mine"}'],
        ["create", "--name", "x", "--write", "7"],
        ["create", "--name", "\udcff"],
        ["create", "--name", "x", "--metadata", '{"a": "\udcff"}'],
        ["update", "CUSTOMER"],
        ["update", "CUSTOMER", "--metadata", "nonsense"],
        ["archive", "CUSTOMER"],
        ["archive", "CUSTOMER", "--reason", "  "],
        ["archive", "CUSTOMER", "--reason", "left us"],
        ["suspend", "CUSTOMER", "--reason", "x" * 1001],
        ["suspend"],
    ],
)
def test_wrong_usage_is_exit_2_and_nothing_is_asked(argv: list[str], world: World) -> None:
    ended = customers(*[world.customer if word == "CUSTOMER" else word for word in argv], "--json")
    assert (ended.code, ended.out) == (2, "")
    assert world.asked == []
    assert not RemoteWrite.objects.exists()


@pytest.mark.parametrize(
    "argv",
    [["create"], ["create", "CUSTOMER", "--expires-in-hours", "0"], ["create", "CUSTOMER", "--expires-in-hours", "721"],
     ["redirects", "LINK"], ["replace", "LINK", "--write", "x"]],
)  # fmt: skip
def test_wrong_usage_of_links_is_exit_2(argv: list[str], world: World) -> None:
    named = {"CUSTOMER": world.customer, "LINK": world.link}
    assert links(*[named.get(word, word) for word in argv]).code == 2
    assert world.asked == []


def test_what_is_not_mirrored_is_told_with_the_way_to_get_it(world: World) -> None:
    for ended, fetching in (
        (customers("suspend", "cus_unknown"), "customers fetch cus_unknown"),
        (links("create", "cus_unknown"), "customers fetch cus_unknown"),
        (links("revoke", "csl_unknown"), "sync kirim.setup_links"),
        (accounts("sync_templates", "4711"), "sync kirim.accounts"),
    ):
        assert (ended.code, ended.out) == (1, "")
        assert fetching in ended.err
    assert world.asked == []


def test_a_create_sends_no_nulls_and_its_reference(world: World) -> None:
    ended = customers("create", "--name", NEW_NAME, "--email", "", "--metadata", '{"a": {"b": [1]}}', "--json")
    there = world.there(ended.records[0]["remote_id"])
    assert (there["name"], there["email"]) == (NEW_NAME, None)
    assert there["metadata"] == {"a": {"b": [1]}, "backoffice_write": ended.records[0]["write"]}
    assert "backoffice_write" not in json.dumps(RemoteWrite.objects.get().sends)


def test_an_update_sends_only_what_was_given(world: World) -> None:
    before = world.there(world.customer)
    assert customers("update", world.customer, "--email", "new@shop.example").code == 0
    after = world.there(world.customer)
    assert {name for name in before if before[name] != after[name]} == {"email", "updated_at"}


def test_an_empty_email_and_null_metadata_are_cleared(world: World) -> None:
    (made,) = customers("create", "--name", "x", "--email", "x@x.example", "--metadata", '{"a": 1}', "--json").records
    assert customers("update", made["remote_id"], "--email", "", "--metadata", "null").code == 0
    there = world.there(made["remote_id"])
    assert there["email"] is None
    assert there["metadata"] == {"backoffice_write": made["write"]}  # our own key stays


def test_an_update_to_what_is_there_already_sends_nothing_and_says_so(world: World) -> None:
    ended = customers("update", world.customer, "--name", world.there(world.customer)["name"])
    assert ended.code == 0 and "stays as it is" in ended.out
    assert "nothing was sent" in ended.err
    assert world.sent() == []


def test_field_errors_are_told_by_their_names(world: World) -> None:
    ended = customers("create", "--name", "x" * 201, "--email", "nonsense")
    assert ended.code == 3
    assert "\n  name: " in ended.err and "\n  email: " in ended.err
    assert not world.named("x" * 201)


# -- changed meanwhile ------------------------------------------------------------------------------------------------


def test_a_change_made_meanwhile_is_not_overwritten_but_told(world: World) -> None:
    before = Customer.objects.get(remote_id=world.customer).name
    world.sandbox.kirim.customers.change(world.customer, name="Theirs \x1b[2J")
    ended = customers("update", world.customer, "--name", "Mine", "--json")
    (record,) = ended.records
    assert (ended.code, record["state"], record["status"]) == (3, "refused", None)
    assert "changed at Kirim meanwhile" in record["error"]
    for told in (f'before: "{before}"', 'theirs: "Theirs ', 'yours:  "Mine"', "--overwrite"):
        assert told in ended.err
    assert "\x1b" not in ended.err
    assert world.sent() == []
    assert world.there(world.customer)["name"].startswith("Theirs")
    world.assert_mirrored()


def test_overwrite_sets_it_whatever_is_there(world: World) -> None:
    world.sandbox.kirim.customers.change(world.customer, name="Theirs")
    assert customers("update", world.customer, "--name", "Mine", "--overwrite").code == 0
    assert world.there(world.customer)["name"] == "Mine"


def test_a_change_of_another_member_is_no_conflict_and_stays(world: World) -> None:
    world.sandbox.kirim.customers.change(world.customer, email="theirs@shop.example")
    assert customers("update", world.customer, "--name", "Mine").code == 0
    there = world.there(world.customer)
    assert (there["name"], there["email"]) == ("Mine", "theirs@shop.example")


def test_our_own_key_is_no_conflict(world: World) -> None:
    made = customers("create", "--name", "x", "--metadata", '{"a": 1}', "--json").records[0]
    assert customers("update", made["remote_id"], "--metadata", '{"a": 2}').code == 0
    assert world.there(made["remote_id"])["metadata"] == {"a": 2, "backoffice_write": made["write"]}


# -- not in this state ------------------------------------------------------------------------------------------------


def test_what_the_state_forbids_is_refused_without_a_request(world: World) -> None:
    for ended in (
        customers("suspend", world.suspended),
        customers("activate", world.customer),
        customers("suspend", world.archived),
        customers("update", world.archived, "--name", "x"),
        customers("archive", world.archived, "--yes", "--reason", "again"),
        links("create", world.archived),
    ):
        assert (ended.code, ended.out) == (3, "")
        assert "Nothing was sent." in ended.err
    assert world.sent() == []
    assert set(RemoteWrite.objects.values_list("state", flat=True)) == {State.REFUSED}


def test_an_activation_that_did_not_take_says_so(world: World) -> None:
    read = f"/customers/{world.suspended}"
    answer = world.sandbox.kirim.customers.patch

    def stubborn(id: str, changes: dict[str, Any]) -> Any:
        body = answer(id, changes)
        world.sandbox.kirim.customers.change(id, status="suspended")
        return body

    world.sandbox.kirim.customers.patch = stubborn  # type: ignore[method-assign]  # a Kirim that wants its dashboard
    ended = customers("activate", world.suspended)
    assert ended.code == 0 and "still shows suspended" in ended.err
    assert ("GET", read) in world.asked


def test_revoking_a_consumed_link_says_when_it_was_consumed_and_refreshes_it(world: World) -> None:
    world.sandbox.kirim.complete_onboarding(world.link)
    ended = links("revoke", world.link, "--json")
    link = SetupLink.objects.get(remote_id=world.link)
    assert (ended.code, ended.records[0]["status"], link.status) == (3, 409, "consumed")
    assert f"consumed already, on {link.consumed_at:%Y-%m-%d %H:%M} UTC" in ended.err
    again = links("revoke", world.link, "--json")
    assert (again.code, again.records[0]["status"]) == (3, None)
    assert len(world.sent()) == 1


# -- archive asks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "code"), [("y\n", 0), ("yes\n", 0), ("n\n", 3), ("\n", 3), ("", 3)])
def test_archive_asks_on_a_terminal(typed: str, code: int, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    ended = customers("archive", world.customer, "--reason", "left us")
    assert ended.code == code
    assert "Archive Toko Melati" in ended.err and "[y/N]" in ended.err
    assert world.there(world.customer)["status"] == ("archived" if code == 0 else "active")
    assert RemoteWrite.objects.count() == (1 if code == 0 else 0)


def test_archive_with_yes_asks_nobody_and_keeps_the_reason(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    assert customers("archive", world.customer, "--yes", "--reason", " left us ").code == 0
    assert RemoteWrite.objects.get().reason == "left us"


def test_a_script_archives_with_yes_alone(world: World) -> None:
    assert customers("archive", world.customer, "--yes", "--json").code == 0
    assert world.there(world.customer)["status"] == "archived"


# -- links ------------------------------------------------------------------------------------------------------------


def test_a_link_has_what_was_asked_for(world: World) -> None:
    url = "https://app.example.com/ok?a=1"
    ended = links("create", world.customer, "--expires-in-hours", "2", "--success-redirect-url", url, "--json")
    link = SetupLink.objects.get(remote_id=ended.records[0]["remote_id"])
    assert ended.records[0]["setup_url"].endswith(link.token_last4)
    assert (link.success_redirect_url, link.failure_redirect_url) == (url, None)
    shown = AuditEntry.objects.get(verb="reveal")
    assert (shown.kind, shown.remote_id, shown.owner_remote_id) == ("setup_link", link.remote_id, world.customer)
    assert (shown.actor_name, shown.door) == ("the operator", "command")
    assert link.remote_created_at
    assert (link.expires_at - link.remote_created_at).total_seconds() == 2 * 3600


@pytest.mark.parametrize("url", ["http://app.example.com/", "javascript:alert(1)", "https://user:pw@x.example/", "x"])
def test_a_redirect_that_is_not_allowed_is_refused_with_the_reason(url: str, world: World) -> None:
    for argv in (["create", world.customer], ["redirects", world.link], ["replace", world.link]):
        ended = links(*argv, "--success-redirect-url", url)
        assert ended.code == 3 and "success redirect url" in ended.err
    assert world.sent() == []


def test_redirects_go_only_to_hosts_that_are_named(world: World, settings: Any) -> None:
    settings.REDIRECT_URL_HOSTS = ["app.example.com"]
    assert links("redirects", world.link, "--success-redirect-url", "https://evil.example/").code == 3
    assert links("redirects", world.link, "--success-redirect-url", "https://app.example.com/").code == 0


def test_redirects_are_set_and_cleared_one_by_one(world: World) -> None:
    assert links("redirects", world.link, "--failure-redirect-url", "https://app.example.com/no").code == 0
    there = world.links_there()[world.link]
    assert there["success_redirect_url"] == "https://app.example.com/done"
    assert there["failure_redirect_url"] == "https://app.example.com/no"
    assert links("redirects", world.link, "--success-redirect-url", "").code == 0
    assert world.links_there()[world.link]["success_redirect_url"] is None


def test_a_replacement_takes_the_old_links_redirects_unless_others_are_given(world: World) -> None:
    first = links("replace", world.link, "--json").records[0]
    assert world.links_there()[first["remote_id"]]["success_redirect_url"] == "https://app.example.com/done"
    second = links(
        "replace", first["remote_id"], "--success-redirect-url", "", "--expires-in-hours", "5", "--json"
    ).records[0]
    assert world.links_there()[second["remote_id"]]["success_redirect_url"] is None
    assert RemoteWrite.objects.get(pk=second["write"]).sends == {"expires_in_hours": 5}


def test_a_link_that_nobody_can_use_is_replaced_by_a_new_one_and_not_revoked(world: World) -> None:
    over = SetupLink.objects.filter(customer_remote_id=world.customer, status="consumed").get()
    ended = links("replace", over.remote_id, "--json")
    (record,) = ended.records
    assert (ended.code, record["verb"]) == (0, "create") and record["setup_url"]
    assert "consumed already" in ended.err
    assert [method for method, _ in world.sent()] == ["POST"]


@pytest.mark.parametrize("same_id", [True, False])
def test_a_half_done_replacement_is_finished_without_a_second_link(same_id: bool, world: World) -> None:
    id = str(uuid4())
    world.trouble("limit", method="DELETE")
    half = links("replace", world.link, "--write", id, "--json")
    assert (half.code, [line["state"] for line in half.records]) == (1, ["confirmed", "failed"])
    assert half.records[0]["setup_url"]
    new = half.records[0]["remote_id"]
    assert world.living() == {world.link, new}
    world.calm()
    done = links("replace", world.link, *(["--write", id] if same_id else []), "--json")
    assert (done.code, [line["state"] for line in done.records]) == (0, ["confirmed", "confirmed"])
    assert [line["write"] for line in done.records] == [line["write"] for line in half.records]
    assert done.records[0]["setup_url"] is None
    assert "only the old one is revoked now" in done.err
    assert world.living() == {new}
    assert [method for method, _ in world.sent()].count("POST") == 1


def test_a_revocation_that_is_unknown_is_looked_for_before_it_is_sent_again(world: World) -> None:
    world.trouble("drop", method="DELETE")
    half = links("replace", world.link, "--json")
    assert (half.code, [line["state"] for line in half.records]) == (1, ["confirmed", "unknown"])
    world.calm()
    count = len(world.sent())
    done = links("replace", world.link, "--json")
    assert (done.code, [line["state"] for line in done.records]) == (0, ["confirmed", "confirmed"])
    assert len(world.sent()) == count  # the look found it revoked


def test_while_the_new_link_is_unknown_no_other_replacement_is_begun(world: World) -> None:
    world.trouble("drop", method="POST", times=1)
    lost = links("replace", world.link, "--json")
    assert (lost.code, [line["state"] for line in lost.records]) == (1, ["unknown", "failed"])
    again = links("replace", world.link, "--json")
    assert again.code == 1 and "no other is begun" in again.err
    assert [method for method, _ in world.sent()] == ["POST"]
    assert world.link in world.living() and len(world.living()) == 2
    assert writes("send_again", lost.records[1]["write"]).code == 3  # the old one is all that the customer has
    assert writes("settle").code == 0
    finished = links("replace", world.link, "--json")
    assert (finished.code, [line["state"] for line in finished.records]) == (0, ["confirmed", "confirmed"])
    assert "was lost" in finished.err  # so the way to a link that somebody knows is told
    new = finished.records[0]["remote_id"]
    assert f"setup_link replace {new}" in links("replace", world.link, "--write", lost.records[0]["write"]).err
    assert world.living() == {new}


def test_a_replacement_whose_create_failed_leaves_the_old_link_and_can_be_begun_anew(world: World) -> None:
    world.trouble("down", method="POST")
    failed = links("replace", world.link, "--json")
    assert (failed.code, [line["state"] for line in failed.records]) == (1, ["failed", "failed"])
    assert world.living() == {world.link}
    world.calm()
    done = links("replace", world.link, "--json")
    assert done.code == 0 and done.records[0]["write"] != failed.records[0]["write"]
    assert world.link not in world.living() and len(world.living()) == 1


def test_a_replacement_sent_again_shows_its_link_and_names_the_second_half(world: World) -> None:
    world.trouble("down", method="POST")
    creation, revocation = links("replace", world.link, "--json").records
    world.calm()
    again = writes("send_again", creation["write"], "--json")
    assert again.code == 0 and again.records[0]["setup_url"]
    assert f"manage.py writes send_again {revocation['write']}" in again.err
    assert writes("send_again", revocation["write"]).code == 0
    assert world.living() == {again.records[0]["remote_id"]}


def test_a_link_without_its_customer_here_is_not_replaced(world: World) -> None:
    SetupLink.objects.filter(remote_id=world.link).update(customer=None)
    ended = links("replace", world.link, "--json")
    assert (ended.code, [line["state"] for line in ended.records]) == (3, ["refused", "refused"])
    assert world.sent() == []


# -- accounts ---------------------------------------------------------------------------------------------------------


def test_accounts_are_listed_and_shown_by_their_columns(world: World) -> None:
    columns = ["remote_id", "phone_number_id", "phone_number", "name", "status", "customer_remote_id", "synced_at",
               "vanished_at"]  # fmt: skip
    listed = accounts("list", "--json")
    assert listed.code == 0 and len(listed.records) > 5
    assert all(list(record) == columns for record in listed.records)
    (own,) = accounts("list", "--customer", world.customer, "--json").records
    (shown,) = accounts("show", world.account, "--json").records
    assert own == shown
    assert shown["phone_number_id"] == world.account
    assert "+62" in accounts("show", world.account).out
    assert "of" in accounts("list", "--limit", "1").err
    assert accounts("list", "--status", "nonsense").err == "No mirrored account fits.\n"
    assert world.asked == []


def test_refreshing_an_account_reads_those_of_its_customer(world: World) -> None:
    world.sandbox.kirim.accounts.change(world.account, name="Renamed")
    ended = accounts("refresh", world.account, "--json")
    assert (ended.code, ended.records[0]["name"]) == (0, "Renamed")
    assert world.asked == [("GET", "/accounts")]
    assert not RemoteWrite.objects.exists()


def test_an_account_of_the_organization_is_refused_with_the_way_to_read_it(world: World) -> None:
    number = world.sandbox.kirim.accounts.connect(None)["phone_number_id"]
    sync("kirim.accounts")
    world.asked.clear()
    ended = accounts("refresh", str(number))
    assert ended.code == 3 and "manage.py sync kirim.accounts" in ended.err
    assert world.asked == []


@pytest.mark.parametrize(
    ("argv", "permissions"),
    [
        (["list"], ["view_whatsappaccount"]),
        (["show", "ACCOUNT"], ["view_whatsappaccount"]),
        (["refresh", "ACCOUNT"], ["view_whatsappaccount", "refresh_whatsappaccount"]),
    ],
)
def test_reading_accounts_takes_its_permissions(argv: list[str], permissions: list[str], world: World) -> None:
    argv = [world.account if word == "ACCOUNT" else word for word in argv]
    user = only("customers.view_customer")
    for permission in permissions:
        ended = accounts(*argv, "--as", "ayu")
        assert (ended.code, ended.out) == (3, "") and permission in ended.err
        user.user_permissions.add(Permission.objects.get(codename=permission))
    assert accounts(*argv, "--as", "ayu").code == 0


def test_an_account_without_a_number_syncs_no_templates(world: World) -> None:
    onboarding = next(row for row in accounts("list", "--json").records if row["phone_number_id"] is None)
    ended = accounts("sync_templates", onboarding["remote_id"])
    assert ended.code == 3 and "onboarding is not finished" in ended.err
    assert world.sent() == []


def test_the_counts_of_a_template_sync_are_told(world: World) -> None:
    ended = accounts("sync_templates", world.account)
    assert ended.code == 0
    assert "Synced the templates of" in ended.out and "templates: " in ended.err


# -- the upstream -----------------------------------------------------------------------------------------------------


@each_verb
def test_without_its_variables_nothing_is_sent_and_they_are_named(case: Case, world: World, settings: Any) -> None:
    settings.KIRIM_API_KEY = ""
    ended = case.run(*case.argv(world), "--json")
    assert (ended.code, ended.records[0]["state"]) == (1, "failed")
    assert "KIRIM_API_KEY" in ended.err
    assert not RemoteWrite.objects.exclude(state=State.FAILED).exists()
    assert world.asked == []


@each_verb
def test_another_kirim_than_the_mirrored_one_is_refused(case: Case, world: World) -> None:
    UpstreamState.objects.filter(upstream="kirim").update(identity="https://other.example/v1")
    ended = case.run(*case.argv(world), "--json")
    assert (ended.code, ended.records[0]["state"]) == (3, "refused")
    assert "--accept-upstream kirim" in ended.err
    assert world.asked == []
