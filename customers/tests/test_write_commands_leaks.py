"""A setup URL is in one line of one command's output, and nowhere else (FAULTS 60)."""

import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.db import connection

from backoffice.models import RemoteWrite
from backoffice.tests.test_leaks import every_table
from customers.tests.kirim import sync
from customers.tests.write_commands import World, links, writes

pytestmark = pytest.mark.django_db


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """All that anybody logs, as it would be printed, at every level."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{self.format(record)} {record.__dict__}")

    handler, root = Keep(), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lines
    root.setLevel(before)
    root.removeHandler(handler)


def test_a_url_is_printed_once_and_stands_nowhere_else(world: World, logged: list[str]) -> None:
    ended = [
        links("create", world.customer, "-v", "2"),
        links("create", world.customer, "--json", "-v", "2", "--write", "5f9c6df2-5f52-4a3c-9b58-0f4f6d2d4a10"),
        links("create", world.customer, "--json", "-v", "2", "--write", "5f9c6df2-5f52-4a3c-9b58-0f4f6d2d4a10"),
        links("replace", world.link, "--json", "-v", "2"),
    ]
    world.trouble("limit", method="POST")
    failed = links("create", world.customer, "--json", "-v", "2")
    world.calm()
    ended += [failed, writes("send_again", failed.records[0]["write"], "-v", "2"), writes("list", "--json")]
    ended += [writes("show", record["write"], "--json") for record in writes("list", "--json").records]
    ended += [links("list", world.customer, "--json")]
    sync("kirim.setup_links", mode="full")
    assert len(world.tokens) == 4
    out = "".join(one.out for one in ended)
    elsewhere = every_table() + "".join(logged) + "".join(one.err for one in ended)
    assert any("write settled" in line for line in logged)
    for token in world.tokens:
        assert out.count(token) == 1
        assert token not in elsewhere


@pytest.mark.parametrize("status", [200, 201, 302, 400, 404, 409, 422, 429, 500])
@pytest.mark.parametrize("is_whole", [True, False])
def test_whatever_else_kirim_answers_with_the_url_in_it_that_url_is_kept_nowhere(
    status: int, is_whole: bool, world: World, logged: list[str], settings: Any
) -> None:
    token = "sandbox-token-in-a-strange-answer-x7Qd"
    url = f"https://connect.kirim.example/s/{token}"
    data = {"id": 5, "token": token, "setup_url": url, "expires_at": "never"}
    network = world.transport()

    def strange(request: httpx.Request) -> httpx.Response:
        if request.method != "POST":
            return network.handle_request(request)
        if is_whole:
            return httpx.Response(status, json={"data": data, "error": {"code": "x"}, "request_id": "req_1"})
        return httpx.Response(status, text=f'{{"data": {{"setup_url": "{url}", "tok')

    settings.REMOTE_TRANSPORT = httpx.MockTransport(strange)
    ended = links("create", world.customer, "--json", "-v", "2")
    assert ended.code in {1, 3} and "Traceback" not in ended.err
    assert token not in every_table() + "".join(logged) + ended.err + ended.out


def test_a_fault_of_ours_in_the_middle_tells_nothing_of_the_url(world: World, logged: list[str], settings: Any) -> None:
    """A database that fails as the answer is stored: the URL is in the frames of the traceback."""
    failed: list[str] = []

    def refuse(execute: Any, sql: str, *args: Any) -> Any:
        is_confirming = str(sql).startswith('UPDATE "backoffice_remotewrite"') and ("POST", posted) in world.asked
        if is_confirming and not failed:
            failed.append(sql)
            raise RuntimeError("no room")
        return execute(sql, *args)

    posted = f"/customers/{world.customer}/setup_links"
    with connection.execute_wrapper(refuse):
        ended = links("create", world.customer, "-v", "2")
    assert failed and (ended.code, ended.out) == (1, "")
    assert "Traceback" not in ended.err
    assert "manage.py writes settle" in ended.err
    (token,) = world.tokens
    assert token not in every_table() + "".join(logged) + ended.err
    assert writes("settle").code == 0  # the link lives, so it is found, and marked as one that nobody can hand out
    assert RemoteWrite.objects.get().secret_lost
    assert RemoteWrite.objects.get().remote_id in world.living()
