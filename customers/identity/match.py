"""Suggestions: which customer and which record of another system have an equal e-mail address or phone number.

Computed by the database. A record whose keys changed, and whoever has a value that somebody gained or lost, is
*touched*; the pairs of touched records are computed anew, so that what follows step by step is what a whole computation
would give. People's decisions are left alone, but for a rejected pair with other equal values than it was rejected
with: it is suggested again.
"""

from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from customers.identity import lock, sql
from customers.identity.sources import CUSTOMERS, others
from customers.models.identity import ChangedKey, IdentityRecord

CROWD = 20
"""A value that more records of one resource have than this is no evidence: a placeholder, a switchboard."""
MANY = 10_000  # touched records, from which on PostgreSQL is told anew what the tables hold

BOTH, ONE = 70, 40  # score of an equal e-mail address and phone number, and of one of them
BY_NAME = 20  # added for an equal name, taken off where names differ
BY_SHARING = 20  # taken off where others have each of the equal values, too
STRONG, FAIR = 60, 30  # the scores from which on a suggestion is called so


@dataclass(frozen=True)
class Suggested:
    """What became of the suggestions."""

    compared: int = 0  # records whose pairs were computed
    offered: int = 0  # pairs that are new, or stronger or weaker than before
    withdrawn: int = 0  # suggested pairs that nothing speaks for any more


def suggest(*, everything: bool = False) -> Suggested:
    """Bring the suggestions up to what the keys say; ``everything``: of all records, not only of touched ones."""
    touched = IdentityRecord.objects.filter(is_touched=True)
    if not (everything or touched.exists() or ChangedKey.objects.exists()):
        return Suggested()
    with transaction.atomic():
        lock.take()
        if everything:
            sql.run(*sql.CROWD_ALL, crowd=CROWD)
            IdentityRecord.objects.filter(source__in=[CUSTOMERS, *others()]).update(is_touched=True)
        else:
            sql.run(*sql.CROWD_CHANGED, crowd=CROWD)
            sql.run(sql.TOUCH)
        compared = touched.count()
        if compared > MANY and connection.vendor == "postgresql":
            sql.run(*sql.ANALYZE)
        sql.run(sql.MAKE_PAIRS, sql.CLEAR_PAIRS, sql.PAIR_CUSTOMERS, sql.PAIR_OTHERS)
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        offered = sql.run(sql.OFFER, now=now, one=ONE, both=BOTH, by_name=BY_NAME, by_sharing=BY_SHARING)
        withdrawn = sql.run(sql.WITHDRAW)
        sql.run(sql.CLEAR_PAIRS)
        touched.update(is_touched=False)
        ChangedKey.objects.all().delete()
    return Suggested(compared, offered, withdrawn)
