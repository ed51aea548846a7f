"""How Kirim says no."""

from collections.abc import Iterable

from backoffice.sandbox.kirim.assumptions import ERROR_CODES


class Refusal(Exception):
    """An answer other than 2xx.

    Args:
        status: the HTTP status.
        code: ``error.code``; by default the one of the status.
        details: (member or parameter, what is wrong) pairs.
    """

    def __init__(
        self, status: int, message: str, *, code: str | None = None, details: Iterable[tuple[str, str]] = ()
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.details = status, message, list(details)
        self.code = code or ERROR_CODES.get(status, f"http_{status}")


def invalid(*details: tuple[str, str]) -> Refusal:
    """400: input failed validation."""
    return Refusal(400, "One or more inputs are not valid.", details=details)


def not_found(what: str) -> Refusal:
    """404."""
    return Refusal(404, f"No such {what}.")


def conflict(message: str) -> Refusal:
    """409: the record is in a state that forbids the call."""
    return Refusal(409, message)
