"""What tests of writes to the CRM share: one write, trouble with it."""

from typing import Any

import httpx

from backoffice.client import PERSON
from backoffice.models import RemoteWrite
from backoffice.writes.carry_out import carry_out
from backoffice.writes.plan import plan
from backoffice.writes.verbs import WriteVerb
from customers.tests.crm.layercake import FakeLayercake
from customers.tests.writing import OPERATOR

SANNE = {"displayName": "Sanne Vos", "email": "Sanne.Vos@example.com"}


def write(verb: WriteVerb, remote_id: str = "", **wanted: Any) -> RemoteWrite:
    """Plan a write and carry it out; the write as it is then."""
    planned, _ = plan(verb, OPERATOR, remote_id=remote_id, **wanted)
    carry_out(planned, PERSON)
    planned.refresh_from_db()
    return planned


def lose_answers(crm: FakeLayercake, method: str, *, is_done: bool = True) -> None:
    """Requests of this method end without an answer: after they were carried out, or before."""

    def lose(request: httpx.Request) -> None:
        if request.method == method:
            raise httpx.ReadTimeout("no answer", request=request)

    if is_done:
        crm.after = lose
    else:
        crm.mischief = lose


def heal(crm: FakeLayercake) -> None:
    """No more trouble."""
    crm.after = crm.mischief = lambda request: None
