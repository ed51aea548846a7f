"""FAULTS 60: whatever happens to a setup link, its token stands in the one answer that shows it, and nowhere else."""

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from backoffice.client import PERSON
from backoffice.models import RemoteWrite
from backoffice.sandbox import Sandbox
from backoffice.tests.everywhere import every_table, tokens_in_files
from backoffice.tests.factories import person, superuser
from backoffice.writes import settle as settling
from customers.models import Customer, SetupLink
from customers.tests.mirrored import mirrored_sandbox
from customers.tests.writing import active_customer, later

pytestmark = pytest.mark.django_db(transaction=True)

State = RemoteWrite.State
Spoil = Callable[[httpx.Response, str], httpx.Response]


class Wiretap(httpx.BaseTransport):
    """The sandbox; what its answers hold is noted, and may be spoiled on the way to us."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._inner = httpx.WSGITransport(app=sandbox.wsgi)
        self.tokens: set[str] = set()
        self.spoil: Spoil | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._inner.handle_request(request)
        answer.read()
        token = answer.json().get("data", {}).get("token") if request.method == "POST" else None
        if not token:
            return answer
        self.tokens.add(token)
        return self.spoil(answer, token) if self.spoil else answer


@pytest.fixture
def wiretap(sandbox: Sandbox, settings: Any) -> Wiretap:
    settings.REMOTE_TRANSPORT = Wiretap(sandbox)
    return settings.REMOTE_TRANSPORT  # type: ignore[no-any-return]


@pytest.fixture
def sandbox(settings: Any, transactional_db: None) -> Iterator[Sandbox]:
    """A Kirim that keeps what is written to it, mirrored."""
    with mirrored_sandbox(settings, customers=6) as sandbox:
        yield sandbox


@pytest.fixture
def nowhere(wiretap: Wiretap, settings: Any, caplog: pytest.LogCaptureFixture, capfd: Any) -> Callable[[str], None]:
    """Fails where a token that was ever made is kept anywhere, or in ``more``: pages that may not show one."""
    caplog.set_level(logging.DEBUG)

    def check(more: str = "") -> None:
        assert wiretap.tokens, "no link was made, so nothing is proven"
        out = capfd.readouterr()
        places = {"tables": every_table(), "log": caplog.text, "stdout": out.out, "stderr": out.err, "pages": more}
        for token in wiretap.tokens:
            assert [name for name, text in places.items() if token in text] == []
        kept = tokens_in_files(Path(settings.DATA_DIR), [token.encode() for token in wiretap.tokens])
        assert list(kept) == []

    return check


def form(**values: str) -> dict[str, str]:
    return {"write_id": str(uuid4()), "lifetime": "24", **values}


def drop(answer: httpx.Response, token: str) -> httpx.Response:
    raise httpx.RemoteProtocolError("the connection was closed")


def without_url(answer: httpx.Response, token: str) -> httpx.Response:
    body = answer.json()
    body["data"]["secret"] = body["data"].pop("setup_url")
    return httpx.Response(200, json=body)


def of_another_type(answer: httpx.Response, token: str) -> httpx.Response:
    body = answer.json()
    body["data"]["expires_at"] = token
    return httpx.Response(200, json=body)


def cut(answer: httpx.Response, token: str) -> httpx.Response:
    whole = answer.content
    return httpx.Response(200, content=whole[: whole.index(token.encode()) + len(token)], headers=JSON)


def with_odd_bytes(answer: httpx.Response, token: str) -> httpx.Response:
    return httpx.Response(200, content=b'{"data": "' + token.encode() + b'\xff\\ud800", NaN', headers=JSON)


def as_html(answer: httpx.Response, token: str) -> httpx.Response:
    return httpx.Response(200, text=f"<html>{token}</html>", headers={"Content-Type": "text/html"})


def as_error(answer: httpx.Response, token: str) -> httpx.Response:
    return httpx.Response(500, json={"error": {"code": token, "message": token}, "request_id": "req_1"})


def as_redirect(answer: httpx.Response, token: str) -> httpx.Response:
    return httpx.Response(302, json={"error": {"message": token}}, headers={"Location": f"https://x.example/{token}"})


JSON = {"Content-Type": "application/json"}
SPOILED = [drop, without_url, of_another_type, cut, with_odd_bytes, as_html, as_error, as_redirect]


def test_what_is_made_and_replaced_on_pages_is_shown_once_and_kept_nowhere(
    desk: Client, wiretap: Wiretap, nowhere: Callable[[str], None]
) -> None:
    customer = active_customer()
    create = reverse("admin:create_setup_link", args=[customer.pk])
    sent = form()
    first = desk.post(create, sent).content.decode()
    link = SetupLink.objects.get(remote_id=RemoteWrite.objects.get(pk=sent["write_id"]).remote_id)
    replace = reverse("admin:replace_setup_link", args=[link.pk])
    second = desk.post(replace, form()).content.decode()
    assert len(wiretap.tokens) == 2
    for token in wiretap.tokens:
        assert (first + second).count(token) == 1
    again = desk.post(create, sent, follow=True).content.decode()
    nowhere(again + pages_about(desk, customer))


@pytest.mark.parametrize("spoil", SPOILED)
def test_an_answer_that_is_lost_or_spoiled_leaves_its_token_nowhere(
    desk: Client, wiretap: Wiretap, nowhere: Callable[[str], None], spoil: Spoil
) -> None:
    customer = active_customer()
    wiretap.spoil = spoil
    sent = form()
    pages = desk.post(reverse("admin:create_setup_link", args=[customer.pk]), sent, follow=True).content.decode()
    write = RemoteWrite.objects.get(pk=sent["write_id"])
    assert (write.state, write.attempts.count()) == (State.UNKNOWN, 1)
    with later(60):
        settling.look_for(write, PERSON)
    write.refresh_from_db()
    assert (write.state, write.secret_lost) == (State.CONFIRMED, True)
    nowhere(pages + pages_about(desk, customer))


def test_a_pasted_link_is_kept_nowhere(desk: Client, wiretap: Wiretap, nowhere: Callable[[str], None]) -> None:
    customer = active_customer()
    desk.post(reverse("admin:create_setup_link", args=[customer.pk]), form())
    [token] = wiretap.tokens
    pages = []
    for pasted in (token, f"https://connect.kirim.example/s/{token}"):
        for model in ("customer", "setuplink", "whatsappaccount"):
            url = reverse(f"admin:customers_{model}_changelist")
            pages.append(desk.get(url, {"q": pasted}, follow=True).content.decode())
        pages.append(desk.get(reverse("admin:search"), {"s": pasted, "extended": "1"}, follow=True).content.decode())
    assert all(f"…{token[-4:]}" in page for page in pages[:2])
    desk.logout()
    login = f"{reverse('admin:login')}?next={reverse('admin:customers_setuplink_changelist')}%3Fq={token}"
    pages.append(desk.get(login, follow=True).content.decode())
    nowhere("".join(pages))


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_what_commands_make_is_in_their_one_line_and_kept_nowhere(
    desk: Client, wiretap: Wiretap, nowhere: Callable[[str], None], options: list[str]
) -> None:
    customer = active_customer()
    made = command("setup_link", "create", customer.remote_id, *options)
    [token] = wiretap.tokens
    assert made.count(token) == 1
    link = SetupLink.objects.get(customer=customer, token_last4=token[-4:])
    replaced = command("setup_link", "replace", link.remote_id, *options)
    [other] = wiretap.tokens - {token}
    assert replaced.count(other) == 1 and token not in replaced
    wiretap.spoil = cut
    lost = command("setup_link", "create", customer.remote_id, *options)
    writes = [str(pk) for pk in RemoteWrite.objects.values_list("pk", flat=True)]
    told = [command("setup_link", "list", customer.remote_id), command("writes", "list")]
    told += [command("writes", "show", pk) for pk in writes]
    told += [command("setup_link", "create", customer.remote_id, "--write", writes[-1])]
    assert len(wiretap.tokens) == 3
    nowhere(lost + "".join(told) + pages_about(desk, customer))


def command(*arguments: str) -> str:
    """What a command prints, on both outputs; how it ends is not the matter here."""
    out, err = StringIO(), StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=err)
    except (SystemExit, CommandError) as end:
        err.write(str(end))
    return out.getvalue() + err.getvalue()


def pages_about(desk: Client, customer: Customer) -> str:
    """The pages that show the customer, its links and what was done, to somebody who may see everything.

    What Django's templates say of each variable that is not there stays out of the log: it is most of the time these
    pages take, and tells no more than they do.
    """
    desk.force_login(superuser())
    urls = [reverse("admin:customers_customer_change", args=[customer.pk])]
    urls += [reverse("admin:customers_setuplink_change", args=[link.pk]) for link in customer.setup_links.all()]
    urls += [reverse("admin:backoffice_remotewrite_change", args=[write.pk]) for write in RemoteWrite.objects.all()]
    urls += [reverse(f"admin:{name}_changelist") for name in ("customers_setuplink", "backoffice_remotewrite")]
    urls += [reverse("admin:backoffice_rowchange_changelist"), "/needs-you/", "/"]
    templates = logging.getLogger("django.template")
    templates.setLevel(logging.INFO)
    try:
        pages = [desk.get(url, follow=True) for url in urls]
    finally:
        templates.setLevel(logging.NOTSET)
    assert {page.status_code for page in pages} == {200}
    return "".join(page.content.decode() for page in pages)


def test_the_search_for_tokens_finds_one_where_there_is_one(tmp_path: Path, wiretap: Wiretap) -> None:
    (tmp_path / "queue").mkdir()
    (tmp_path / "queue" / "message").write_bytes(b"\x00" + json.dumps({"url": "s/sandbox-token-AAAAbbbb1111"}).encode())
    (tmp_path / "plain").write_bytes(b"nothing, or a secret-of-another-kind")
    assert [path.name for path, _ in tokens_in_files(tmp_path)] == ["message"]
    assert [path.name for path, _ in tokens_in_files(tmp_path, [b"secret-of"])] == ["plain", "message"]
    person("viewer", first_name="sandbox-token-AAAAbbbb1111")
    assert "sandbox-token-AAAAbbbb1111" in every_table()
