"""How Apideck says no."""

from http.client import responses
from typing import Any

from backoffice.sandbox.apideck.assumptions import DETAILS, MESSAGES, OTHER_TYPE_NAME, RATE_LIMIT_DETAIL, TYPE_NAMES

_REF = "https://developers.apideck.com/errors#{}"


class Refusal(Exception):
    """An answer other than 2xx.

    Args:
        status: the HTTP status.
        type_name: the class of the error; by default the one of the status.
        detail: text or an object; by default what belongs to the class.
        headers: of the answer.
    """

    def __init__(
        self,
        status: int,
        type_name: str | None = None,
        detail: str | dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.status, self.headers = status, headers or {}
        self.type_name = type_name or TYPE_NAMES.get(status, OTHER_TYPE_NAME)
        self.message = MESSAGES.get(self.type_name, responses.get(status, "Error"))
        usual = RATE_LIMIT_DETAIL if self.type_name == "ConnectorRateLimitError" else DETAILS.get(self.type_name)
        self.detail = detail or usual or self.message
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        """The answer's body."""
        return {
            "status_code": self.status,
            "error": responses.get(self.status, "Error"),
            "type_name": self.type_name,
            "message": self.message,
            "detail": self.detail,
            "ref": _REF.format(self.type_name.lower()),
        }


def invalid(*problems: tuple[str, str]) -> Refusal:
    """400: these parameters or members (name, what is wrong) are refused."""
    lacking = [{name: "required"} for name, problem in problems if problem == "is required"]
    wrong = [{name: problem} for name, problem in problems if problem != "is required"]
    return Refusal(400, detail={**({"missing": lacking} if lacking else {}), **({"invalid": wrong} if wrong else {})})


def not_found(customer_id: str) -> Refusal:
    """404: there is no such customer."""
    return Refusal(404, "EntityNotFoundError", {"not_found": {"entity": "customer", "id": customer_id}})
