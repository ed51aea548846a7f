"""L4YERCAK3, the CRM: its records and its client, nothing else."""

from customers.layercake.client import Body, LayercakeAPI, Made
from customers.layercake.records import (
    ContactRecord,
    InvoiceRecord,
    OrganizationRecord,
    TransactionRecord,
    WebhookRecord,
    moment,
    whole,
)

__all__ = [
    "Body", "ContactRecord", "InvoiceRecord", "LayercakeAPI", "Made", "OrganizationRecord", "TransactionRecord",
    "WebhookRecord", "moment", "whole",
]  # fmt: skip
