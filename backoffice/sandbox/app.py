"""The sandbox as one object: its states, its switches, and one WSGI app over all of them."""

import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from backoffice.sandbox.afosto.state import Afosto
from backoffice.sandbox.apideck.state import Apideck, Keys
from backoffice.sandbox.clock import Clock, utc_now
from backoffice.sandbox.kirim.paging import PageRequest
from backoffice.sandbox.kirim.state import Kirim
from backoffice.sandbox.known import Known, of_afosto, of_kirim
from backoffice.sandbox.layercake.state import Layercake, Tenant
from backoffice.sandbox.storage import Storage
from backoffice.sandbox.switches import Switch, Switches

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

KIRIM_PATH = "/sandbox/kirim/v1"
AFOSTO_PATH = "/sandbox/afosto"
APIDECK_PATH = "/sandbox/apideck"
LAYERCAKE_PATH = "/sandbox/layercake"
TICK_EVERY_S = 3.0
_KNOWN = 12  # customers of Kirim that are contacts of Afosto too


class Sandbox:
    """The upstreams in small. A context manager; closing it ends its life and closes its state.

    Args:
        customers: how many a new Kirim starts with.
        lists: how many handling lists a new Afosto starts with, each with its shipments.
        parcels: how many parcels it starts with, in shipments of finished lists and of none.
        seed: the same seed and clock give the same bytes, ids and tokens included.
        latency_ms: how long each call waits before it is answered; the control can change it.
        state_path: a directory that keeps the state; None keeps it in memory. A state found there goes on as it was,
            whatever ``customers``, ``lists``, ``parcels`` and ``seed`` say.
        alive: begin its life at once (``begin_life``).
        lists_archived: whether Kirim's customers list holds archived ones when no status is asked for.
        apideck: who may call Apideck, for whom; None: the defaults of ``Keys``.
        layercake: who may call L4YERCAK3, for which tenant; None: the defaults of ``Tenant``.
        now: the clock; answers aware moments.

    All but Kirim are made when they are first asked for, by a test or by a call: many tests never do. Apideck holds
    some nine customers for ten of Kirim's, L4YERCAK3 as many contacts, none without any; most are Kirim's and Afosto's
    people (known.py).
    """

    def __init__(
        self,
        *,
        customers: int = 350,
        lists: int = 40,
        parcels: int = 60,
        seed: int = 1,
        latency_ms: int = 0,
        state_path: Path | None = None,
        kirim_api_key: str = "kirim-sandbox-key",
        afosto_client_id: str = "afosto-sandbox-id",
        afosto_client_secret: str = "afosto-sandbox-secret",  # noqa: S107  of the sandbox only
        apideck: Keys | None = None,
        layercake: Tenant | None = None,
        alive: bool = False,
        lists_archived: bool = False,
        now: Clock = utc_now,
    ) -> None:
        # Here, not above: the web framework is a development dependency, and production imports this package.
        from backoffice.sandbox.mount import afosto_app, apideck_app, kirim_app, layercake_app, mounted

        if state_path is not None:
            state_path.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds signing secrets
        self._state_path, self._seed, self._now = state_path, seed, now
        self._customers, self._lists, self._parcels = customers, lists, parcels
        self._storages: list[Storage] = []
        self._making = threading.RLock()  # making one may ask for another
        self._afosto: Afosto | None = None
        self._apideck: Apideck | None = None
        self._layercake: Layercake | None = None
        self.switches = {name: Switches() for name in ("kirim", "afosto", "apideck", "layercake")}  # by upstream
        self.kirim = Kirim(
            self._storage("kirim"),
            self.switches["kirim"],
            seed_number=seed,
            count=customers,
            now=now,
            lists_archived=lists_archived,
        )
        self.kirim_api_key = kirim_api_key
        self.apideck_keys, self.layercake_tenant = apideck or Keys(), layercake or Tenant()
        self.afosto_client_id, self.afosto_client_secret = afosto_client_id, afosto_client_secret
        if latency_ms:
            for switches in self.switches.values():
                switches.turn_on(Switch("latency", ms=latency_ms))
        kirim = kirim_app(self.kirim, kirim_api_key, self.switches["kirim"])
        afosto = afosto_app(lambda: self.afosto, self.switches["afosto"])
        desk = apideck_app(lambda: self.apideck, self.switches["apideck"])
        crm = layercake_app(lambda: self.layercake, self.switches["layercake"])
        apps: dict[str, WSGIApplication] = {KIRIM_PATH: kirim, AFOSTO_PATH: afosto}
        apps |= {APIDECK_PATH: desk, LAYERCAKE_PATH: crm}
        self.wsgi: WSGIApplication = mounted(apps, self.switches, {"apideck": lambda: self.apideck.connection.tell})
        self._ended = threading.Event()
        self._life: threading.Thread | None = None
        if alive:
            self.begin_life()

    def begin_life(self) -> None:
        """Let the upstreams' ``tick()`` be called every few seconds by a thread, from now on."""
        self._life = threading.Thread(target=self._live, name="sandbox-life", daemon=True)
        self._life.start()

    @property
    def afosto(self) -> Afosto:
        """Afosto's state."""
        with self._making:
            if self._afosto is None:
                self._afosto = Afosto(
                    self._storage("afosto"),
                    self.switches["afosto"],
                    seed_number=self._seed,
                    lists=self._lists,
                    parcels=self._parcels,
                    now=self._now,
                    client=(self.afosto_client_id, self.afosto_client_secret),
                    emails=self._known_emails(),
                )
            return self._afosto

    @property
    def apideck(self) -> Apideck:
        """Apideck's state."""
        with self._making:
            if self._apideck is None:
                self._apideck = Apideck(
                    self._storage("apideck"),
                    self.switches["apideck"],
                    keys=self.apideck_keys,
                    seed_number=self._seed,
                    count=self._customers,
                    known=self._known((1, 2, 3)),
                    now=self._now,
                )
            return self._apideck

    @property
    def layercake(self) -> Layercake:
        """L4YERCAK3's state."""
        with self._making:
            if self._layercake is None:
                self._layercake = Layercake(
                    self._storage("layercake"),
                    self.switches["layercake"],
                    tenant=self.layercake_tenant,
                    seed_number=self._seed,
                    count=self._customers,
                    known=self._known((2, 3, 4)),
                    now=self._now,
                )
            return self._layercake

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End the sandbox's life and close its state."""
        self._ended.set()
        if self._life:
            self._life.join()
        for storage in self._storages:
            storage.close()

    def _storage(self, upstream: str) -> Storage:
        storage = Storage(self._state_path and self._state_path / f"{upstream}.sqlite3")
        self._storages.append(storage)
        return storage

    def _known_emails(self) -> list[str]:
        """Of some of Kirim's customers: people that both know."""
        customers, _ = self.kirim.customers.page(PageRequest(limit=_KNOWN))
        return [email for customer in customers if (email := customer["email"])]

    def _known(self, rests: tuple[int, ...]) -> Iterator[Known]:
        """Three of five of Kirim's customers and of Afosto's contacts, these at most one for two of the former."""
        yield from of_kirim(self.kirim, rests)
        if self._customers > 1:
            yield from islice(of_afosto(self.afosto, rests), self._customers // 2)

    def _live(self) -> None:
        while not self._ended.wait(TICK_EVERY_S):
            self.kirim.tick()
            self.afosto.tick()
            self.apideck.tick()
            self.layercake.tick()
