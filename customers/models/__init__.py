"""What is mirrored here of customers, a module for each remote, and who is the same in several of them."""

from customers.models.crm import Contact, Invoice, Organization, Transaction
from customers.models.identity import (
    ChangedKey,
    CrowdedValue,
    IdentityDecision,
    IdentityKey,
    IdentityLink,
    IdentityRecord,
)
from customers.models.kirim import Customer, SetupLink, WhatsAppAccount
from customers.models.notes import CustomerNote
from customers.models.support import ConnectionState, SupportCustomer, UnsupportedOperation

__all__ = [
    "ChangedKey", "ConnectionState", "Contact", "CrowdedValue", "Customer", "CustomerNote", "IdentityDecision",
    "IdentityKey", "IdentityLink", "IdentityRecord", "Invoice", "Organization", "SetupLink", "SupportCustomer",
    "Transaction", "UnsupportedOperation", "WhatsAppAccount",
]  # fmt: skip
