"""Mirrored rows as a sync would have left them."""

from datetime import timedelta

import factory
from django.utils import timezone

from customers.models import Customer, SetupLink, WhatsAppAccount


class MirrorFactory(factory.django.DjangoModelFactory):
    class Meta:
        abstract = True

    payload_hash = factory.Sequence(lambda n: n.to_bytes(16, "big"))
    synced_at = factory.LazyFunction(lambda: timezone.now() - timedelta(minutes=10))
    remote_created_at = factory.LazyFunction(lambda: timezone.now() - timedelta(days=30))


class CustomerFactory(MirrorFactory):
    class Meta:
        model = Customer

    remote_id = factory.Sequence(lambda n: f"cus_{n:026d}")
    name = factory.Sequence(lambda n: f"Customer {n}")
    email = factory.Sequence(lambda n: f"customer{n}@example.com")
    status = "active"
    team_id = "team_one"
    metadata = None
    search_text = factory.LazyAttribute(
        lambda row: "\n".join(
            [row.name, row.email or "", row.remote_id, *[str(value) for value in (row.metadata or {}).values()]]
        ).lower()
    )
    payload = factory.LazyAttribute(
        lambda row: {
            "id": row.remote_id,
            "object": "customer",
            "name": row.name,
            "email": row.email,
            "status": row.status,
            "metadata": row.metadata,
        }
    )


class SetupLinkFactory(MirrorFactory):
    class Meta:
        model = SetupLink

    remote_id = factory.Sequence(lambda n: f"csl_{n:026d}")
    customer = factory.SubFactory(CustomerFactory)
    customer_remote_id = factory.LazyAttribute(lambda row: row.customer.remote_id if row.customer else "cus_unknown")
    status = "active"
    token_last4 = factory.Sequence(lambda n: f"{n:04d}"[-4:])
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=3))
    payload = factory.LazyAttribute(lambda row: {"id": row.remote_id, "status": row.status})


class AccountFactory(MirrorFactory):
    class Meta:
        model = WhatsAppAccount

    remote_id = factory.Sequence(lambda n: f"{10000000000 + n}")
    phone_number_id = factory.SelfAttribute("remote_id")
    phone_number = factory.Sequence(lambda n: f"+4930{n:07d}")
    name = factory.Sequence(lambda n: f"Account {n}")
    status = "connected"
    customer = factory.SubFactory(CustomerFactory)
    customer_remote_id = factory.LazyAttribute(lambda row: row.customer.remote_id if row.customer else "")
    payload = factory.LazyAttribute(lambda row: {"phone_number_id": row.remote_id})
