"""What is not fulfilment itself: people, orders, the print queue, tokens."""

import hmac

from flask import request

from backoffice.sandbox.afosto import rules
from backoffice.sandbox.afosto.assumptions import GRANT_TYPE
from backoffice.sandbox.afosto.documents import Body
from backoffice.sandbox.afosto.operations.base import Answer, Calls, as_kept, json_body
from backoffice.sandbox.afosto.refusal import Refusal, invalid

OPERATIONS = {
    "GET /rel/contacts": ("list_contacts", "rel:contacts:read"),
    "GET /rel/contacts/<contact_id>": ("get_contact", "rel:contacts:read"),
    "GET /rel/addresses/<address_id>": ("get_address", "rel:contacts:read"),
    "GET /odr/orders": ("list_orders", "odr:orders:read"),
    "GET /odr/orders/<order_id>": ("get_order", "odr:orders:read"),
    "GET /spl/queue": ("list_print_jobs", "spl:queue:read"),
    "POST /spl/queue": ("create_print_job", "spl:queue:create"),
    "GET /spl/queue/<reference>": ("get_print_job", "spl:queue:read"),
    "GET /spl/printers": ("list_printers", "spl:printers:read"),
    "POST /iam/oauth/authorize": ("create_token", ""),
    "GET /iam/jwt/extend": ("extend_token", ""),
}
_STATUS_ASKED = {name: name for name in ("printed", "scheduled", "failed", "cancelled")} | {"received": "pending"}


class PlatformCalls(Calls):
    """See OPERATIONS."""

    def list_contacts(self) -> Answer:
        return self.by_cursor(self.afosto.contacts, as_kept)

    def get_contact(self, contact_id: str) -> Answer:
        return Answer(self.afosto.contacts.get(contact_id))

    def get_address(self, address_id: str) -> Answer:
        return Answer(self.afosto.addresses.get(address_id))

    def list_orders(self) -> Answer:
        number = request.args.get("number")
        return self.by_cursor(
            self.afosto.orders, as_kept, {"json_extract(body, '$.number') = ?": number} if number else None
        )

    def get_order(self, order_id: str) -> Answer:
        return Answer(self.afosto.orders.get(order_id))

    def list_print_jobs(self) -> Answer:
        status = request.args.get("status") or "scheduled"
        if status not in _STATUS_ASKED:
            raise invalid("status")
        printer_id = request.args.get("printer_id")
        asked = {
            "json_extract(body, '$.status') = ?": _STATUS_ASKED[status],
            "json_extract(body, '$.tag') = ?": request.args.get("tag"),
            "json_extract(body, '$.hub_id') = ?": self.afosto.printers.get(printer_id)["hub_id"]
            if printer_id
            else None,
        }
        return self.by_cursor(self.afosto.print_jobs, as_kept, {sql: value for sql, value in asked.items() if value})

    def create_print_job(self) -> Answer:
        return Answer(self.afosto.printing.create(rules.allowed(json_body(), rules.PRINT_JOB)))

    def get_print_job(self, reference: str) -> Answer:
        return Answer(self.afosto.printing.by_reference(reference))

    def list_printers(self) -> Answer:
        asked = {name: request.args[name] for name in ("hub_id", "inbox_id") if request.args.get(name)}
        printers = [its for its in self.afosto.printers if asked.items() <= its.items()]
        return Answer(printers)

    def create_token(self) -> Answer:
        given = rules.allowed(json_body(), rules.TOKEN)
        if given["grant_type"] != GRANT_TYPE:
            raise invalid("grant_type")
        client_id, client_secret = self.afosto.client
        matches = [
            hmac.compare_digest(given["client_id"].encode(), client_id.encode()),
            hmac.compare_digest(given["client_secret"].encode(), client_secret.encode()),
        ]
        if not all(matches):
            raise Refusal(401, "Unknown client, or wrong secret")
        return self._token(given.get("scope", ""))

    def extend_token(self) -> Answer:
        token = request.headers.get("Authorization", "").partition(" ")[2].strip()
        return self._token(self.afosto.tokens.scope_of(token))

    def _token(self, scope: str) -> Answer:
        tokens = self.afosto.tokens
        body: Body = {"token_type": "Bearer", "expires_in": int(tokens.lifetime_s), "access_token": tokens.issue(scope)}
        return Answer({**body, "refresh_token": None})
