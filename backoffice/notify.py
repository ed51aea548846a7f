"""Telling people of what they started: one function, called where such things end, in the transaction of that end.

A sentence holds names of our own, counts and the numbers of records, and nothing else that a remote said: so nothing
secret or masked.
"""

from backoffice.models import Notification
from backoffice.models.notifications import LONGEST_SENTENCE
from backoffice.texts import Text, written


def tell(user_id: int | None, kind: Notification.Kind, key: str, sentence: Text, url: str) -> None:
    """Keep a sentence for a person, once for each ``key``; nothing where nobody (None) asked for the thing."""
    if user_id is None:
        return
    told = Notification(user_id=user_id, kind=kind, key=key, sentence=written(sentence)[:LONGEST_SENTENCE], url=url)
    Notification.objects.bulk_create([told], ignore_conflicts=True)
