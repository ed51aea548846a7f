"""What the contract leaves open (``x-assumption``) and how this sandbox decides it. Nowhere else decides.

Some are choices of whoever uses an ``Afosto``: ``deleted_lists_vanish`` (a deleted list is gone instead of turning
``is_cancelled``; default no), ``file_as_array`` (a file is answered inside an array; default no), ``label_takes_s``.

Decided in the shape of the code, too small for a constant: the last page's cursor is an empty header; input is checked
before existence (400 before 404 before 409), and an id in a body that nobody has is a 400; a repeat that sets what is
set already is answered like the first time, also on a list that is over; a list that is over or on hold takes no other
marks; deleting a list frees its shipments and leaves it without pieces; cancelling a shipment takes away its pieces and
its parcels, and is refused once a parcel is under way or over; a missing piece counts as dealt with on its list, cannot
be packed and keeps its shipment from being complete; a piece need not be picked to be packed; a parcel goes out once,
and need not have gone out to be finished (it may be collected); a shipment can be edited until its first piece is
handled or packed; inbound shipments are finished when all their pieces are sorted; a failed label task leaves
``requested_at`` and says why in ``result``, a good one says the file's id; only a label that came costs money; a
webhook about a parcel names it as ``delivery``, one about a shipment names its order, so a shipment without an order
is never told of; a test or a repeated message is on its way when it is answered, so its attempt has no response yet.
"""

DEFAULT_PAGE_SIZE = 25
LARGEST_PAGE_SIZE = 100  # a larger one is refused
LISTS_NEWEST_FIRST = True  # all paged lists; so what is new moves the rows of numbered pages
TOKEN_LIVES_S = 3600
LABEL_TAKES_S = 2.0
SLIP_TAKES_S = 1.0
PRINT_TAKES_S = 5.0
TASK_EXPIRES_S = 86_400
MESSAGES_LIVE_DAYS = 30
GRANT_TYPE = "client_credentials"

# Seconds before each of the ten attempts at a delivery, after the one before it: the last comes 24.6 hours after
# the first.
ATTEMPT_DELAYS_S = (0, 9, 27, 81, 243, 729, 2187, 6561, 19_683, 59_049)

EVENTS = {
    "ORDER_OPENED": "An order was opened.",
    "ORDER_UPDATED": "An order, or how far it is, has changed.",
    "ORDER_CLOSED": "An order is done or was canceled.",
    "IN_TRANSIT": "A delivery is on its way.",
    "DELIVERED": "A delivery has arrived.",
}

# Names of problems in ``errors`` of a 400.
REQUIRED = "required"
INVALID = "invalid value"

MESSAGES = {
    400: "Input refused",
    401: "Token missing or expired",
    403: "Scope missing",
    404: "No such record",
    405: "Method not allowed",
    409: "The record is in a state that forbids it",
    429: "Too many requests",
    500: "Afosto failed; maybe retry",
    503: "Afosto is down; retry later",
}
