"""Writes as every door makes them, and the clock moved on so that looking for them can prove something."""

from datetime import timedelta
from typing import Any

import time_machine
from django.utils import timezone

from backoffice.client import PERSON
from backoffice.models import RemoteWrite
from backoffice.writes import settle as settling
from backoffice.writes.carry_out import carry_out
from backoffice.writes.plan import Actor, plan
from backoffice.writes.verbs import WriteVerb
from customers.models import Customer, SetupLink
from customers.services import NewLink, SetupLinkService
from customers.verbs import kirim as verbs

OPERATOR = Actor(None, RemoteWrite.Door.COMMAND)


def write(verb: WriteVerb, row: Customer | SetupLink | None = None, **wanted: Any) -> RemoteWrite:
    """Plan a write and carry it out; the write as it is then."""
    owner = row.customer_remote_id if isinstance(row, SetupLink) else ""
    planned, is_new = plan(verb, OPERATOR, remote_id=row.remote_id if row else "", owner_remote_id=owner, **wanted)
    if is_new:
        carry_out(planned, PERSON)
    planned.refresh_from_db()
    return planned


def create_link(customer: Customer, **sends: Any) -> tuple[RemoteWrite, NewLink | None]:
    """Create a setup link: the write, and what its answer handed over."""
    planned, _ = plan(verbs.CREATE_LINK, OPERATOR, owner_remote_id=customer.remote_id, sends=sends)
    new = carry_out(planned, PERSON, lambda api: SetupLinkService(api).create(customer, planned))
    planned.refresh_from_db()
    return planned, new


def active_customer() -> Customer:
    """A customer that is active here."""
    return Customer.objects.filter(status="active").earliest("pk")


def later(seconds: float) -> Any:
    """The clock, moved on inside the block."""
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds), tick=True)


def look(unknown: RemoteWrite, after_s: float = 50) -> RemoteWrite:
    """Look for a write so long after it was sent."""
    with later(after_s):
        settling.look_for(unknown, PERSON)
    unknown.refresh_from_db()
    return unknown
