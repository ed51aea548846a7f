"""Celery's door to this app: keeping up who is the same customer. Safe to run twice."""

from celery import shared_task

from backoffice.reindex import INDEXES
from backoffice.schedule import EVERY_MINUTE
from customers.identity import match
from customers.identity.refresh import rebuild, refresh


@shared_task
def match_identities() -> None:
    """Read the keys of what changed since the last time, and suggest what follows from them."""
    refresh()
    match.suggest()


def reindex_identities() -> int:
    """Read the keys of all rows and compare all anew; how many rows were read."""
    read = rebuild()
    match.suggest(everything=True)
    return read


INDEXES["identity"] = reindex_identities
EVERY_MINUTE["Find the same customer in other systems"] = "customers.tasks.match_identities"
