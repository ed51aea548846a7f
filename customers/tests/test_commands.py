"""``customers`` and ``setup_link`` at their door."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from backoffice.models import UpstreamState
from backoffice.tests.shell import Ended, command, run
from customers.models import Customer
from customers.tests.kirim import FakeKirim, account, customer, setup_link, sync

pytestmark = pytest.mark.django_db(transaction=True)

COLUMNS = [
    "remote_id",
    "name",
    "email",
    "status",
    "team_id",
    "metadata",
    "archived_at",
    "remote_created_at",
    "remote_updated_at",
    "synced_at",
    "vanished_at",
]
LINK_KEYS = [
    "remote_id",
    "customer_remote_id",
    "status",
    "token_last4",
    "expires_at",
    "consumed_at",
    "success_redirect_url",
    "failure_redirect_url",
    "state",
]


def id_of(number: int) -> str:
    return f"cus_{number:026d}"


def customers(*argv: str) -> Ended:
    return run(command("customers.management.commands.customers"), *argv)


def links(*argv: str) -> Ended:
    return run(command("customers.management.commands.setup_link"), *argv)


@pytest.fixture
def mirrored(kirim: FakeKirim) -> FakeKirim:
    """Three customers, one with an account and three links, synced."""
    over = (timezone.now() - timedelta(hours=1)).isoformat()
    kirim.customers = [
        customer(1, created_at="2025-01-01T00:00:00Z"),
        customer(2, name="Bakery", status="pending", email=None, created_at="2025-02-01T00:00:00Z"),
        customer(3, metadata={"address": {"city": "Köln"}}, created_at="2025-03-01T00:00:00Z"),
    ]
    kirim.accounts = [account(1, id_of(1)), account(2)]
    kirim.links = {
        id_of(1): [
            setup_link(1, id_of(1), created_at="2025-03-04T08:20:01Z"),
            setup_link(2, id_of(1), expires_at=over),
            setup_link(3, id_of(1), status="consumed", expires_at=over, created_at="2025-03-04T08:19:00Z"),
        ]
    }
    for name in ("kirim.customers", "kirim.accounts", "kirim.setup_links"):
        sync(name)
    kirim.requests.clear()
    return kirim


def person(*permissions: str, **members: Any) -> User:
    user = User.objects.create_user("ayu", **{"is_staff": True, **members})
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


# -- list -------------------------------------------------------------------------------------------------------------


def test_the_list_prints_columns_by_name_the_newest_first(mirrored: FakeKirim) -> None:
    ended = customers("list", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert [list(record) for record in ended.records] == [COLUMNS] * 3
    assert [record["remote_id"] for record in ended.records] == [id_of(3), id_of(2), id_of(1)]
    assert ended.records[0]["metadata"] == {"address": {"city": "Köln"}}
    assert ended.records[0]["remote_created_at"] == "2025-03-01T00:00:00+00:00"
    assert mirrored.requests == []


def test_the_list_can_be_narrowed_down(mirrored: FakeKirim) -> None:
    assert [record["name"] for record in customers("list", "--status", "pending", "--json").records] == ["Bakery"]
    assert [record["remote_id"] for record in customers("list", "--search", "KÖLN", "--json").records] == [id_of(3)]
    assert [record["remote_id"] for record in customers("list", "--search", id_of(1), "--json").records] == [id_of(1)]
    assert customers("list", "--search", "%", "--json").records == []


def test_a_list_that_was_cut_says_of_how_many(mirrored: FakeKirim) -> None:
    ended = customers("list", "--limit", "2")
    assert len(ended.out.splitlines()) == 2
    assert "2 of 3 customers" in ended.err


def test_vanished_customers_are_listed_only_when_asked_for(mirrored: FakeKirim) -> None:
    Customer.objects.filter(remote_id=id_of(2)).update(vanished_at=timezone.now())
    assert len(customers("list", "--json").records) == 2
    assert len(customers("list", "--all", "--json").records) == 3


def test_an_empty_mirror_says_how_to_fill_it() -> None:
    ended = customers("list")
    assert (ended.code, ended.out) == (0, "")
    assert "manage.py sync kirim.customers" in ended.err


@pytest.mark.parametrize(
    "argv",
    [("list", "--limit", "0"), ("list", "--limit", "x"), ("show",), ("show", "\udcff"), ("nonsense",), ()],
)
def test_wrong_usage_is_exit_code_2(argv: tuple[str, ...]) -> None:
    assert customers(*argv).code == 2


def test_remote_text_neither_breaks_a_line_nor_commands_the_terminal(kirim: FakeKirim) -> None:
    kirim.customers = [customer(1, name="\x1b[2JEvil\r\nshop\x9b", metadata={"\x1b": "\x07"})]
    sync("kirim.customers")
    for ended in (customers("list"), customers("show", id_of(1)), customers("list", "--json")):
        assert not any(character in ended.out for character in "\x1b\r\x9b\x07")
    assert len(customers("list").out.splitlines()) == 1


def test_no_payload_and_no_secret_is_printed(mirrored: FakeKirim, settings: Any) -> None:
    said = customers("list", "--json").out + customers("show", id_of(1), "--json").out + links("list", id_of(1)).out
    for word in ("payload", "setup_url", settings.KIRIM_API_KEY):
        assert word not in said


# -- show -------------------------------------------------------------------------------------------------------------


def test_show_adds_accounts_and_links(mirrored: FakeKirim) -> None:
    (record,) = customers("show", id_of(1), "--json").records
    assert list(record) == [*COLUMNS, "accounts", "setup_links"]
    assert [row["phone_number_id"] for row in record["accounts"]] == ["106540352242001"]
    assert [row["state"] for row in record["setup_links"]] == ["active", "expired", "consumed"]
    said = customers("show", id_of(1)).out
    assert "Toko 1" in said
    assert "expired" in said


def test_an_unknown_customer_is_a_sentence_that_says_how_to_fetch_it(mirrored: FakeKirim) -> None:
    for ended in (customers("show", "cus_unknown", "--json"), links("list", "cus_unknown")):
        assert (ended.code, ended.out) == (1, "")
        assert "manage.py customers fetch cus_unknown" in ended.err


# -- fetch ------------------------------------------------------------------------------------------------------------


def test_fetch_mirrors_one_customer_by_its_id(kirim: FakeKirim) -> None:
    kirim.customers = [customer(number) for number in range(1, 4)]
    ended = customers("fetch", id_of(2), "--json")
    assert ended.code == 0
    assert list(ended.records[0]) == COLUMNS
    assert Customer.objects.get().remote_id == id_of(2)
    assert "Toko 2" in customers("fetch", id_of(2)).out


def test_a_customer_that_kirim_does_not_know_is_refused(kirim: FakeKirim) -> None:
    ended = customers("fetch", id_of(9))
    assert (ended.code, ended.out) == (3, "")
    assert "knows no customer" in ended.err
    assert not Customer.objects.exists()


def test_an_id_that_would_name_another_path_is_never_sent(kirim: FakeKirim) -> None:
    assert customers("fetch", "..").code == 3
    assert kirim.requests == []


def test_a_kirim_that_is_down_fails(kirim: FakeKirim) -> None:
    def down(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    kirim.mischief = down
    ended = customers("fetch", id_of(1))
    assert (ended.code, ended.out) == (1, "")
    assert "not reached" in ended.err


def test_fetching_from_another_kirim_than_the_mirrored_one_is_refused(kirim: FakeKirim) -> None:
    UpstreamState.objects.create(upstream="kirim", identity="https://other.example/v1")
    ended = customers("fetch", id_of(1))
    assert ended.code == 3
    assert "--accept-upstream kirim" in ended.err
    assert kirim.requests == []


def test_without_its_variables_nothing_is_fetched(kirim: FakeKirim, settings: Any) -> None:
    settings.KIRIM_API_KEY = ""
    ended = customers("fetch", id_of(1))
    assert ended.code == 1
    assert "KIRIM_API_KEY" in ended.err


# -- setup links ------------------------------------------------------------------------------------------------------


def test_links_are_listed_with_the_state_that_staff_see(mirrored: FakeKirim) -> None:
    ended = links("list", id_of(1), "--json")
    assert ended.code == 0
    assert [list(record) for record in ended.records] == [LINK_KEYS] * 3
    assert [(record["status"], record["state"]) for record in ended.records] == [
        ("active", "active"),
        ("active", "expired"),
        ("consumed", "consumed"),
    ]
    assert "…0001" in links("list", id_of(1)).out


def test_a_customer_without_links_is_told_so(mirrored: FakeKirim) -> None:
    ended = links("list", id_of(2))
    assert (ended.code, ended.out) == (0, "")
    assert "Bakery has no setup link here." in ended.err


# -- on behalf of a person --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("run_it", "argv", "permission"),
    [
        (customers, ("list",), "view_customer"),
        (customers, ("show", id_of(1)), "view_customer"),
        (links, ("list", id_of(1)), "view_setuplink"),
    ],
)
def test_each_verb_takes_its_permission(
    mirrored: FakeKirim, run_it: Any, argv: tuple[str, ...], permission: str
) -> None:
    user = person("add_customer")
    refused = run_it(*argv, "--as", "ayu")
    assert (refused.code, refused.out) == (3, "")
    assert f"customers.{permission}" in refused.err
    assert mirrored.requests == []
    user.user_permissions.add(Permission.objects.get(codename=permission))
    assert run_it(*argv, "--as", "ayu").code == 0
    User.objects.update(is_staff=False)
    assert run_it(*argv, "--as", "ayu").code == 3
    User.objects.update(is_active=False)
    assert run_it(*argv, "--as", "ayu").code == 2


def test_fetching_takes_seeing_customers_as_well(mirrored: FakeKirim) -> None:
    user = person("fetch_customer")
    refused = customers("fetch", id_of(1), "--as", "ayu")
    assert (refused.code, refused.out) == (3, "")
    assert "customers.view_customer" in refused.err
    assert mirrored.requests == []
    user.user_permissions.add(Permission.objects.get(codename="view_customer"))
    assert customers("fetch", id_of(1), "--as", "ayu").code == 0


def test_show_leaves_out_the_lists_that_the_person_may_not_see(mirrored: FakeKirim) -> None:
    user = person("view_customer")
    ended = customers("show", id_of(1), "--json", "--as", "ayu")
    assert ended.code == 0
    assert list(ended.records[0]) == COLUMNS
    assert "ayu may not see accounts (customers.view_whatsappaccount)" in ended.err
    assert "ayu may not see setup links (customers.view_setuplink)" in ended.err
    said = customers("show", id_of(1), "--as", "ayu").out
    assert "…0001" not in said and "setup link" not in said
    user.user_permissions.add(Permission.objects.get(codename="view_setuplink"))
    ended = customers("show", id_of(1), "--json", "--as", "ayu")
    assert list(ended.records[0]) == [*COLUMNS, "setup_links"]
    assert "setup links" not in ended.err
