"""What `doctor` looks at: small functions, each answering with findings. They change nothing and never raise."""

from collections.abc import Iterator

from django.db import DatabaseError

from backoffice import database
from backoffice.checks.finding import Check, Finding, Health
from backoffice.checks.installation import check_backup, check_clock, check_database, check_search, check_settings
from backoffice.checks.upstreams import check_deliveries, check_upstreams, check_webhooks
from backoffice.checks.work import broker_trouble, check_broker, check_runs

__all__ = ["Finding", "Health", "broker_trouble", "check_deliveries", "everything", "guarded"]


def everything() -> Iterator[Finding]:
    """All findings, in the order in which they are best put right."""
    yield from check_settings()
    is_there = True
    for finding in guarded("database", check_database):
        is_there = is_there and finding.state is not Health.FAIL
        yield finding
    for check in (
        (check_search, check_clock, check_runs, check_upstreams, check_webhooks, check_deliveries) if is_there else ()
    ):
        yield from guarded(check.__name__.removeprefix("check_"), check)
    yield from check_broker()
    yield from check_backup()


def guarded(name: str, check: Check) -> Iterator[Finding]:
    """What the check finds; trouble of the database's is a finding too."""
    try:
        yield from check()
    except DatabaseError as error:
        yield Finding(name, Health.FAIL, database.trouble(error))
