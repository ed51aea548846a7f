"""Kirim: its records and its client, nothing else."""

from customers.kirim.client import ARCHIVED, KirimAPI
from customers.kirim.records import (
    AccountRecord,
    CustomerDetailRecord,
    CustomerRecord,
    NewSetupLink,
    NewSubscription,
    SetupLinkRecord,
    SubscriptionRecord,
    TemplateCounts,
)

__all__ = [
    "ARCHIVED", "AccountRecord", "CustomerDetailRecord", "CustomerRecord", "KirimAPI", "NewSetupLink",
    "NewSubscription", "SetupLinkRecord", "SubscriptionRecord", "TemplateCounts",
]  # fmt: skip
