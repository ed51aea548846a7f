"""The pages of support customers: the list, the page of one, its forms, deleting and erasing."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from backoffice import exports
from backoffice.models import Export, RejectedRecord, RemoteWrite, RowChange
from backoffice.tests.factories import person
from customers.models import SupportCustomer
from customers.tests.bulking import bulk_at, confirm, select
from customers.tests.filled import form_in, opened, send
from customers.tests.kirim import sync
from customers.tests.support.apideck import IBAN, PRIVATE, TAX, FakeApideck, customer, refusal

LIST = "/admin/customers/supportcustomer/"
CREATE = f"{LIST}create/"


def ana() -> SupportCustomer:
    return SupportCustomer.objects.get(remote_id="cs_1001")


def url(verb: str = "change") -> str:
    return f"{LIST}{ana().pk}/{verb}/"


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.content.decode()


def test_the_list_finds_by_what_people_type_and_costs_the_same_however_long(
    mirrored: FakeApideck, supervisor: Client, django_assert_max_num_queries: Any
) -> None:
    mirrored.customers += [customer(number, status="archived", individual=True) for number in range(20, 60)]
    sync("apideck.customers")
    with django_assert_max_num_queries(20):
        page = text(supervisor, LIST)
    assert "Ana Peeters 1" in page and "New support customer" in page
    for query in ("q=3225550100+cs_1001", "q=ANA1@", "q=peeters+nordwind+cs_1001"):
        found = text(supervisor, f"{LIST}?{query}")
        assert "Ana Peeters 1<" in found and "Ana Peeters 2<" not in found, query
    assert "Ana Peeters 1<" not in text(supervisor, f"{LIST}?status=archived")
    assert "Ana Peeters 1<" not in text(supervisor, f"{LIST}?individual=True")
    export = b"".join(supervisor.get(f"{LIST}export/csv/").streaming_content).decode()  # type: ignore[attr-defined]
    assert "'+32 2 555 01 00" in export and export.count("\n") == 44


def test_the_form_sends_what_was_changed_and_keeps_all_else(mirrored: FakeApideck, supervisor: Client) -> None:
    form = opened(
        supervisor, url("update"), notes="Calls.", emails__email=["ana@new.example", "b@c.example"],
        emails__type=["primary", "work"], bank_bic="NEWBIC", currency="usd",
    )  # fmt: skip
    page = send(supervisor, url("update"), form).content.decode()
    assert "was changed at Apideck" in page
    (body,) = mirrored.sent("PATCH")
    assert body.keys() == {"notes", "emails", "bank_accounts", "currency"} and body["currency"] == "USD"
    assert body["emails"] == [
        {"id": "em-1", "email": "ana@new.example", "type": "primary"}, {"email": "b@c.example", "type": "work"},
    ]  # fmt: skip
    assert body["bank_accounts"] == {**customer()["bank_accounts"], "bic": "NEWBIC"}
    send(supervisor, url("update"), form)  # the same form once more is the same write
    assert len(mirrored.sent("PATCH")) == 1
    untouched = send(supervisor, url("update"), opened(supervisor, url("update"))).content.decode()
    assert "Nothing was changed in the form" in untouched


def test_what_stands_in_a_row_is_labelled_and_the_account_told_in_words(
    mirrored: FakeApideck, supervisor: Client
) -> None:
    page = text(supervisor, url("update"))
    for label, field in (("Country code", "phone_numbers-country_code"), ("Postal code", "addresses-postal_code")):
        assert f'<label class="bo-cell"><span>{label}</span><input type="text" name="{field}"' in page
    assert "<legend>Bank account</legend>" in page
    told = text(supervisor, url())
    assert f"Account holder: Nordwind NV, IBAN: {IBAN}, BIC: NWBKBEBB, Account number:" in told


def test_rows_come_and_go_without_scripts_and_wrong_ones_are_marked(mirrored: FakeApideck, supervisor: Client) -> None:
    form = opened(supervisor, url("update"), do="remove:phone_numbers:0", notes="Typed")
    page = send(supervisor, url("update"), form).content.decode()
    assert 'value="555 01 00"' not in page and "Typed" in page and not mirrored.requests
    form = opened(
        supervisor, url("update"), emails__email=["no address", ""], emails__type=["primary", "work"],
        phone_numbers__number=["555 01 00", ""], phone_numbers__area_code=["2", "9"], status="",
    )  # fmt: skip
    page = send(supervisor, url("update"), form).content.decode()
    for told in ("This is no e-mail address.", "It needs an e-mail address.", "It needs a number.", "no address"):
        assert told in page, told
    assert not mirrored.requests


def test_somebody_elses_change_is_shown_at_the_field_and_what_was_typed_stays(
    mirrored: FakeApideck, supervisor: Client
) -> None:
    form = opened(supervisor, url("update"), notes="Mine", tax_number="MINE")
    mirrored.customers[0] |= {"notes": "Theirs <b>", "tax_number": TAX}
    page = send(supervisor, url("update"), form).content.decode()
    assert "it was “Prefers mail.”, and is “Theirs &lt;b&gt;” now" in page and "Mine" in page
    assert not mirrored.sent("PATCH")
    again = form_in(page)
    send(supervisor, url("update"), again)
    assert mirrored.sent("PATCH") == [{"notes": "Mine", "tax_number": "MINE"}]


def test_what_apideck_refuses_stands_at_its_field(mirrored: FakeApideck, supervisor: Client) -> None:
    detail = {"invalid": [{"notes": "too long", "planet": "missing"}]}
    mirrored.mischief = lambda request: (
        refusal(400, "RequestValidationError", "Invalid Params", detail) if request.method == "PATCH" else None
    )
    page = send(supervisor, url("update"), opened(supervisor, url("update"), notes="x" * 50)).content.decode()
    assert "Apideck: too long." in page and "planet: missing." in page and "x" * 50 in page


def test_a_customer_is_created_once_from_a_form_that_was_sent_twice(mirrored: FakeApideck, desk: Client) -> None:
    form = opened(desk, CREATE, first_name="Luc", emails__email=["luc@example.org"], emails__type=["personal"])
    assert "bank_iban" not in form and "tax_number" not in form
    page = send(desk, CREATE, form).content.decode()
    assert "Luc was created at Apideck" in page and send(desk, CREATE, form).status_code == 200
    assert mirrored.sent("POST") == [
        {"first_name": "Luc", "emails": [{"email": "luc@example.org", "type": "personal"}]}
    ]
    assert "Type at least a name" in send(desk, CREATE, opened(desk, CREATE)).content.decode()


def test_deleting_asks_for_a_tick_and_a_reason_and_is_off_where_the_service_cannot(
    mirrored: FakeApideck, supervisor: Client
) -> None:
    page = send(supervisor, url("delete"), opened(supervisor, url("delete"))).content.decode()
    assert "Tick this" in page and "Say why it is deleted." in page and not mirrored.requests
    mirrored.mischief = lambda request: refusal(501, "ConnectorOperationUnsupportedError", "Not supported")
    send(supervisor, url("delete"), opened(supervisor, url("delete"), is_sure="on", reason="Asked by phone"))
    assert "it is offered again on" in text(supervisor, url())
    assert RemoteWrite.objects.get().reason == "Asked by phone"


def test_fetching_and_refreshing_read_one_customer(mirrored: FakeApideck, desk: Client) -> None:
    mirrored.customers.append(customer(9))
    page = desk.post(f"{LIST}fetch/", {"remote_id": "cs_1009"}, follow=True).content.decode()
    assert "was fetched from Apideck" in page
    mirrored.customers[0]["notes"] = "Newer"
    desk.post(url("refresh"))
    assert ana().payload["notes"] == "Newer"


def test_many_are_refreshed_or_deleted_at_once_each_with_an_outcome_of_its_own(
    mirrored: FakeApideck, supervisor: Client
) -> None:
    rows = SupportCustomer.objects.all()
    mirrored.customers[1]["notes"] = "Newer"
    confirm(supervisor, select(supervisor, "refresh", rows, LIST))
    assert SupportCustomer.objects.get(remote_id="cs_1002").payload["notes"] == "Newer"
    mirrored.mischief = lambda request: (
        refusal(422, "InvalidStateError", "Has open tickets")
        if request.method == "DELETE" and request.url.path.endswith("cs_1002") else None
    )  # fmt: skip
    bulk = bulk_at(confirm(supervisor, select(supervisor, "delete", rows, LIST), reason="Old", typed="3"))
    states = dict(bulk.items.values_list("remote_id", "state"))
    assert states == {"cs_1001": "confirmed", "cs_1002": "refused", "cs_1003": "confirmed"}
    assert [row["id"] for row in mirrored.customers] == ["cs_1002"]


PAGES = ("", "create/", "fetch/", "{}/change/", "{}/update/", "{}/delete/", "{}/erase/", "{}/refresh/")


@pytest.mark.parametrize("role", [None, "viewer", "warehouse"])
def test_who_may_not_is_turned_away_and_nothing_is_asked(
    mirrored: FakeApideck, client: Client, role: str | None
) -> None:
    client.force_login(person(role))
    may = {"", "{}/change/"} if role == "viewer" else set()
    for page in PAGES:
        ask = client.post if "refresh" in page else client.get
        answer = ask(LIST + page.format(ana().pk))
        assert (answer.status_code == 200) == (page in may), (page, answer.status_code)
    assert not mirrored.requests
    shown = client.get(url()).content.decode() if role == "viewer" else ""
    assert ">Edit<" not in shown and f"{LIST}{ana().pk}/update/" not in shown  # what scripts say stands there, too


# -- erasure ----------------------------------------------------------------------------------------------------------

PERSONAL = ("Peeters 1", "nordwind.example", "555 01 00", "Rue Haute", "Prefers", "Calls", *PRIVATE)


@pytest.fixture
def to_erase(mirrored: FakeApideck, supervisor: Client) -> FakeApideck:
    """The first customer asks for erasure, after an edit, a change from elsewhere and a rejected reading."""
    send(supervisor, url("update"), opened(supervisor, url("update"), notes="Calls.", bank_iban="X" + IBAN))
    mirrored.customers[0]["emails"] = 7
    sync("apideck.customers")
    mirrored.customers[0] |= {"emails": customer()["emails"], "status": "gdpr-erasure-request"}
    sync("apideck.customers")
    return mirrored


def everything_kept() -> str:
    rows: list[Any] = [model.objects.filter(remote_id="cs_1001") for model in (SupportCustomer, RowChange)]
    rows += [RejectedRecord.objects.all(), RemoteWrite.objects.all()]
    return " ".join(str(list(row.values())) for row in rows)


def test_a_request_for_erasure_waits_for_a_supervisor_and_blanks_all_that_is_kept(
    to_erase: FakeApideck, supervisor: Client, user: User
) -> None:
    assert all(value in everything_kept() for value in ("Peeters 1", "Calls", IBAN))
    assert "Requests for erasure" in text(supervisor, "/needs-you/")
    assert "gdpr-erasure-request" in text(supervisor, LIST)
    form = opened(supervisor, url("erase"), is_sure="on", reason="Ticket 7")
    page = send(supervisor, url("erase"), form).content.decode()
    assert "is erased" in page and "Ticket 7" in page
    kept = everything_kept()
    assert not [value for value in PERSONAL if value in kept]
    assert "Requests for erasure" not in text(supervisor, "/needs-you/")
    before = (RowChange.objects.count(), RemoteWrite.objects.get().state, ana().erased_by)
    assert sync("apideck.customers").updated == 0  # and is not brought back
    assert before == (RowChange.objects.count(), "confirmed", user)
    assert not [value for value in PERSONAL if value in text(supervisor, url()) + text(supervisor, LIST + "?q=cs_1001")]


def test_an_erasure_deletes_the_files_that_hold_what_is_erased(
    to_erase: FakeApideck, supervisor: Client, user: User, settings: Any, tmp_path: Path,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    settings.DATA_DIR = tmp_path
    made = {}
    for label in ("customers.supportcustomer", "backoffice.rowchange", "fulfilment.parcel"):
        made[label] = Export.objects.create(user=user, list_label=label, kind="csv")
        exports.carry_out(made[label].pk)
        made[label].refresh_from_db()
    waiting = Export.objects.create(user=user, list_label="customers.supportcustomer", kind="csv")
    with django_capture_on_commit_callbacks(execute=True):
        send(supervisor, url("erase"), opened(supervisor, url("erase"), is_sure="on", reason="Ticket 7"))
    kept = {label: exports.path_of(export).exists() for label, export in made.items()}
    assert kept == {"customers.supportcustomer": False, "backoffice.rowchange": False, "fulfilment.parcel": True}
    assert "something that it may hold was erased" in text(supervisor, "/exports/")
    exports.carry_out(waiting.pk)  # it is read after the erasure
    assert Export.objects.get(pk=waiting.pk).state == "ready"


def test_a_customer_who_no_longer_asks_for_erasure_comes_back(to_erase: FakeApideck, supervisor: Client) -> None:
    send(supervisor, url("erase"), opened(supervisor, url("erase"), is_sure="on", reason="Ticket 7"))
    assert "It was erased already." in supervisor.get(url("erase"), follow=True).content.decode()
    to_erase.customers[0]["status"] = "active"
    sync("apideck.customers")
    assert (ana().name, ana().is_erased, ana().erased_at is None) == ("Ana Peeters 1", False, False)
    to_erase.customers[0]["status"] = "gdpr-erasure-request"
    sync("apideck.customers")
    assert ana().wants_erasure and "Requests for erasure" in text(supervisor, "/needs-you/")


def test_only_what_asks_for_it_is_erased(mirrored: FakeApideck, supervisor: Client) -> None:
    page = supervisor.get(url("erase"), follow=True).content.decode()
    assert "the next sync would bring it back" in page and ana().name
