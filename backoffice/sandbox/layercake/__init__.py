"""L4YERCAK3 in small: its contacts, customer companies, invoices, transactions and webhooks."""
