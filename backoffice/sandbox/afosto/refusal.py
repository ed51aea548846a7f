"""How Afosto says no."""

from collections.abc import Mapping, Sequence

from backoffice.sandbox.afosto.assumptions import INVALID, MESSAGES, REQUIRED


class Refusal(Exception):
    """An answer other than 2xx.

    Args:
        status: the HTTP status.
        message: for people; by default the one of the status.
        errors: problem -> names of the members that have it.
    """

    def __init__(self, status: int, message: str = "", errors: Mapping[str, Sequence[str]] | None = None) -> None:
        self.status, self.message = status, message or MESSAGES.get(status, f"Status {status}")
        self.errors = {problem: list(names) for problem, names in (errors or {}).items()}
        super().__init__(self.message)


def invalid(*names: str) -> Refusal:
    """400: the values of these members are refused."""
    return Refusal(400, errors={INVALID: names})


def lacking(*names: str) -> Refusal:
    """400: these members are required."""
    return Refusal(400, errors={REQUIRED: names})


def not_found(what: str) -> Refusal:
    """404."""
    return Refusal(404, f"No such {what}")


def conflict(message: str, *names: str) -> Refusal:
    """409: the record is in a state that forbids the call."""
    return Refusal(409, message, {"conflict": names} if names else None)
