"""What tests of the warehouse's admin share: a small Afosto with something of each kind, addresses, people."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import models
from django.test import Client
from django.urls import reverse

from backoffice.client import PERSON
from backoffice.models import RemoteWrite
from backoffice.sync import single
from backoffice.sync.changes import BY_HAND
from backoffice.sync.resource import RESOURCES, Batch
from backoffice.tests.factories import person
from customers.tests.filled import form_in, opened, send
from fulfilment.afosto import AfostoAPI
from fulfilment.models import HandlingList, Location, Parcel, Recipient, Shipment, ShippingMethod
from fulfilment.tests.syncing import MODELS, Upstream, sync, upstream
from fulfilment.tests.warehouse import MUG, POT

__all__ = ["desk", "form_in", "opened", "send"]

State = RemoteWrite.State
ADMIN = "/admin/fulfilment"
LISTS, SHIPMENTS, PARCELS = (f"{ADMIN}/{model}/" for model in ("handlinglist", "shipment", "parcel"))


@dataclass
class Desk:
    """A warehouse's day: two open shipments, one on a list, one packed into a parcel; all of it mirrored."""

    there: Upstream
    client: Client
    user: User
    open: Shipment
    other: Shipment
    listed: Shipment
    packed: Shipment
    list: HandlingList
    parcel: Parcel

    @classmethod
    def of(cls, there: Upstream, client: Client, user: User) -> "Desk":
        """Make it at an empty Afosto, read it from there, and sign the person in."""
        afosto = there.afosto
        contact = next(iter(afosto.contacts))["id"]
        method = next(row for row in afosto.methods if row["carrier_code"] == "postnl")["id"]
        made = [afosto.new_shipment({MUG: 2, POT: 1}, contact_id=contact, method_id=method)["id"] for _ in range(4)]
        on_list = afosto.new_list(made[2])["id"]
        parcel = afosto.new_parcel(made[3], weight=1250)["id"]
        sync("afosto.methods")
        location = afosto.lists.get(on_list)["location_id"]
        for resource, ids in (
            ("afosto.locations", [location]), ("afosto.contacts", [contact]), ("afosto.shipments", made),
            ("afosto.handling_lists", [on_list]), ("afosto.parcels", [parcel]),
        ):  # fmt: skip
            for id in ids:
                reread(resource, id)
        there.calls.clear()
        client.force_login(user)
        shipments = [Shipment.objects.get(remote_id=id) for id in made]
        return cls(
            there,
            client,
            user,
            *shipments,
            HandlingList.objects.get(remote_id=on_list),
            Parcel.objects.get(remote_id=parcel),
        )

    @property
    def method(self) -> ShippingMethod:
        """A method that can be used and that no shipment has."""
        return ShippingMethod.objects.get(carrier_code="ups")

    @property
    def location(self) -> Location:
        """Where the shipments leave from."""
        assert self.open.location
        return self.open.location

    @property
    def recipient(self) -> Recipient:
        """Whom the shipments go to."""
        assert self.open.contact
        return self.open.contact

    def submit(self, url: str, **typed: Any) -> Any:
        """Open the form at ``url``, fill it in and send it."""
        return send(self.client, url, opened(self.client, url, **typed))

    @property
    def writes(self) -> list[str]:
        """The paths that something was written to."""
        return [path for method, path, _ in self.there.calls if method != "GET" and "search" not in path]


def reread(resource: str, id: str) -> Any:
    """Mirror one object as it is there now."""
    with AfostoAPI.from_settings(PERSON) as api:
        body, sent_at = RESOURCES[resource].read(api, id)
    single.take(resource, Batch([body], sent_at, is_detail=RESOURCES[resource].detail is not None), BY_HAND)
    return MODELS[resource].objects.get(remote_id=id)


def page_of(row: models.Model) -> str:
    """The address of a row's page."""
    return reverse(f"admin:fulfilment_{row._meta.model_name}_change", args=[row.pk])


def deed_of(verb: str, row: models.Model, model: str = "") -> str:
    """The address of a verb's page."""
    return reverse(f"admin:{verb}_{model or row._meta.model_name}", args=[row.pk])


def last_write() -> RemoteWrite:
    """The write that was planned last."""
    return RemoteWrite.objects.latest("planned_at")


@pytest.fixture
def desk(settings: Any, client: Client, db: None) -> Iterator[Desk]:
    """A warehouse's day, in front of a supervisor."""
    with upstream(settings, lists=0, parcels=0) as there:
        yield Desk.of(there, client, person("supervisor", username="mira"))
