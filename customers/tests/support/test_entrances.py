"""Every verb from every entrance, under every failure of the contract: what staff read, what is kept, what is sent."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest
from django.test import Client

from backoffice.models import RemoteWrite, UpstreamState
from backoffice.tests.shell import command, run
from customers.models import SupportCustomer
from customers.tests.bulking import bulk_at, confirm, select
from customers.tests.filled import opened, send
from customers.tests.support.apideck import FakeApideck, customer, refusal
from customers.tests.support.test_pages import CREATE, LIST, url

WRITING = {"POST", "PATCH", "DELETE"}
HTML = "<html><script>alert(1)</script><h1>Maintenance</h1></html>"


def _raise(error: type[httpx.TransportError]) -> Callable[[httpx.Request], httpx.Response]:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error("it broke", request=request)

    return fail


def _html(status: int) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(status, html=HTML)


@dataclass(frozen=True)
class Fault:
    """What Apideck does to a call.

    Args:
        state: of a write that met it.
        told: what staff read of it, in any case.
        tries: how often a change that may be repeated is sent; a create is sent once but after a 429.
    """

    answer: Callable[[httpx.Request], httpx.Response]
    state: str
    told: tuple[str, ...]
    tries: int = 1


def _refused(status: int, type_name: str, *told: str) -> Fault:
    return Fault(lambda request: refusal(status, type_name, "Not so", "Because."), "refused", told)


UNKNOWN = "Nobody can say yet whether Apideck did it; we look by ourselves."
NO_ANSWER = ("does not answer now", "Try again in a minute")
FAULTS = {
    "400": _refused(400, "RequestValidationError", "Apideck refused it: Not so: Because (request req-13)"),
    "401 key": _refused(401, "UnauthorizedError", "refuses our key or plan", "An operator has to check it"),
    "401 tenant": _refused(401, "ConnectorCredentialsError", "its owner has to repair it"),
    "402": _refused(402, "RequestLimitError", "refuses our key or plan", "An operator has to check it"),
    "404 connection": _refused(404, "ConnectionNotFoundError", "its owner has to repair it"),
    "404 customer": _refused(404, "EntityNotFoundError", "Apideck does not know it"),
    "409 downstream": _refused(409, "ConnectorExecutionError", "Apideck refused it: Not so: Because"),
    "422": _refused(422, "InvalidStateError", "Apideck refused it: Not so: Because"),
    "501": _refused(501, "ConnectorOperationUnsupportedError", "The system behind Apideck cannot do this"),
    "429 far": Fault(
        lambda request: refusal(429, "ConnectorRateLimitError", "Slow down", **{"Retry-After": "3600"}),
        "failed", ("asks us to wait until", "try again then"),
    ),
    "429": Fault(
        lambda request: refusal(429, "ConnectorRateLimitError", "Slow down"), "failed",
        ("asks us to wait", "Try again in a minute"), 3,
    ),
    "500": Fault(lambda request: httpx.Response(500), "unknown", NO_ANSWER, 3),
    "502 html": Fault(_html(502), "unknown", NO_ANSWER, 3),
    "502 downstream": Fault(lambda request: refusal(502, "ConnectorExecutionError", "Down"), "unknown", NO_ANSWER, 3),
    "200 html": Fault(_html(200), "unknown", ("answered something we cannot take", "tell a developer")),
    "timeout": Fault(_raise(httpx.ReadTimeout), "unknown", NO_ANSWER, 3),
    "cut": Fault(_raise(httpx.RemoteProtocolError), "unknown", NO_ANSWER, 3),
    "not reached": Fault(_raise(httpx.ConnectError), "failed", NO_ANSWER, 3),
}  # fmt: skip
TYPED = "Typed <b>carefully</b>"
faulty = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())


def meet(apideck: FakeApideck, fault: Fault, methods: set[str] = WRITING) -> None:
    """From now on calls with these methods meet the fault, and no breaker spares them."""
    apideck.requests.clear()
    apideck.mischief = lambda request: fault.answer(request) if request.method in methods else None
    UpstreamState.objects.filter(upstream="apideck").delete()


def expect(apideck: FakeApideck, fault: Fault, method: str, page: str) -> RemoteWrite:
    """The newest write ended as the fault says, was sent no oftener than allowed, and staff were told what it means."""
    done = RemoteWrite.objects.latest("planned_at")
    may_repeat = method != "POST" or "asks us to wait" in fault.told
    assert (done.state, len(apideck.sent(method))) == (fault.state, fault.tries if may_repeat else 1), done.error
    read = page.replace("&#x27;", "'")
    told = (UNKNOWN,) if fault.state == "unknown" else fault.told
    assert [words for words in told if words not in read] == [], (done.error, read.partition("<main")[2][:3000])
    assert "<script>alert" not in page and "Traceback" not in page
    return done


@faulty
def test_a_new_customer_from_the_form(mirrored: FakeApideck, supervisor: Client, fault: Fault) -> None:
    meet(mirrored, fault)
    form = opened(supervisor, CREATE, first_name="Luc", notes=TYPED)
    page = send(supervisor, CREATE, form).content.decode()
    done = expect(mirrored, fault, "POST", page)
    assert fault.state == "unknown" or "Typed &lt;b&gt;carefully" in page  # what nobody knows is not offered again
    send(supervisor, CREATE, form)  # the same form once more
    assert RemoteWrite.objects.count() == 1 and len(mirrored.sent("POST")) == len(done.attempts.all())


@faulty
def test_an_edit_from_the_form(mirrored: FakeApideck, supervisor: Client, fault: Fault) -> None:
    meet(mirrored, fault)
    form = opened(supervisor, url("update"), notes=TYPED)
    page = send(supervisor, url("update"), form).content.decode()
    done = expect(mirrored, fault, "PATCH", page)
    if fault.state != "unknown" and SupportCustomer.objects.get(remote_id="cs_1001").vanished_at is None:
        is_off = "cannot change customers; it is offered again on" in page  # the form is gone with its button
        assert is_off or "Typed &lt;b&gt;carefully" in page
    assert done.sends == {"notes": TYPED} and mirrored.row("cs_1001")["notes"] == "Prefers mail."  # type: ignore[index]
    assert SupportCustomer.objects.get(remote_id="cs_1001").payload["notes"] == "Prefers mail."


@faulty
def test_a_deletion_from_its_page_and_for_many(mirrored: FakeApideck, supervisor: Client, fault: Fault) -> None:
    meet(mirrored, fault)
    form = opened(supervisor, url("delete"), is_sure="on", reason=TYPED)
    page = send(supervisor, url("delete"), form).content.decode()
    done = expect(mirrored, fault, "DELETE", page)
    assert done.reason == TYPED and len(mirrored.customers) == 3
    meet(mirrored, fault)
    rows = SupportCustomer.objects.filter(remote_id="cs_1002")
    asked = select(supervisor, "delete", rows, LIST)
    if 'id="bulk-form"' not in asked.content.decode():  # what the service cannot do is not even asked
        assert "cannot delete customers" in asked.content.decode()
        return
    bulk = bulk_at(confirm(supervisor, asked, reason="Old", typed="1"))
    item = bulk.items.get()
    if item.state != "waiting":  # while the upstream pauses us, rows wait
        assert item.state == fault.state, item.error
        assert len(mirrored.sent("DELETE")) == fault.tries
        shown = supervisor.get(f"/bulk/{bulk.pk}/").content.decode()
        assert "Ana Peeters 2" in shown and "<script>alert" not in shown


@faulty
def test_reading_one_again_or_for_the_first_time(mirrored: FakeApideck, supervisor: Client, fault: Fault) -> None:
    mirrored.customers.append(customer(9))
    for address, posted in ((url("refresh"), {}), (f"{LIST}fetch/", {"remote_id": "cs_1009"})):
        meet(mirrored, fault, {"GET"})
        page = supervisor.post(address, posted, follow=True).content.decode().replace("&#x27;", "'")
        is_told = [words for words in fault.told if words in page]
        is_known_missing = (
            "knows no support customer" in page or "no longer knows" in page or "offered again on" in page
        )
        assert is_told or is_known_missing, page.partition("<main")[2][:3000]
        assert len(mirrored.requests) <= 3 and "<script>alert" not in page
        assert not SupportCustomer.objects.filter(remote_id="cs_1009").exists()
    assert SupportCustomer.objects.get(remote_id="cs_1001").name == "Ana Peeters 1"


@pytest.mark.django_db(transaction=True)
@faulty
def test_the_commands(mirrored: FakeApideck, fault: Fault) -> None:
    codes = {"refused": 3, "failed": 1, "unknown": 1}
    asked = {
        "POST": ("create", "--data", '{"first_name": "Luc"}'),
        "PATCH": ("update", "cs_1001", "--data", '{"notes": "Mine"}'),
        "DELETE": ("delete", "cs_1002", "--yes"),
    }
    for method, argv in asked.items():
        meet(mirrored, fault)
        ended = run(command("customers.management.commands.support_customer"), *argv, "--json")
        (line,) = ended.records
        done = expect(mirrored, fault, method, ended.out + ended.err)
        assert (ended.code, line["state"], line["error"]) == (codes[fault.state], fault.state, done.error)
        assert done.error in ended.err
        hint = {"unknown": "writes settle", "failed": "writes send_again"}.get(fault.state, "")
        assert hint in ended.err, ended.err
    for argv in (("fetch", "cs_1001"), ("fetch", "cs_1003", "--json")):
        meet(mirrored, fault, {"GET"})
        ended = run(command("customers.management.commands.support_customer"), *argv)
        assert ended.code in {1, 3} and ended.err and not ended.out and len(mirrored.requests) <= 3
