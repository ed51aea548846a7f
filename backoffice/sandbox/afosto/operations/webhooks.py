"""Webhook subscriptions, messages and attempts."""

from backoffice.sandbox.afosto import rules
from backoffice.sandbox.afosto.assumptions import ATTEMPT_DELAYS_S, EVENTS
from backoffice.sandbox.afosto.documents import Body
from backoffice.sandbox.afosto.operations.base import NO_CONTENT, Answer, Calls, as_kept, flag_of, json_body
from backoffice.sandbox.afosto.paging import PAGE
from backoffice.sandbox.afosto.refusal import invalid

OPERATIONS = {
    "GET /mes/webhooks/events": ("list_events", "mes:webhooks:read"),
    "GET /mes/webhooks/subscriptions": ("list_subscriptions", "mes:subscriptions:read"),
    "POST /mes/webhooks/subscriptions": ("create_subscription", "mes:subscriptions:write"),
    "GET /mes/webhooks/subscriptions/<subscription_id>": ("get_subscription", "mes:subscriptions:read"),
    "PUT /mes/webhooks/subscriptions/<subscription_id>": ("update_subscription", "mes:subscriptions:write"),
    "DELETE /mes/webhooks/subscriptions/<subscription_id>": ("delete_subscription", "mes:subscriptions:write"),
    "POST /mes/webhooks/subscriptions/<subscription_id>/trigger": ("trigger", "mes:subscriptions:write"),
    "GET /mes/webhooks/messages": ("list_messages", "mes:subscriptions:read"),
    "GET /mes/webhooks/messages/<message_id>": ("get_message", "mes:subscriptions:read"),
    "POST /mes/webhooks/messages/<message_id>": ("redeliver", "mes:subscriptions:write"),
    "GET /mes/webhooks/messages/<message_id>/attempts": ("list_attempts", "mes:subscriptions:read"),
    "GET /mes/webhooks/delays": ("list_delays", "mes:subscriptions:read"),
}


class WebhookCalls(Calls):
    """See OPERATIONS."""

    def list_events(self) -> Answer:
        return Answer([{"event": name, "description": words} for name, words in EVENTS.items()])

    def list_subscriptions(self) -> Answer:
        return self.by_cursor(self.afosto.events.subscriptions, as_kept)

    def create_subscription(self) -> Answer:
        given = rules.allowed(json_body(), rules.SUBSCRIPTION)
        _check_events(given["events"])
        return Answer(self.afosto.events.add_subscription(**given))

    def get_subscription(self, subscription_id: str) -> Answer:
        return Answer(self.afosto.events.subscriptions.get(subscription_id))

    def update_subscription(self, subscription_id: str) -> Answer:
        given = rules.allowed(json_body(), rules.SUBSCRIPTION)
        _check_events(given["events"])
        return Answer(self.afosto.save(self.afosto.events.subscriptions, subscription_id, **given))

    def delete_subscription(self, subscription_id: str) -> Answer:
        self.afosto.events.remove_subscription(subscription_id)
        return NO_CONTENT

    def trigger(self, subscription_id: str) -> Answer:
        given = rules.allowed(json_body(), rules.TRIGGER)
        _check_events([given["event"]])
        return Answer(self._under_way(self.afosto.events.trigger(subscription_id, **given)))

    def list_messages(self) -> Answer:
        asked = {f"json_extract(body, '$.{name}') = ?": flag_of(name) for name in ("is_delivered", "is_pending")}
        conditions = {sql: value for sql, value in asked.items() if value is not None}
        return self.by_cursor(self.afosto.events.messages, as_kept, conditions)

    def get_message(self, message_id: str) -> Answer:
        return Answer(self.afosto.events.messages.get(message_id))

    def redeliver(self, message_id: str) -> Answer:
        return Answer(self._under_way(self.afosto.events.redeliver(message_id)))

    def list_attempts(self, message_id: str) -> Answer:
        self.afosto.events.messages.get(message_id)
        return self.by_cursor(self.afosto.events.attempts, _attempt, {"owner = ?": message_id})

    def list_delays(self) -> Answer:
        totals = [sum(ATTEMPT_DELAYS_S[:number]) for number in range(1, len(ATTEMPT_DELAYS_S) + 1)]
        rows = enumerate(zip(ATTEMPT_DELAYS_S, totals, strict=True), start=1)
        delays = [{"attempt": number, "delay": delay, "total_delay": total} for number, (delay, total) in rows]
        return Answer(delays, {PAGE: ""})

    def _under_way(self, message: Body) -> Body:
        """A message whose attempt is being made: there is no response yet."""
        attempt = {
            "id": 0,
            "number": message["attempts"] + 1,
            "is_success": False,
            "response_time": 0,
            "response_code": 0,
            "response_body": "",
            "attempted_at": self.afosto.moment(),
        }
        return {**{name: value for name, value in message.items() if name != "attempts"}, "attempt": attempt}


def _attempt(attempt: Body) -> Body:
    return {name: value for name, value in attempt.items() if name != "message"}


def _check_events(names: list[str]) -> None:
    if not set(names) <= EVENTS.keys():
        raise invalid("events")
