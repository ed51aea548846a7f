"""The paths of L4YERCAK3. The reference and published code differ on some; whoever knows better changes them here."""

CONTACTS = "/api/v1/crm/contacts"
CONTACT = "/api/v1/crm/contacts/{contactId}"
ORGANIZATIONS = "/api/v1/crm/organizations"  # customer companies; /api/v1/organizations would be tenants
ORGANIZATION = "/api/v1/crm/organizations/{companyId}"
INVOICES = "/api/v1/invoices"
INVOICE = "/api/v1/invoices/{invoiceId}"
TRANSACTIONS = "/api/v1/transactions"
TRANSACTION = "/api/v1/transactions/{transactionId}"
WEBHOOKS = "/api/v1/webhooks"
WEBHOOK = "/api/v1/webhooks/{webhookId}"
