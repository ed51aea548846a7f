"""Every verb that reads one object again, done as a person would, for the tests of each upstream."""

from django.contrib.auth.models import User

from backoffice.acting import acting
from backoffice.audit import kind_of
from backoffice.client import PERSON
from backoffice.models import AuditEntry
from backoffice.sync.resource import RESOURCES
from backoffice.writes.verbs import VERBS, ReadVerb


def each_reading_is_noted(upstream: str, user: User) -> int:
    """Read an object of each kind again; how many kinds there are. Each leaves an entry in the person's name."""
    verbs = [verb for verb in VERBS.values() if isinstance(verb, ReadVerb) and verb.upstream == upstream]
    for verb in verbs:
        row = RESOURCES[verb.resource].model._default_manager.filter(vanished_at=None).earliest("pk")
        with acting("page", lambda: user), verb.client(PERSON) as api:
            verb.read(api, row.remote_id)
        noted = AuditEntry.objects.filter(verb="read_again", kind=kind_of(verb.resource), remote_id=row.remote_id)
        assert [entry.actor for entry in noted] == [user], (verb.target, verb.name)
    return len(verbs)
