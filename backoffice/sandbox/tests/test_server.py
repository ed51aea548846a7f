"""The sandbox on a loopback port, and the command that serves it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from backoffice.management.commands.sandbox import Command, keys_of
from backoffice.sandbox import AFOSTO_PATH, KIRIM_PATH, Sandbox
from backoffice.sandbox.afosto.events import signature_of
from backoffice.sandbox.apideck.state import Keys
from backoffice.sandbox.layercake.state import Tenant
from backoffice.sandbox.server import LoopbackServer, listen
from backoffice.sandbox.tests.conftest import KEY
from backoffice.sandbox.tests.endpoint import Endpoint, endpoint, wait_for
from backoffice.upstreams import UPSTREAMS, Upstream

PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with Sandbox(customers=60) as sandbox:
        server = LoopbackServer(listen(0), sandbox.wsgi)
        server.start()
        yield server
        server.stop()


@pytest.fixture
def api(server: LoopbackServer) -> Iterator[httpx.Client]:
    with client_at(server.port) as client:
        yield client


def client_at(port: int) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{port}{KIRIM_PATH}", headers={"Authorization": f"Bearer {KEY}"})


def control_of(api: httpx.Client, kind: str) -> str:
    return f"http://127.0.0.1:{api.base_url.port}/sandbox/control/kirim/{kind}"


def test_calls_share_one_connection(api: httpx.Client) -> None:
    streams = set()
    for _ in range(3):
        answer = api.get("/customers")
        assert answer.status_code == 200 and answer.http_version == "HTTP/1.1"
        streams.add(answer.extensions["network_stream"].get_extra_info("client_addr"))
    assert api.post("/customers", json={"name": "名前"}).json()["data"]["name"] == "名前"
    assert api.get("/customers", params={"search": "名前"}).json()["data"]
    assert len(streams) == 1


def test_a_refusal_before_the_body_was_read_leaves_the_connection_usable(api: httpx.Client) -> None:
    api.post(control_of(api, "limit"), json={"times": 1})
    assert api.post("/customers", json={"name": "x" * 10_000}).status_code == 429
    assert api.get("/customers").status_code == 200


@pytest.mark.parametrize("kind", ["drop", "down"])
def test_no_answer_is_a_closed_connection(api: httpx.Client, kind: str) -> None:
    api.post(control_of(api, kind), json={"times": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        api.post("/customers", json={"name": "swallowed"})
    found = api.get("/customers", params={"search": "swallowed"}).json()["data"]
    assert len(found) == (kind == "drop")


def test_many_threads_write_at_once_without_losing_anything(api: httpx.Client) -> None:
    def work(number: int) -> str:
        return api.post("/customers", json={"name": f"thread {number}"}).json()["data"]["id"]

    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(work, range(80)))
    found = api.get("/customers", params={"search": "thread ", "limit": "200"}).json()["data"]
    assert len(set(ids)) == 80 and {row["id"] for row in found} == set(ids)


def test_head_has_no_body_and_streamed_bodies_are_refused(api: httpx.Client, server: LoopbackServer) -> None:
    assert api.head("/customers").content == b""
    assert api.get("/health").status_code == 200
    assert api.post("/customers", content=iter([b"{}"])).status_code == 411
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 400")


@contextlib.contextmanager
def command(data_dir: Path, *options: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """``manage.py sandbox`` on a free port, and a client of it."""
    environment = {**os.environ, "DATA_DIR": str(data_dir), "KIRIM_API_KEY": "", "SECRET_KEY": "x" * 60, **variables}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "sandbox", "--port", "0", *options],
        cwd=PROJECT,
        env={**environment, "DJANGO_SETTINGS_MODULE": "backoffice.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout and process.stderr
    try:
        base_url = process.stdout.readline().rpartition(" ")[2].strip()
        key = process.stdout.readline().rpartition(" ")[2].strip()
        with httpx.Client(base_url=base_url, headers={"Authorization": f"Bearer {key}"}) as client:
            yield process, client
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_until_it_is_told_to_end_and_ends_quietly(tmp_path: Path, number: signal.Signals) -> None:
    with command(tmp_path, "--customers", "40") as (process, api):
        assert api.get("/customers").status_code == 200
        process.send_signal(number)
        assert process.wait(30) == 0
        assert process.stderr and process.stderr.read() == ""


@pytest.mark.slow
def test_a_killed_command_keeps_what_it_answered(tmp_path: Path) -> None:
    with command(tmp_path, "--customers", "40") as (process, api):
        created = api.post("/customers", json={"name": "Survivor"}).json()["data"]
        process.kill()
        process.wait()
    with command(tmp_path) as (process, api):
        assert api.get(f"/customers/{created['id']}").json()["data"]["name"] == "Survivor"
        process.terminate()
        process.wait(30)
        assert process.stderr and "Going on with the state" in process.stderr.read()


@pytest.mark.slow
def test_the_command_delivers_to_the_back_office_that_its_environment_describes(tmp_path: Path) -> None:
    secrets = ["whsec_" + letter * 43 + "=" for letter in "AB"]
    own = {"KIRIM_BASE_URL": "http://127.0.0.1:9000/sandbox/kirim/v1"}
    own |= {"AFOSTO_BASE_URL": "http://127.0.0.1:9000/sandbox/afosto"}
    own |= {"AFOSTO_CLIENT_ID": "own-id", "AFOSTO_CLIENT_SECRET": "own-secret", "AFOSTO_TOKEN": ""}
    for secret in secrets:  # the second time elsewhere, with another secret, on the state of the first
        with endpoint() as inbox:
            public = f"http://127.0.0.1:{inbox.server_address[1]}"
            hooks = {"KIRIM_WEBHOOK_SECRET": f"{secret},{secrets[0]}", "AFOSTO_WEBHOOK_SECRET": f"whs_{secret}"}
            sizes = ("--customers", "0", "--lists", "1", "--parcels", "0")
            with command(tmp_path, *sizes, **own, **hooks, PUBLIC_BASE_URL=public) as (process, api):
                created = api.post("/customers", json={"name": "Told"}).json()["data"]
                (its,) = api.get("/webhook_subscriptions").json()["data"]
                assert its["url"] == f"{public}/webhooks/kirim/" and "customer.updated" in its["events"]
                trigger_afosto(api, f"{public}/webhooks/afosto/")
                wait_for(lambda inbox=inbox: told_by(inbox, "webhook-id") and told_by(inbox, "x-afosto-hmac-sha256"))  # type: ignore[misc]
                process.terminate()
                process.wait(30)
            body = Webhook(secret).verify(*told_by(inbox, "webhook-id")[0])
            assert (body["type"], body["data"]["id"]) == ("customer.created", created["id"])
            told, headers = told_by(inbox, "x-afosto-hmac-sha256")[0]
            assert headers["x-afosto-hmac-sha256"] == signature_of(told, f"whs_{secret}")


def trigger_afosto(api: httpx.Client, endpoint: str) -> None:
    """Have the Afosto beside this Kirim send a test event to its one subscription, which must be for ``endpoint``."""
    base = str(api.base_url).replace(KIRIM_PATH, AFOSTO_PATH).rstrip("/")
    asked = {"client_id": "own-id", "client_secret": "own-secret", "grant_type": "client_credentials"}
    token = api.post(f"{base}/iam/oauth/authorize", json=asked).json()["access_token"]
    own = {"Authorization": f"Bearer {token}"}
    (its,) = api.get(f"{base}/mes/webhooks/subscriptions", headers=own).json()
    assert its["endpoint"] == endpoint and "IN_TRANSIT" in its["events"]
    test = {"event": "IN_TRANSIT", "entity_id": "x"}
    assert api.post(f"{base}/mes/webhooks/subscriptions/{its['id']}/trigger", json=test, headers=own).status_code == 200


def told_by(inbox: Endpoint, header: str) -> list[tuple[bytes, dict[str, str]]]:
    """Bodies and headers of the deliveries with this header."""
    return [(body, headers) for body, headers in zip(inbox.bodies, inbox.headers_of, strict=False) if header in headers]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("secret", "base_url", "says"),
    [
        ("not-a-secret", "http://127.0.0.1:9000/sandbox/kirim/v1", "no events are delivered"),
        ("whsec_" + "A" * 43 + "=", "https://live.example/v1", ""),  # that one's secret is not ours to use
    ],
)
def test_the_command_subscribes_nobody_without_a_secret_of_its_own(
    tmp_path: Path, secret: str, base_url: str, says: str
) -> None:
    with command(tmp_path, "--customers", "0", KIRIM_WEBHOOK_SECRET=secret, KIRIM_BASE_URL=base_url) as (process, api):
        assert api.get("/webhook_subscriptions").json()["data"] == []
        process.terminate()
        process.wait(30)
        assert process.stderr and says in (told := process.stderr.read()) and secret not in told


@pytest.mark.parametrize("is_ours", [True, False])
def test_apideck_and_layercake_take_the_keys_of_the_back_office_that_is_theirs_and_tell_it(
    settings: Any, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, is_ours: bool
) -> None:
    usual = {"apideck": asdict(Keys()), "layercake": asdict(Tenant())}
    for upstream, names in usual.items():
        prefix = upstream.upper()
        known = Upstream(upstream, upstream.title(), f"{prefix}_BASE_URL", ((f"{prefix}_API_KEY",),))
        monkeypatch.setitem(UPSTREAMS, upstream, known)
        origin = "http://127.0.0.1:9000" if is_ours else "https://live.example"
        setattr(settings, f"{prefix}_BASE_URL", f"{origin}/sandbox/{upstream}")
        for name in names:
            setattr(settings, f"{prefix}_{name.upper()}", f"own {name}, the next one")
        own = {name: f"own {name}" for name in names}
        assert keys_of(upstream, names) == (own if is_ours else names)
    settings.LAYERCAKE_WEBHOOK_SECRET = "own secret"
    settings.PUBLIC_BASE_URL = "http://127.0.0.1:8000"
    Command().subscribe(sandbox)
    hooks = [(its["url"], its["secret"]) for its in sandbox.layercake.events.webhooks]
    assert hooks == ([("http://127.0.0.1:8000/webhooks/layercake/", "own secret")] if is_ours else [])
    addresses = ["http://127.0.0.1:8000/webhooks/apideck/"] if is_ours else []
    assert sandbox.apideck.events.addresses() == addresses and len(sandbox.apideck.events.pending()) == is_ours
    settings.APIDECK_SERVICE_ID = ""
    assert keys_of("apideck", usual["apideck"]) == usual["apideck"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "status"),
    [
        (["--port", "busy"], 2),
        (["--port", "65536"], 2),
        (["--customers", "-1"], 2),
        (["--lists", "-1"], 2),
        (["--port", "{taken}"], 1),
    ],
)
def test_a_busy_port_exits_1_with_a_sentence_and_a_wrong_option_2(
    tmp_path: Path, options: list[str], status: int
) -> None:
    with listen(0) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "manage.py", "sandbox", *[option.format(taken=port) for option in options]],
            cwd=PROJECT,
            env={**os.environ, "DATA_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == status and "Traceback" not in done.stderr and done.stdout == ""
    if status == 1:
        assert done.stderr == f"Port {port} on 127.0.0.1 cannot be used: Address already in use.\n"
