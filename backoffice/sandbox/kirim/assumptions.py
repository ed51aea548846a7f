"""What the contract leaves open (``x-assumption``) and how this sandbox decides it. Nowhere else decides.

Two more are choices of whoever builds a ``Sandbox``: ``lists_archived`` (does the customers list without a status
filter hold archived customers? default no) and ``kirim_api_key`` (sent as ``Authorization: Bearer <key>``).

Decided in the shape of the code, too small for a constant: search is a case-insensitive substring of name, e-mail or
any metadata value; metadata is replaced, never merged; archiving twice answers 200 with the same body; a link past
``expires_at`` is expired from that moment on; a PATCH without a known member changes nothing and answers 200; the
accounts list pages like the customers list; a redirect may have any URI scheme; a suspended customer may get a link;
archiving leaves links and accounts as they are; input is checked before existence (400 before 404 before 409); an
event's ``data`` is the customer as the list states it, or the link without its secret; a change to *archived* is no
*updated* as well; a finished signup is told as a link consumed, a customer updated (where it was pending), a customer
onboarded; what happens while a subscription is not active is never told to it; an event has the same id for all.
"""

DEFAULT_PAGE_SIZE = 50
LARGEST_PAGE_SIZE = 200  # a larger limit is taken as this one
LISTS_NEWEST_FIRST = True  # customers, accounts and subscriptions; false: oldest first
DEFAULT_LINK_HOURS = 168
DEEPEST_METADATA = 100  # levels; real services refuse more at some point too
DEFAULT_TEAM = "team_main"
SETUP_URL = "https://connect.kirim.example/s/{token}"

# A write to an archived customer (PATCH, new setup link): the calls list no 409, so it is an input error.
ARCHIVED_WRITE_STATUS = 400
ARCHIVED_WRITE_CODE = "customer_archived"

# Template sync for a suspended or archived owner is a 422; this code is the one the send documentation knows for it.
OWNER_SUSPENDED_CODE = "customer_suspended"

# PATCH of a subscription lists a 409: taken to be for one that Kirim itself disabled.
DISABLED_SUBSCRIPTION_IS_CONFLICT = True

# A delivery that is not answered with 2xx is tried again after these pauses, then given up.
DELIVERY_PAUSES_S = (2, 10, 60, 300, 1800)

# error.code per status, where nothing more precise is known; 502 is stated, the others are not.
ERROR_CODES = {
    400: "validation_failed",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    422: "unprocessable",
    429: "rate_limited",
    500: "internal_error",
    502: "upstream_error",
    503: "unavailable",
}

EVENTS = frozenset(
    {
        "conversation.assigned",
        "conversation.closed",
        "contact.created",
        "contact.updated",
        "customer.created",
        "customer.updated",
        "customer.archived",
        "customer.onboarded",
        "customer.setup_link.created",
        "customer.setup_link.consumed",
    }
)  # stated; the two older names that the source hides are refused like any unknown one
