"""Fresh databases for every measurement: migrated once, copied as often as needed."""

import shutil
from pathlib import Path

import psycopg
from django.core.management import call_command
from django.db import connection, connections


class SQLite:
    """Files in a folder of their own."""

    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def url(self, name: str) -> str:
        """Where the database ``name`` is."""
        return f"sqlite:///{self._folder / name}.sqlite3"

    def copy(self, source: str, target: str) -> None:
        """Make ``target`` a fresh copy of ``source``."""
        for suffix in ("", "-wal", "-shm"):
            (self._folder / f"{target}.sqlite3{suffix}").unlink(missing_ok=True)
        shutil.copyfile(self._folder / f"{source}.sqlite3", self._folder / f"{target}.sqlite3")

    def use(self, name: str) -> None:
        """Make Django use the database ``name``."""
        connection.close()
        connections["default"].settings_dict["NAME"] = str(self._folder / f"{name}.sqlite3")

    def create(self, name: str) -> None:
        """An empty, migrated database."""
        self.use(name)
        call_command("migrate", verbosity=0)
        self.settle(name)

    def settle(self, name: str) -> None:
        """Let the file hold everything, so that it can be copied."""
        self.use(name)
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    def drop_all(self) -> None:
        """The folder goes with the run."""


class PostgreSQL:
    """Databases of one server, all named ``bench_...`` and dropped at the end."""

    name = "PostgreSQL"

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url.rpartition("/")[0]
        self._names: set[str] = set()

    def url(self, name: str) -> str:
        """Where the database ``name`` is."""
        return f"{self._server_url}/bench_{name}"

    def copy(self, source: str, target: str) -> None:
        """Make ``target`` a fresh copy of ``source``."""
        connection.close()
        self._run(f"DROP DATABASE IF EXISTS bench_{target} WITH (FORCE)")
        self._run(f"CREATE DATABASE bench_{target} TEMPLATE bench_{source}")
        self._names.add(target)

    def use(self, name: str) -> None:
        """Make Django use the database ``name``."""
        connection.close()
        connections["default"].settings_dict["NAME"] = f"bench_{name}"

    def create(self, name: str) -> None:
        """An empty, migrated database."""
        self._run(f"DROP DATABASE IF EXISTS bench_{name} WITH (FORCE)")
        self._run(f"CREATE DATABASE bench_{name}")
        self._names.add(name)
        self.use(name)
        call_command("migrate", verbosity=0)
        connection.close()

    def settle(self, name: str) -> None:
        """A template may have no connections, and should not have autovacuum waiting for it."""
        self.use(name)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE customers_customer")
        connection.close()

    def drop_all(self) -> None:
        """Leave the server as it was."""
        connection.close()
        for name in self._names:
            self._run(f"DROP DATABASE IF EXISTS bench_{name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        with psycopg.connect(f"{self._server_url}/postgres", autocommit=True) as server:
            server.execute(statement)
