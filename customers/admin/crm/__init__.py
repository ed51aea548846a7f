"""The CRM's pages: contacts, customer companies, invoices, transactions."""

from customers.admin.crm import contacts, invoices, organizations, transactions

__all__ = ["contacts", "invoices", "organizations", "transactions"]
