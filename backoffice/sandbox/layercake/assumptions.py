"""What the contract leaves open (``x-assumption``, ``x-variant``) and how this sandbox decides it; nowhere else does.

Some are choices of whoever uses a ``Layercake``: its ``habits`` (habits.py: the shapes that were seen besides the
documented ones), ``calls.per_minute`` (what the plan allows) and ``most_contacts`` (when the plan is full).

Decided in the shape of the code, too small for a constant: a page is cut out of the rows as they are now, so rows that
come or go meanwhile move between pages; contacts and companies state ``total`` and ``hasMore``, invoices and
transactions neither; ``organizationId`` is needed on every list and create, and one that is not ours is a 403, also in
the header ``X-Organization-Id``; a record has no other reader, so reading one needs none; unknown members are passed
over; a PATCH with nothing known in it is a 400, and so is a null; ``customFields`` is replaced whole; a deleted contact
is a 404 from then on; ``search`` looks into name, e-mail, phone and company, folding the case of ASCII letters only;
a company's ``contactCount`` counts the contacts whose ``company`` is its name; a needed member that is absent is
MISSING_PARAM, a wrong one VALIDATION_ERROR; the deleted contact stands in the event as it was; an invoice that is paid
is a completed transaction as well; webhooks are not paged, and one is never disabled.
"""

DEFAULT_PAGE_SIZE = 50
LARGEST_PAGE_SIZE = 100  # a larger limit is refused
LISTS_NEWEST_FIRST = True
REQUESTS_PER_MINUTE = {"free": 60, "starter": 300, "professional": 1000, "agency": 3000}
PLAN = "agency"
NEW_SUBTYPE = "customer"
NEW_STATUS = "active"
UPGRADE_URL = "https://app.l4yercak3.com"
TEST_EVENT = "webhook.test"

# The code of an error per status, where nothing more precise is known.
CODES = {
    400: "VALIDATION_ERROR",
    401: "UNAUTHORIZED",
    403: "NOT_AUTHORIZED",
    404: "NOT_FOUND",
    429: "RATE_LIMITED",
}
OTHER_CODE = "UNKNOWN_ERROR"
TEXTS = {
    "UNAUTHORIZED": "no token, or a bad one",
    "SESSION_EXPIRED": "CLI token ran out",
    "NOT_AUTHORIZED": "not allowed on this record",
    "NOT_FOUND": "no such record",
    "VALIDATION_ERROR": "bad data",
    "MISSING_PARAM": "a needed parameter is absent",
    "RATE_LIMITED": "slow down",
    "API_KEY_LIMIT_REACHED": "no more keys on this plan",
    "RESOURCE_LIMIT": "plan is full",
}
FULL = {"API_KEY_LIMIT_REACHED", "RESOURCE_LIMIT"}  # come with a suggestion

# Stated, and seen besides: what a webhook may ask for. This sandbox tells of contacts, companies and money.
EVENTS = (
    *("contact.created", "contact.updated", "contact.deleted", "transaction.completed", "transaction.refunded"),
    *("invoice.created", "invoice.sent", "invoice.paid", "event.published", "ticket.issued", "ticket.redeemed"),
    *("form.submitted", "project.created", "project.completed", "organization.created", "organization.updated"),
    *("event.created", "event.updated", "event.cancelled", "attendee.registered", "attendee.checked_in"),
    *("attendee.cancelled", "order.created", "order.paid", "order.refunded", "invoice.overdue", "certificate.issued"),
)

# A delivery that is not answered with 2xx is tried again after these pauses, then given up.
DELIVERY_PAUSES_S = (5, 30, 120, 600, 3600)
