"""Every verb through every door under every error of the contract: how it ends, what staff read, what is sent."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from backoffice.models import RemoteWrite, UpstreamState
from backoffice.tests.reading import text_of
from backoffice.tests.shell import Ended, command, run
from customers.models import Contact, Invoice, Organization, Transaction
from customers.tests.bulking import bulk_at, confirm, select, states
from customers.tests.crm.layercake import FakeLayercake, contact, invoice, organization, refusal, transaction
from customers.tests.crm.test_pages import ADMIN, NEW, NEW_COMPANY, of
from customers.tests.crm.writing import heal
from customers.tests.filled import form_in, opened, send

pytestmark = pytest.mark.django_db
State = RemoteWrite.State
Answer = Callable[[httpx.Request], httpx.Response]
WORDS = "the tenant has a rule against it"


def raises(error: type[httpx.TransportError]) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error("nothing came", request=request)

    return answer


def says(status: int, code: str) -> Answer:
    return lambda request: refusal(status, code, WORDS)


@dataclass(frozen=True)
class Fault:
    """An error, and what comes of a write that meets it."""

    answer: Answer
    state: str
    told: str
    repeats: bool = False  # a call that is safe to repeat
    repeats_create: bool = False
    of_one: str = ""  # told instead where the call names one record
    advice: str = ""  # what a write says besides

    def told_by(self, method: str) -> str:
        """What is told of a call: of all but those that create one record is named."""
        return self.told if method == "POST" else self.of_one or self.told


KEY, PLAN = "refuses our key or plan. An operator has to check it.", f"refused it: {WORDS}"
LATER, OPEN = "Try again in a minute", "Nobody can say yet whether L4YERCAK3 did it; we look by ourselves."
RECORD = "does not let us do this to this record. Look at the record there;"
CORRECT, REFRESH = "Nothing was changed. Correct what it names", "Nothing was changed. Refresh the record"
WAIT = "Wait until that is known before you do it again."
FAULTS = {
    "400": Fault(says(400, "VALIDATION_ERROR"), State.REFUSED, PLAN, advice=CORRECT),
    "400 missing": Fault(says(400, "MISSING_PARAM"), State.REFUSED, PLAN, advice=CORRECT),
    "401": Fault(says(401, "UNAUTHORIZED"), State.REFUSED, KEY),
    "402": Fault(says(402, ""), State.REFUSED, KEY),
    "403": Fault(says(403, "NOT_AUTHORIZED"), State.REFUSED, KEY, of_one=RECORD),
    "404": Fault(says(404, "NOT_FOUND"), State.REFUSED, "does not know it."),
    "404 of a path": Fault(
        lambda r: httpx.Response(404, text="no route"), State.REFUSED, "refused it: answered 404.", advice=CORRECT
    ),
    "409": Fault(says(409, "CONFLICT"), State.REFUSED, PLAN, advice=REFRESH),
    "422": Fault(says(422, "VALIDATION_ERROR"), State.REFUSED, PLAN, advice=CORRECT),
    "429 fast": Fault(says(429, "RATE_LIMITED"), State.FAILED, "asks us to wait. Try again", True, True),
    "429 plan": Fault(says(429, "RESOURCE_LIMIT"), State.REFUSED, PLAN, advice=CORRECT),
    "429 keys": Fault(says(429, "API_KEY_LIMIT_REACHED"), State.REFUSED, PLAN, advice=CORRECT),
    "500": Fault(says(500, "UNKNOWN_ERROR"), State.UNKNOWN, OPEN, True, advice=WAIT),
    "time-out": Fault(raises(httpx.ReadTimeout), State.UNKNOWN, OPEN, True, advice=WAIT),
    "cut": Fault(raises(httpx.RemoteProtocolError), State.UNKNOWN, OPEN, True, advice=WAIT),
    "HTML": Fault(lambda r: httpx.Response(200, html="<h1>Sign in</h1>"), State.UNKNOWN, OPEN, advice=WAIT),
    "unreachable": Fault(raises(httpx.ConnectError), State.FAILED, LATER, True),
}


@dataclass(frozen=True)
class Door:
    """A verb through one door."""

    method: str
    url: Callable[[], str] = str  # of its page; empty for a command
    typed: tuple[tuple[str, str], ...] = ()
    argv: tuple[str, ...] = ()


DOORS = {
    "create contact, page": Door("POST", lambda: NEW, (("displayName", "Ayu Tan"), ("phone", "+31 9"))),
    "create organization, page": Door("POST", lambda: NEW_COMPANY, (("name", "Acme"), ("taxId", "X 1"))),
    "update, page": Door("PATCH", lambda: of("update", "obj_c001"), (("company", "Acme"),)),
    "delete, page": Door("DELETE", lambda: of("delete", "obj_c001"), (("reason", "asked to"), ("is_sure", "on"))),
    "create contact, command": Door("POST", argv=("contact", "create", "--display-name", "Ayu Tan")),
    "create organization, command": Door("POST", argv=("organization", "create", "--name", "Acme")),
    "update, command": Door("PATCH", argv=("contact", "update", "obj_c001", "--company", "Acme")),
    "delete, command": Door("DELETE", argv=("contact", "delete", "obj_c001", "--yes")),
}


def crm(kind: str, *argv: str) -> Ended:
    return run(command(f"customers.management.commands.{kind}"), *argv)


def meets(fault: Fault, mirrored: FakeLayercake, method: str) -> None:
    mirrored.mischief = lambda request: fault.answer(request) if request.method == method else None


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_write_ends_as_the_contract_says_and_staff_read_what_to_do(
    mirrored: FakeLayercake, supervisor: Client, fault: Fault, door: Door
) -> None:
    meets(fault, mirrored, door.method)
    page, form = "", None
    if door.argv:
        ended = crm(*door.argv)
        page = ended.err
        assert ended.code == (3 if fault.state == State.REFUSED else 1)
    else:
        form = opened(supervisor, door.url(), **dict(door.typed))
        page = text_of(send(supervisor, door.url(), form))
    write = RemoteWrite.objects.get()
    assert write.state == fault.state, write.error
    told, shown = fault.told_by(door.method), page.replace("&#x27;", "'")
    assert told in write.error and told in shown
    assert fault.advice in write.error and fault.advice in shown
    tries = 3 if (fault.repeats_create if door.method == "POST" else fault.repeats) else 1
    assert len(mirrored.called(door.method)) == tries
    assert Contact.objects.filter(vanished_at=None, company="Theehuis Noord B.V.").count() == 3
    if form is None:
        return
    if fault.state != State.UNKNOWN:  # the form once more, as it was typed
        typed = form_in(page)
        assert {name: typed.get(name) for name, _ in door.typed if name != "is_sure"} == {
            name: value for name, value in door.typed if name != "is_sure"
        }
    heal(mirrored)
    send(supervisor, door.url(), form)  # the browser's Back, and the button once more
    assert len(mirrored.called(door.method)) == tries


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_many_that_are_deleted_end_row_by_row(mirrored: FakeLayercake, supervisor: Client, fault: Fault) -> None:
    def only_the_second(request: httpx.Request) -> httpx.Response | None:
        is_met = request.method == "DELETE" and request.url.path.endswith("obj_c002")
        return fault.answer(request) if is_met else None

    mirrored.mischief = only_the_second
    rows = list(Contact.objects.order_by("remote_id"))
    asked = select(supervisor, "delete", rows, url=f"{ADMIN}/contact/")
    bulk = bulk_at(confirm(supervisor, asked, reason="cleaning", typed="3"))
    if fault.told_by("DELETE") != KEY:
        assert states(bulk) == ["confirmed", fault.state, "confirmed"]
        assert [row["id"] for row in mirrored.contacts] == ["obj_c002"]
    else:  # no key, no plan: the others need not try
        assert states(bulk)[1:] == [fault.state, State.FAILED]
    told = text_of(supervisor.get(f"/bulk/{bulk.pk}/"))
    assert fault.told_by("DELETE") in told.replace("&#x27;", "'") and fault.advice in told


KINDS = {
    "contact": (Contact, "obj_c001", "contacts", contact),
    "organization": (Organization, "obj_o001", "organizations", organization),
    "invoice": (Invoice, "obj_i001", "invoices", invoice),
    "transaction": (Transaction, "obj_t001", "transactions", transaction),
}
UNREAD = {
    **{name: fault for name, fault in FAULTS.items() if fault.state != State.UNKNOWN},
    **{name: Fault(FAULTS[name].answer, "", LATER) for name in ("500", "time-out", "cut")},
    "HTML": Fault(FAULTS["HTML"].answer, "", "answered something we cannot take; tell a developer."),
}


@pytest.mark.parametrize("kind", KINDS)
def test_one_is_fetched_and_refreshed_through_every_door(
    mirrored: FakeLayercake, supervisor: Client, kind: str
) -> None:
    model, remote_id, rows, make = KINDS[kind]
    new = make(77)
    getattr(mirrored, rows).append(new)
    assert supervisor.post(f"{ADMIN}/{kind}/fetch/", {"remote_id": new["id"]}).status_code == 302
    row = model._default_manager.get(remote_id=new["id"])
    for status, read in {
        "by page": lambda: supervisor.post(reverse(f"admin:refresh_{kind}", args=[row.pk])),
        "by command": lambda: crm(kind, "fetch", new["id"]),
        "many": lambda: confirm(supervisor, select(supervisor, "refresh", [row], url=f"{ADMIN}/{kind}/")),
    }.items():
        new["status"] = status
        read()
        row.refresh_from_db()
        assert row.status == status
    assert mirrored.called("POST") == [] and not RemoteWrite.objects.exists()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", UNREAD.values(), ids=UNREAD)
def test_a_read_that_fails_is_told_at_every_door_and_changes_nothing(
    mirrored: FakeLayercake, supervisor: Client, fault: Fault, kind: str
) -> None:
    model, remote_id, *_ = KINDS[kind]
    row = model._default_manager.get(remote_id=remote_id)
    before = model._default_manager.filter(pk=row.pk).values().get()
    meets(fault, mirrored, "GET")

    def told(answer: Any) -> str:
        UpstreamState.objects.update(paused_until=None, failures=0, key_refused=False)
        return text_of(answer).replace("&#x27;", "'")

    about_none = fault.told == "does not know it."
    page = told(supervisor.post(reverse(f"admin:refresh_{kind}", args=[row.pk]), follow=True))
    assert fault.told_by("GET") in page
    page = told(supervisor.post(f"{ADMIN}/{kind}/fetch/", {"remote_id": remote_id}))
    assert f"knows no {kind} '{remote_id}'" in page if about_none else fault.told_by("GET") in page
    assert f'value="{remote_id}"' in page
    bulk = bulk_at(confirm(supervisor, select(supervisor, "refresh", [row], url=f"{ADMIN}/{kind}/")))
    assert states(bulk) == ["refused" if fault.state == State.REFUSED else "failed"]
    assert fault.told_by("GET") in told(supervisor.get(f"/bulk/{bulk.pk}/"))
    ended = crm(kind, "fetch", remote_id)
    assert ended.code == (3 if fault.state == State.REFUSED else 1)
    assert (f"knows no {kind} '{remote_id}'" if about_none else fault.told_by("GET")) in ended.err
    assert model._default_manager.filter(pk=row.pk).values().get() == before
