"""What a newcomer does: clone, ``make demo``, sign in, see the first sync end, make a link, Ctrl-C, start again."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep

import httpx

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from backoffice.tests.everywhere import SANDBOX_TOKEN, tokens_in_files  # noqa: E402

RESOURCES = {"kirim.customers", "kirim.accounts", "kirim.setup_links"}
FIRST_UP_S, SECOND_UP_S, SYNCED_S, TOLD_S, ENDED_S = 240.0, 30.0, 120.0, 20.0, 20.0
OURS = re.compile(r"DATABASE_URL|CELERY_|DATA_DIR|SECRET_KEY|DJANGO_|KIRIM_|VIRTUAL_ENV|MAKE|BACKOFFICE_")


class Failed(Exception):
    """Something did not hold; the text says what."""


class Demo:
    """One ``make demo`` in a terminal session of its own."""

    def __init__(self, clone: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._clone = clone
        self._log = clone.parent / "logs" / f"demo-{port}-{monotonic():.0f}.log"
        self._log.parent.mkdir(exist_ok=True)
        environment = {name: value for name, value in os.environ.items() if not OURS.match(name)}
        with self._log.open("wb") as log:
            self._make = subprocess.Popen(  # noqa: S603
                ["make", "demo", f"PORT={port}"],  # noqa: S607
                cwd=clone,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self._log.read_text(errors="replace")

    def wait_until_up(self, within_s: float) -> float:
        """Seconds until it says where to go."""
        started = monotonic()

        def is_up() -> bool:
            if self._make.poll() is not None:
                raise Failed(f"make demo ended with {self._make.returncode} before it was up")
            return f"Open {self.url}/" in self.output

        wait_for("the demo to be up", is_up, within_s)
        return monotonic() - started

    def said(self, label: str) -> str | None:
        """The rest of the line that begins with ``label``."""
        found = re.search(rf"^{label}: (\S+)$", self.output, re.MULTILINE)
        return found and found[1]

    def press_ctrl_c(self) -> float:
        """Seconds until everything has ended."""
        started = monotonic()
        os.killpg(self._make.pid, signal.SIGINT)
        self._make.wait(ENDED_S)
        seconds = monotonic() - started
        if "Stopped." not in self.output:
            raise Failed("it did not say that it stopped")
        if "killed" in self.output or "Traceback" in self.output:
            raise Failed("it did not end cleanly")
        left = list(processes_in(self._clone))
        if left:
            raise Failed(f"left behind: {left}")
        return seconds

    def kill(self) -> None:
        """End whatever is left, after a failure."""
        for pid, _ in processes_in(self._clone):
            os.kill(pid, signal.SIGKILL)


def wait_for(what: str, holds: Callable[[], bool], within_s: float) -> None:
    """Ask until it holds. Raises Failed when it did not in time."""
    ends = monotonic() + within_s
    while not holds():
        if monotonic() > ends:
            raise Failed(f"waited {within_s:g} s in vain for {what}")
        sleep(0.1)


def processes_in(folder: Path) -> Iterator[tuple[int, str]]:
    """Pid and command line of every process that works in ``folder`` (Linux)."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            inside = (process / "cwd").readlink().is_relative_to(folder)
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if inside and command:
            yield int(process.name), command


@contextmanager
def signed_in(url: str, user: str, password: str) -> Iterator[httpx.Client]:
    """Through the form, as a browser does."""
    with httpx.Client(base_url=url, timeout=30) as browser:
        for path in ("/healthz", "/readyz"):
            answer = browser.get(path)
            if answer.status_code != 200:
                raise Failed(f"{path} says {answer.status_code}: {answer.text[:200]}")
        browser.get("/admin/login/").raise_for_status()
        form = {"username": user, "password": password, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        answer = browser.post("/admin/login/?next=/admin/", data=form, headers={"Referer": f"{url}/admin/login/"})
        if (answer.status_code, answer.headers.get("Location")) != (302, "/admin/"):
            raise Failed(f"the log-in form says {answer.status_code}")
        browser.get("/admin/").raise_for_status()
        browser.get("/admin/customers/customer/").raise_for_status()
        yield browser


def make_setup_link(browser: httpx.Client, clone: Path) -> None:
    """Make a link on its page, which shows its token; what must be found nowhere else is then really there."""
    with closing(sqlite3.connect(f"file:{clone}/var/db.sqlite3?mode=ro", uri=True, timeout=10)) as database:
        [pk] = database.execute("SELECT min(id) FROM customers_customer WHERE status = 'active'").fetchone()
    address = f"/admin/customers/setuplink/new/{pk}/"
    [write_id] = re.findall(r'name="write_id" value="([^"]+)"', browser.get(address).raise_for_status().text)
    form = {"write_id": write_id, "lifetime": "24", "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    page = browser.post(address, data=form, headers={"Referer": str(browser.base_url.join(address))})
    if page.status_code != 200 or not SANDBOX_TOKEN.search(page.content):
        raise Failed(f"the setup link's page says {page.status_code} and shows no link")


def refuse_kept_tokens(clone: Path) -> None:
    """The database, the broker's files and the logs hold no setup token. Raises Failed."""
    kept = [*tokens_in_files(clone / "var"), *tokens_in_files(clone.parent / "logs")]
    if kept:
        raise Failed(f"a setup token is kept in {', '.join(str(path) for path, _ in kept)}")


def is_synced(clone: Path) -> bool:
    """Whether the first sync of every resource has succeeded."""
    with closing(sqlite3.connect(f"file:{clone}/var/db.sqlite3?mode=ro", uri=True, timeout=10)) as database:
        runs = database.execute("SELECT resource, state, error FROM backoffice_syncrun").fetchall()
        customers = database.execute("SELECT count(*) FROM customers_customer").fetchone()[0]
    bad = [run for run in runs if run[1] in {"failed", "partial", "interrupted"}]
    if bad:
        raise Failed(f"the first sync went wrong: {bad}")
    return customers > 0 and {resource for resource, state, _ in runs if state == "succeeded"} >= RESOURCES


def change_at_the_sandbox(clone: Path) -> str:
    """Have somebody else create a customer; its id."""
    lines = (clone / "var" / "demo.env").read_text().splitlines()
    its = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    headers = {"Authorization": f"Bearer {its['KIRIM_API_KEY']}"}
    answer = httpx.post(f"{its['KIRIM_BASE_URL']}/customers", json={"name": "Told by an event"}, headers=headers)
    return str(answer.raise_for_status().json()["data"]["id"])


def was_told(clone: Path, customer_id: str) -> bool:
    """Whether a delivery told of the customer, was processed, and brought it into the mirror."""
    with closing(sqlite3.connect(f"file:{clone}/var/db.sqlite3?mode=ro", uri=True, timeout=10)) as database:
        row = database.execute(
            "SELECT (SELECT count(*) FROM customers_customer WHERE remote_id = ?), (SELECT count(*) FROM "
            "backoffice_webhookdelivery WHERE state = 'processed' AND instr(payload, ?) > 0)",
            (customer_id, customer_id),
        ).fetchone()
    return all(row)


def see_a_change(clone: Path) -> float:
    """Seconds until what was changed at the sandbox is in the mirror, by a delivery."""
    changed_at, customer_id = monotonic(), change_at_the_sandbox(clone)
    wait_for("the delivery of a change", lambda: was_told(clone, customer_id), TOLD_S)
    return monotonic() - changed_at


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def started(clone: Path, port: int) -> Iterator[Demo]:
    """A demo that leaves nothing behind, and shows what it printed when something fails."""
    demo = Demo(clone, port)
    try:
        yield demo
    except BaseException:
        sys.stderr.write(f"--- what make demo printed\n{demo.output}---\n")
        raise
    finally:
        demo.kill()


def smoke(clone: Path) -> None:
    """The story. Raises Failed."""
    say = sys.stdout.write
    subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)  # noqa: S603, S607
    with started(clone, free_port()) as demo:
        say(f"first start: up after {demo.wait_until_up(FIRST_UP_S):.1f} s\n")
        user, password = demo.said("user"), demo.said("password")
        if not user or not password:
            raise Failed("it printed no user and password")
        with signed_in(demo.url, user, password) as browser:
            from_up = monotonic()
            wait_for("the first sync", lambda: is_synced(clone), SYNCED_S)
            say(f"first sync: succeeded {monotonic() - from_up:.1f} s after that\n")
            make_setup_link(browser, clone)
        say(f"a change at the sandbox: mirrored after {see_a_change(clone):.1f} s\n")
        say(f"Ctrl-C: everything ended after {demo.press_ctrl_c():.1f} s\n")
    refuse_kept_tokens(clone)

    with started(clone, free_port()) as demo:  # elsewhere than before: the sandbox has to learn where to deliver
        say(f"second start: up after {demo.wait_until_up(SECOND_UP_S):.1f} s\n")
        if demo.said("user") != user or demo.said("password"):
            raise Failed("the second start must name the user and no password")
        with signed_in(demo.url, user, password):
            pass
        say(f"a change at the sandbox: mirrored after {see_a_change(clone):.1f} s\n")
        say(f"Ctrl-C: everything ended after {demo.press_ctrl_c():.1f} s\n")


def main() -> None:
    """Run the story in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="backoffice-smoke-") as folder:
        try:
            smoke(Path(folder).resolve() / "clone")
        except (Failed, httpx.HTTPError, subprocess.SubprocessError, sqlite3.Error) as error:
            sys.exit(f"The smoke of make demo failed: {error}")


if __name__ == "__main__":
    main()
