"""The commands that change something at Kirim, one case each, and a Kirim that counts what it is asked."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from backoffice.sandbox import Sandbox, Switch
from backoffice.tests.shell import Ended, command, run
from customers.models import Customer, SetupLink

KEYS = ["write", "verb", "target", "state", "remote_id", "status", "request_id", "error"]
TOKEN = re.compile(rb"sandbox-token-\w+")
CUSTOMER = "Toko Melati"
OF_LINK = "https://app.example.com/done"  # its success redirect


def customers(*argv: str) -> Ended:
    return run(command("customers.management.commands.customers"), *argv)


def links(*argv: str) -> Ended:
    return run(command("customers.management.commands.setup_link"), *argv)


def accounts(*argv: str) -> Ended:
    return run(command("customers.management.commands.account"), *argv)


def writes(*argv: str) -> Ended:
    return run(command("backoffice.management.commands.writes"), *argv)


def add_link(sandbox: Sandbox) -> None:
    """Give the customer that the commands change an active link with a success redirect."""
    (melati,) = [row["id"] for row in sandbox.kirim.customers if row["name"] == CUSTOMER]
    sandbox.kirim.links.add(melati, success_redirect_url=OF_LINK)


@dataclass
class World:
    """A sandbox behind a network that sees what passes; the ids are of mirrored objects to change."""

    sandbox: Sandbox
    customer: str = ""  # active
    suspended: str = ""
    archived: str = ""
    link: str = ""  # an active one of ``customer``, with a success redirect
    account: str = ""  # of ``customer``
    asked: list[tuple[str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)  # of setup links, as they left Kirim

    @classmethod
    def of(cls, sandbox: Sandbox, settings: Any) -> "World":
        """The world of a test: its requests go through here from now on, and each object has what the verbs need."""
        world = cls(sandbox)
        settings.REMOTE_TRANSPORT = world.transport()
        melati = Customer.objects.get(name=CUSTOMER)
        world.customer, world.account = melati.remote_id, melati.accounts.get().remote_id
        world.suspended = Customer.objects.get(name="Sunset Travel").remote_id
        world.archived = Customer.objects.get(name="Closed Corner Shop").remote_id
        world.link = SetupLink.objects.get(success_redirect_url=OF_LINK).remote_id
        return world

    def transport(self) -> httpx.WSGITransport:
        """The network to the sandbox."""

        def seen(environ: Any, start_response: Any) -> Iterable[bytes]:
            self.asked.append((environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix("/sandbox/kirim/v1")))
            body = b"".join(self.sandbox.wsgi(environ, start_response))
            self.tokens.update(found.decode() for found in TOKEN.findall(body))
            return [body]

        return httpx.WSGITransport(app=seen)

    def sent(self) -> list[tuple[str, str]]:
        """The requests so far that would change something."""
        return [one for one in self.asked if one[0] != "GET"]

    def trouble(self, kind: str, **how: Any) -> None:
        """Turn a switch of the sandbox."""
        self.sandbox.switches["kirim"].turn_on(Switch(kind, **how))

    def calm(self) -> None:
        """Turn all switches off."""
        self.sandbox.switches["kirim"].turn_off("latency", "down", "limit", "fail", "drop")

    def there(self, customer_id: str) -> dict[str, Any]:
        """A customer at Kirim."""
        return dict(self.sandbox.kirim.customers.get(customer_id))

    def named(self, name: str) -> list[str]:
        """The customers at Kirim that are called so."""
        return [row["id"] for row in self.sandbox.kirim.customers if row["name"] == name]

    def links_there(self, customer_id: str = "") -> dict[str, Any]:
        """The links of a customer at Kirim, by id."""
        return {row["id"]: row for row in self.sandbox.kirim.links.newest(customer_id or self.customer)}

    def living(self) -> set[str]:
        """The links of ``customer`` at Kirim that can be used."""
        return {id for id, row in self.links_there().items() if row["status"] == "active"}

    def state(self) -> list[Any]:
        """All that Kirim holds."""
        kirim = self.sandbox.kirim
        return [list(kirim.customers), list(kirim.accounts), kirim.storage.rows("SELECT * FROM setup_links")]

    def assert_mirrored(self) -> None:
        """The mirror of ``customer`` and its links is what Kirim holds."""
        for id in (self.customer, self.suspended):
            assert Customer.objects.get(remote_id=id).payload == self.there(id)
        mirrored = {link.remote_id: link.payload for link in SetupLink.objects.filter(customer_remote_id=self.customer)}
        assert mirrored == self.links_there()


@dataclass(frozen=True)
class Case:
    """One verb as a command: what is typed, what is sent, and how to tell at Kirim that it was done."""

    name: str
    run: Callable[..., Ended]
    argv: Callable[[World], list[str]]
    method: str
    path: str  # shell pattern
    permission: str
    is_done: Callable[[World], bool]
    verb: str = ""  # as the write names it
    target: str = "customer"
    is_repeated: bool = True  # after a lost answer

    def __str__(self) -> str:
        return self.name

    @property
    def is_new_link(self) -> bool:
        """Whether it prints a setup URL."""
        return self.target == "setup_link" and self.verb == "create"


NEW_NAME = "Toko Baru"
REDIRECT = "https://app.example.com/new"
CASES = [
    Case(
        "create", customers, lambda world: ["create", "--name", NEW_NAME, "--email", "baru@shop.example"],
        "POST", "/customers", "customers.create_customer", lambda world: len(world.named(NEW_NAME)) == 1,
        verb="create", is_repeated=False,
    ),
    Case(
        "update", customers, lambda world: ["update", world.customer, "--name", NEW_NAME],
        "PATCH", "/customers/*", "customers.update_customer",
        lambda world: world.there(world.customer)["name"] == NEW_NAME, verb="update",
    ),
    Case(
        "suspend", customers, lambda world: ["suspend", world.customer, "--reason", "unpaid"],
        "PATCH", "/customers/*", "customers.suspend_customer",
        lambda world: world.there(world.customer)["status"] == "suspended", verb="suspend",
    ),
    Case(
        "activate", customers, lambda world: ["activate", world.suspended],
        "PATCH", "/customers/*", "customers.activate_customer",
        lambda world: world.there(world.suspended)["status"] == "active", verb="activate",
    ),
    Case(
        "archive", customers, lambda world: ["archive", world.customer, "--yes", "--reason", "left us"],
        "DELETE", "/customers/*", "customers.archive_customer",
        lambda world: world.there(world.customer)["status"] == "archived", verb="archive",
    ),
    Case(
        "new link", links, lambda world: ["create", world.customer, "--expires-in-hours", "24"],
        "POST", "*/setup_links", "customers.create_setuplink", lambda world: len(world.living()) == 2,
        verb="create", target="setup_link", is_repeated=False,
    ),
    Case(
        "replace", links, lambda world: ["replace", world.link],
        "POST", "*/setup_links", "customers.replace_setuplink",
        lambda world: len(world.links_there()) == 5 and len(world.living()) == 1 and world.link not in world.living(),
        verb="create", target="setup_link", is_repeated=False,
    ),
    Case(
        "revoke", links, lambda world: ["revoke", world.link],
        "DELETE", "*/setup_links/*", "customers.revoke_setuplink", lambda world: world.living() == set(),
        verb="revoke", target="setup_link",
    ),
    Case(
        "redirects", links, lambda world: ["redirects", world.link, "--success-redirect-url", REDIRECT],
        "PATCH", "*/setup_links/*", "customers.update_redirects_setuplink",
        lambda world: world.links_there()[world.link]["success_redirect_url"] == REDIRECT,
        verb="update_redirects", target="setup_link",
    ),
    Case(
        "sync templates", accounts, lambda world: ["sync_templates", world.account],
        "POST", "*/templates/sync", "customers.sync_templates_whatsappaccount",
        lambda world: bool(world.sandbox.kirim.storage.rows("SELECT 1 FROM accounts WHERE templates_synced > 0")),
        verb="sync_templates", target="account",
    ),
]  # fmt: skip
