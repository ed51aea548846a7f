"""``python -m backoffice.benchmarks``: all figures, on SQLite and on the PostgreSQL that answers.

PostgreSQL is looked for at ``BENCH_DATABASE_URL``, by default on loopback. Exit code 1 when a floor is missed.
"""

import os
import subprocess
import sys

import psycopg

POSTGRESQL_URL = os.environ.get("BENCH_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")


def main() -> int:
    """Run the comparisons once per database that is here."""
    environments = [{name: value for name, value in os.environ.items() if name != "DATABASE_URL"}]
    try:
        psycopg.connect(POSTGRESQL_URL, connect_timeout=2).close()
        environments.append({**os.environ, "DATABASE_URL": POSTGRESQL_URL})
    except psycopg.OperationalError:
        print("PostgreSQL  left out: none answers at BENCH_DATABASE_URL")  # noqa: T201
    names = ("compare", "inbox", "identity", "desk", "search", "lists")
    commands = [[sys.executable, "-m", f"backoffice.benchmarks.{name}"] for name in names]
    return max(
        subprocess.run(command, env=environment).returncode  # noqa: S603
        for command in commands
        for environment in environments
    )


if __name__ == "__main__":
    sys.exit(main())
