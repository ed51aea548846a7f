"""Apideck's customer support: its records and its client, nothing else."""

from customers.apideck.client import ApideckAPI
from customers.apideck.records import ERASURE, WRITABLE, SupportCustomerRecord

__all__ = ["ERASURE", "WRITABLE", "ApideckAPI", "SupportCustomerRecord"]
