"""Lists that are too long to be counted, and the index of words, on whichever database the tests run."""

import re
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib import admin
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from backoffice import textindex
from backoffice.admin import paging, searching
from backoffice.benchmarks.filling import fill_rows
from backoffice.checks.installation import check_search
from backoffice.reindex import INDEXES
from backoffice.templatetags.backoffice import STYLED
from backoffice.tests.reading import page_of
from customers.models import Contact, Customer, SetupLink, WhatsAppAccount
from customers.tests.factories import CustomerFactory
from fulfilment.models import HandlingList, Location, Parcel, Recipient, Shipment

pytestmark = pytest.mark.django_db
LIST = "/admin/customers/customer/"


def row(model, **values):
    """A mirrored row that no remote knows."""
    told = {"remote_id": str(uuid4()), "payload": {}, "payload_hash": b"", "synced_at": timezone.now()}
    return model.objects.create(**{**told, **values})


def parcel(number, shipment):
    text = f"{number}\nid-{number}".lower()
    now = timezone.now()
    return row(Parcel, number=number, shipment=shipment, search_text=text, remote_created_at=now)


def recipient(name):
    return row(Recipient, family_name=name, search_text=f"of-{name}")


def shipment(contact=None):
    return row(Shipment, number=f"S{uuid4().hex[:6]}", contact=contact)


@pytest.fixture
def long(monkeypatch):
    """Tables of a hundred rows are long."""
    monkeypatch.setattr(paging, "MOST", 20)
    monkeypatch.setattr(paging, "FEW", 5)
    monkeypatch.setattr(searching, "MOST", 20)


@pytest.fixture
def many(long):
    """A hundred and thirty customers: in threes made at one moment, some without an e-mail, each tenth gone."""
    now = timezone.now()
    return [
        CustomerFactory(
            name=f"Toko {number % 7}",
            email=None if number % 4 == 0 else f"owner{number % 5}@example.com",
            team_id=f"team_{number % 2}",
            remote_created_at=None if number % 11 == 0 else now - timedelta(minutes=number // 3),
            vanished_at=now if number % 10 == 0 else None,
        )
        for number in range(130)
    ]


def changes_of(client, query=""):
    answer = client.get(f"{LIST}{query}")
    assert answer.status_code == 200, (query, answer.headers.get("Location"))
    return answer.context["cl"]


def analyze():
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE customers_customer")


# -- counts -----------------------------------------------------------------------------------------------------------


def test_a_whole_long_table_is_counted_as_well_as_the_database_knows(supervisor, many):
    analyze()
    assert "about 117 customers" in page_of(supervisor, LIST)


def test_of_a_narrowed_long_list_it_is_said_that_there_are_more(supervisor, many):
    assert "more than 20 customers" in page_of(supervisor, f"{LIST}?team=team_1")
    assert "more than 20 customers" in page_of(supervisor, f"{LIST}?q=toko")


def test_what_can_be_counted_is_counted(supervisor, many):
    assert changes_of(supervisor, "?q=toko&team=nobody").result_count == 0
    assert "13 customers" in page_of(supervisor, f"{LIST}?presence=gone")


def test_rows_that_are_looked_up_in_another_table_are_counted_less_far(supervisor, monkeypatch):
    monkeypatch.setattr(paging, "SOME", 3)
    row(Location, remote_id="here", name="Here")
    goes = shipment()
    Shipment.objects.update(location_remote_id="here")
    for number in range(4):
        parcel(f"P{number}", goes)

    def told(query):
        return str(supervisor.get(f"/admin/fulfilment/parcel/?{query}").context["cl"].result_count)

    assert told("location=here") == "more than 3" and told("is_outbound=True") == "4"
    page = page_of(supervisor, "/admin/fulfilment/parcel/?location=here&o=3")
    assert "Narrow the list to 3 rows to order it by shipment or recipient." in page
    Parcel.objects.filter(number="P0").delete()
    assert told("location=here") == "3" and told("is_outbound=False") == "0"


# -- pages ------------------------------------------------------------------------------------------------------------


def of_query(query):
    """Keys of the rows that a list's address finds."""
    rows = Customer.objects.filter(vanished_at__isnull=query != "presence=gone")
    if query == "team=team_1":
        rows = rows.filter(team_id="team_1")
    if query.startswith("q="):
        rows = rows.filter(search_text__contains=query.removeprefix("q="))
    return sorted(rows.values_list("pk", flat=True))


def walk(client, query, start, step):
    """The keys on each page from ``start`` on, as far as the pages' own links lead."""
    number = start
    while True:
        changes = changes_of(client, f"?{query}&p={number}")
        yield [row.pk for row in changes.result_list]
        number = changes.page_num + step
        if number == 0 or not any(f"p={number}" in step.url[1:].split("&") for step in changes.page_steps):
            return


QUERIES = [
    "",
    "o=1",
    "o=-1",
    "o=2",
    "o=-2",
    "o=3.-4",
    "team=team_1",
    "q=toko",
    "q=owner3",
    "presence=gone",
    "presence=all",
]


@pytest.mark.parametrize("query", QUERIES[:-1])
@pytest.mark.parametrize("start", [1, -1])
def test_the_pages_hold_each_row_once_from_either_end(supervisor, many, monkeypatch, query, start):
    monkeypatch.setattr("customers.admin.customers.CustomerAdmin.list_per_page", 10)
    analyze()
    met = [pk for page in walk(supervisor, query, start, start) for pk in page]
    assert sorted(met) == of_query(query)


@pytest.mark.parametrize("query", QUERIES[:6])
def test_both_ends_agree_on_the_order(supervisor, many, monkeypatch, query):
    monkeypatch.setattr("customers.admin.customers.CustomerAdmin.list_per_page", 10)
    analyze()
    forwards = [pk for page in walk(supervisor, query, 1, 1) for pk in page]
    backwards = [pk for page in reversed(list(walk(supervisor, query, -1, -1))) for pk in page]
    assert forwards == backwards


def test_a_page_behind_the_last_leads_back_to_the_list(supervisor, many, monkeypatch):
    monkeypatch.setattr("customers.admin.customers.CustomerAdmin.list_per_page", 10)
    for query in ("p=99", "p=0", "team=team_1&p=99", "team=team_1&p=-99"):
        assert supervisor.get(f"{LIST}?{query}").status_code == 302


def test_a_long_list_is_not_offered_in_an_order_that_no_index_holds(supervisor, long):
    goes = shipment()
    for number in range(70):
        parcel(f"P{number}", goes)
    page = page_of(supervisor, "/admin/fulfilment/parcel/?o=3")
    assert "Narrow the list to 20 rows to order it by shipment or recipient." in page
    changes = supervisor.get("/admin/fulfilment/parcel/?o=3").context["cl"]
    assert [row.number for row in changes.result_list[:2]] == ["P69", "P68"]  # the list's own order
    Parcel.objects.exclude(number__in=["P1", "P2"]).delete()
    assert "Narrow the list" not in page_of(supervisor, "/admin/fulfilment/parcel/?o=3")


HEAVY = 150 * 1024


@pytest.mark.parametrize(
    "name",
    ["parcel", "shipment", "handlinglist", "recipient", "customer", "setuplink", "whatsappaccount", "contact"],
)
def test_a_list_of_a_hundred_rows_is_a_light_page(supervisor, monkeypatch, name):
    fill_rows(1_000)
    [own] = [own for model, own in admin.site._registry.items() if model._meta.model_name == name]
    monkeypatch.setattr(type(own), "list_per_page", 100)
    for query in ("", "?presence=all&o=1"):
        answer = supervisor.get(reverse(f"admin:{own.opts.app_label}_{name}_changelist") + query)
        assert len(answer.context["cl"].result_list) == 100
        assert len(answer.content) < HEAVY


def test_the_columns_that_the_style_sheet_names_keep_their_class(supervisor):
    sheet = (Path(settings.BASE_DIR) / "backoffice/static/backoffice/backoffice.css").read_text()
    assert set(re.findall(r"\.field-(\w+)", sheet)) == STYLED
    CustomerFactory(name="Warung", email="owner@warung.example")
    cells = page_of(supervisor, LIST).partition("<tbody>")[2]
    assert '<th class="field-shown_name" data-label="name">' in cells
    assert '<td class="field-shown_email" data-label="e-mail">owner@warung.example</td>' in cells
    assert '<td data-label="team">' in cells


# -- words ------------------------------------------------------------------------------------------------------------

TEXTS = (
    "Toko Melati",
    "PT. Größe & Söhne", "東京 商店", "O'Neil \"quoted\"", "100% cotton_shirt", "a OR b NOT c*", "NEAR(x y)",
    "back\\slash", "x" * 300, "мир Ёлка", "-minus", "(parens) {braces} ^caret:colon", "İstanbul",
)  # fmt: skip
TERMS = (
    "melati",
    "ELATI", "größe", "söhne", "東京", "東", "京 商", "o'neil", '"quoted"', "100%", "%", "_shirt", "n_s", "or b",
    "not", "c*", "near(x", "back\\slash", "\\", "x" * 150, "мир", "ёлка", "-minus", "{braces}", "^caret:colon", "st",
    "toko mel", "toko zz", "to ko", "istanbul", "nothing", '"', "'", "customer",
)  # fmt: skip


def like(term):
    """What LIKE finds, word by word."""
    rows = Customer.objects.filter(vanished_at=None)
    for word in term.lower().split():
        rows = rows.filter(search_text__contains=word)
    return set(rows.values_list("pk", flat=True))


def found(client, term):
    return {row.pk for row in client.get(LIST, {"q": term}).context["cl"].result_list}


@pytest.fixture
def texts(db):
    return [CustomerFactory(name=name) for name in TEXTS]


@pytest.mark.parametrize("when", ["before the index saw them", "after", "after reindex"])
def test_a_search_finds_what_like_finds(supervisor, texts, when):
    if when == "after":
        textindex.catch_up()
    if when == "after reindex":
        INDEXES["words in texts"]()
    for term in TERMS:
        assert found(supervisor, term) == like(term), term
    assert found(supervisor, "melati") and found(supervisor, "東京") and not found(supervisor, "nothing")


def test_a_changed_a_gone_and_a_deleted_row_are_found_as_they_are_now(supervisor, texts):
    textindex.catch_up()
    Customer.objects.filter(pk=texts[0].pk).update(search_text="toko kenanga")
    assert found(supervisor, "melati") == set() and found(supervisor, "kenanga") == {texts[0].pk}
    textindex.catch_up()
    assert found(supervisor, "melati") == set() and found(supervisor, "kenanga") == {texts[0].pk}
    Customer.objects.filter(pk=texts[0].pk).update(vanished_at=timezone.now())
    assert found(supervisor, "kenanga") == set()
    assert {row.pk for row in supervisor.get(LIST, {"q": "kenanga", "presence": "gone"}).context["cl"].result_list}
    texts[1].delete()
    assert found(supervisor, "größe") == set()
    textindex.catch_up()
    assert found(supervisor, "größe") == set() and textindex.unseen() == 0


def test_nothing_is_lost_when_the_process_dies_between_write_and_index(supervisor, texts):
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        CustomerFactory(name="Never committed")
        textindex.catch_up()
        raise KeyboardInterrupt
    assert found(supervisor, "committed") == set() and found(supervisor, "melati") == {texts[0].pk}
    textindex.catch_up()
    assert found(supervisor, "melati") == {texts[0].pk} and textindex.catch_up() == 0


def test_a_search_for_several_words_finds_them_in_text_and_recipient(supervisor):
    ana, ben = (parcel(f"P{name}", shipment(recipient(name))) for name in ("ana", "ben"))

    def parcels(term):
        changes = supervisor.get("/admin/fulfilment/parcel/", {"q": term}).context["cl"]
        return {row.pk for row in changes.result_list}

    for _ in range(2):
        assert parcels("ana") == {ana.pk} and parcels("of-ben pben") == {ben.pk}
        assert parcels("of-ben pana") == set() and parcels("of-ana pa") == {ana.pk} and parcels("pana f-") == {ana.pk}
        assert parcels(ana.shipment.number.lower()) == {ana.pk}
        textindex.catch_up()


def test_for_words_too_short_for_the_index_it_is_said_how_far_it_looked(supervisor, monkeypatch):
    monkeypatch.setattr(searching, "NEWEST", 5)
    CustomerFactory(name="zq")
    assert len(found(supervisor, "zq")) == 1
    CustomerFactory.create_batch(6)
    page = page_of(supervisor, f"{LIST}?q=zq")
    assert "Only the 5 customers that came last were looked through" in page


def test_frequent_words_are_looked_for_through_a_rare_one_and_else_among_the_newest(supervisor, monkeypatch):
    monkeypatch.setattr(searching, "MOST", 3)
    monkeypatch.setattr(searching, "NEWEST_ELSEWHERE", 5)
    rare = parcel("Pzeta", shipment(recipient("ana")))
    for number in range(8):
        parcel(f"Palpha{number}", shipment(recipient("ana" if number % 2 else "ben")))
    textindex.catch_up()

    def parcels(term):
        answer = supervisor.get("/admin/fulfilment/parcel/", {"q": term})
        return {row.number for row in answer.context["cl"].result_list}, answer.content.decode()

    assert parcels("of-ana zeta")[0] == {rare.number}, "both orders of the words"
    assert parcels("zeta of-ana")[0] == {rare.number}
    found, page = parcels("of-ana palpha")
    assert found == {"Palpha3", "Palpha5", "Palpha7"}
    assert "Only the 5 parcels that came last were looked through: add a rarer word to find all." in page
    monkeypatch.setattr(searching, "IS_FREQUENT", 2)
    found, page = parcels("of-ana palpha")
    assert found == {"Palpha1", "Palpha3", "Palpha5", "Palpha7"}
    assert "more than 2 parcels" in page and "looked through" not in page


def test_what_a_search_meets_everywhere_stands_newest_first_and_in_no_other_order(supervisor, monkeypatch):
    """In the order of a name, what it meets may stand behind everything else."""
    monkeypatch.setattr(searching, "MOST", 3)
    for name in ("zara", "yuki", "xenia", "willem", "vera"):
        row(Contact, display_name=name, search_text=f"{name}\nmet everywhere")
    row(Contact, display_name="adam", search_text="adam")
    textindex.catch_up()

    def names(query):
        answer = supervisor.get(f"/admin/customers/contact/?{query}")
        return [one.display_name for one in answer.context["cl"].result_list], answer.content.decode()

    told = "So many match that the newest stand first: add a rarer word to order them otherwise."
    for query in ("q=everywhere", "q=everywhere&o=1", "q=met everywhere&o=-1"):
        found, page = names(query)
        assert found == ["vera", "willem", "xenia", "yuki", "zara"] and told in page, query
        assert "sortoptions" not in page, query
    found, page = names("q=zara everywhere&o=1")
    assert found == ["zara"] and told not in page and "sortoptions" in page
    assert names("")[0][:2] == ["adam", "vera"], "without a search by their names"


def account(name, owner):
    return row(
        WhatsAppAccount, name=name, customer=owner, customer_remote_id=owner.remote_id, status="connected",
        search_text=f"{name}\n+62811\n{owner.remote_id}".lower(),
    )  # fmt: skip


def link(last4, owner):
    now = timezone.now()
    return row(
        SetupLink, token_last4=last4, customer=owner, customer_remote_id=owner.remote_id, expires_at=now,
        remote_id=f"csl_{last4.upper()}", remote_created_at=now,
    )  # fmt: skip


@pytest.mark.parametrize("is_long", [False, True])
def test_lists_find_what_stands_in_another_record_however_long_they_are(supervisor, monkeypatch, is_long):
    if is_long:  # a word that many recipients and customers have leads nowhere then
        monkeypatch.setattr(searching, "MOST", 2)
    ana, ben = (CustomerFactory(name=f"{name} Shop", search_text=f"{name} shop".lower()) for name in ("Ana", "Ben"))
    for owner, last4 in ((ana, "x7Qd"), (ben, "y8Re")):
        link(last4, owner)
        account(f"{owner.name} account", owner)
        its = row(HandlingList, number=f"L-{last4}", search_text=f"l-{last4}".lower(), remote_created_at=timezone.now())
        goes = row(
            Shipment, number=f"S-{last4}", contact=recipient(owner.name.lower()), list=its,
            piece_text=f"sku-{last4}".lower(), remote_created_at=timezone.now(),
        )  # fmt: skip
        Parcel.objects.filter(pk=parcel(f"P-{last4}", goes).pk).update(tracking_code=f"3S{last4}")

    def found(page, term):
        return {str(one) for one in supervisor.get(f"/admin/{page}/", {"q": term}).context["cl"].result_list}

    for _ in range(2):
        for term in ("x7qd", "X7Qd", "…x7Qd", "csl_x7qd", ana.remote_id, "ana shop", "ana"):
            assert found("customers/setuplink", term) == {"…x7Qd"}, term
        for term in (ana.remote_id, "ana", "ana account", "…x7qd"):
            assert found("customers/whatsappaccount", term) == {"Ana Shop account"}, term
        for term in ("s-x7qd", "of-ana", "3sx7qd", "l-x7qd"):
            assert found("fulfilment/handlinglist", term) == {"L-x7Qd"}, term
        for term in ("s-x7qd", "of-ana", "3sx7qd", "p-x7qd", "sku-x7qd"):
            assert found("fulfilment/shipment", term) == {"S-x7Qd"}, term
        for page in ("customers/setuplink", "customers/whatsappaccount"):
            assert len(found(page, "shop")) == 2 and found(page, "shop ana") == found(page, "ana shop") != set()
        for page in ("fulfilment/handlinglist", "fulfilment/shipment"):
            assert len(found(page, "shop")) == 2 and found(page, "nothing") == set()
        textindex.catch_up()


def test_doctor_says_where_the_index_is_missing_and_reindex_makes_it(supervisor, texts):
    assert [finding.state.value for finding in check_search()] == ["ok"]
    with connection.cursor() as cursor:
        for statement in (
            ["DROP INDEX customers_customer_grams"]
            if connection.vendor == "postgresql"
            else ["DROP TABLE customers_customer_pieces", "DROP TRIGGER customers_customer_unseen_update"]
        ):
            cursor.execute(statement)
    [finding] = check_search()
    assert "no index of words for customers" in finding.text
    assert found(supervisor, "melati") == {texts[0].pk}
    INDEXES["words in texts"]()
    assert [finding.state.value for finding in check_search()] == ["ok"]
    assert found(supervisor, "melati") == {texts[0].pk}


def test_rows_that_changed_while_a_migration_had_no_triggers_are_found(supervisor, texts):
    if connection.vendor != "sqlite":
        return
    textindex.catch_up()
    with connection.cursor() as cursor:  # as when SQLite's table is made anew by a migration
        for event in ("insert", "update", "delete"):
            cursor.execute(f"DROP TRIGGER customers_customer_unseen_{event}")
    Customer.objects.filter(pk=texts[0].pk).update(search_text="toko kenanga")
    textindex.ensure()
    assert found(supervisor, "kenanga") == {texts[0].pk} and found(supervisor, "melati") == set()


def test_a_row_that_is_written_again_before_the_index_saw_it_is_no_conflict(db):
    """On SQLite the statement's own way with conflicts would reach into a trigger."""
    row = CustomerFactory(search_text="first")
    for text in ("second", "third"):
        row.search_text = text
        Customer.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["remote_id"], update_fields=["search_text"]
        )
    assert textindex.keys(Customer, ["third"], 10) == [row.pk]
    assert textindex.keys(Customer, ["first"], 10) == []
