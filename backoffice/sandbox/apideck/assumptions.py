"""What the contract leaves open (``x-assumption``) and how this sandbox decides it. Nowhere else decides.

Some are choices of whoever uses an ``Apideck``: ``calls.per_minute`` (how many calls the connected service takes within
a minute), and the keys that a ``Sandbox`` is built with.

Decided in the shape of the code, too small for a constant: the list is in the order of creation, so what is new comes
last; a cursor keeps its place while rows come and go; a list that is refused to be paged (switch ``unpaged``) comes
whole, without a next cursor; the service may be left out of the headers while the consumer has one connection, as it
has here; PATCH keeps omitted members and replaces lists and the bank account whole; a PATCH without members changes
nothing and answers 200; an item of a list that comes without an id gets one; ``_raw`` holds the answer's data once
more; unknown names in ``fields`` are passed over; what a body has wrong is told in ``detail`` under ``missing`` (as the
contract shows) or ``invalid``; a switched answer has no ``Request-Id``; ``x-downstream-ratelimit-reset`` is in Unix
seconds; calls are refused while the connection is deleted (404 ConnectionNotFoundError), disabled (422
InvalidStateError), revoked or without a fresh token (401 ConnectorCredentialsError) or not set up to its end (422
ConnectionSettingsError).
"""

DEFAULT_PAGE_SIZE = 20
LARGEST_PAGE_SIZE = 200  # a larger limit is refused
UNPAGED_STATUS = 400  # of PaginationNotSupportedError
NEW_STATUS = "active"  # of a customer that is created without one
CALLS_PER_MINUTE = 6000  # what the connected service takes
API_USER = "u-7"  # who creates and changes by calls

# type_name per status, where nothing more precise is known; the last three are our names. That of a 404 is none that
# speaks of a record.
TYPE_NAMES = {
    400: "RequestValidationError",
    401: "UnauthorizedError",
    402: "RequestLimitError",
    422: "InvalidStateError",
    429: "ConnectorRateLimitError",
    501: "ConnectorOperationUnsupportedError",
    404: "RouteNotFoundError",
    405: "MethodNotAllowedError",
    500: "UnknownError",
}
OTHER_TYPE_NAME = "ConnectorExecutionError"  # its status is the connected service's own

MESSAGES = {
    "RequestValidationError": "Invalid Params",
    "PaginationNotSupportedError": "Pagination is not supported by this service",
    "UnauthorizedError": "Unauthorized Request",
    "ConnectorCredentialsError": "The connection's credentials were refused",
    "RequestLimitError": "Request Limit Reached",
    "EntityNotFoundError": "Unknown Customer",
    "ConnectionNotFoundError": "Unknown Connection",
    "ConnectionSettingsError": "The connection lacks settings",
    "InvalidStateError": "Invalid State",
    "ConnectorRateLimitError": "Connector Rate Limit Error",
    "ConnectorOperationUnsupportedError": "Operation not supported by this service",
    "ConnectorExecutionError": "Downstream call failed",
}
DETAILS = {
    "RequestLimitError": "The plan allows 2000 requests.",
    "InvalidStateError": "The connection is not ready for this call.",
    "ConnectorExecutionError": "The connected service answered with an error.",
    "ConnectorOperationUnsupportedError": "customers",
}
RATE_LIMIT_DETAIL = {"context": "kustomer", "error": {"limit": 1000}}

# What a connection event makes of the connection: (enabled, state); None: as it was.
CONNECTION_EVENTS = {
    "vault.connection.created": (True, "added"),
    "vault.connection.updated": (None, None),
    "vault.connection.disabled": (False, None),
    "vault.connection.deleted": (False, "available"),
    "vault.connection.callable": (True, "callable"),
    "vault.connection.revoked": (None, "invalid"),
    "vault.connection.migrated": (None, None),
    "vault.connection.token_refresh.failed": (None, "invalid"),
    "vault.connection.token_refresh.pending": (None, None),
    "vault.connection.token_refresh.recovered": (None, "callable"),
    "vault.connection.downstream.degraded": (None, None),
    "vault.connection.downstream.recovered": (None, None),
}
TEST_EVENT = "vault.connection.updated"  # sent when a webhook is registered

# A delivery that is not answered with 2xx is tried again after these pauses, then given up.
DELIVERY_PAUSES_S = (5, 30, 120, 600, 3600)
