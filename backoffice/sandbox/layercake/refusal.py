"""How L4YERCAK3 says no."""

from collections.abc import Iterable, Mapping

from backoffice.sandbox.layercake.assumptions import CODES, FULL, OTHER_CODE, TEXTS, UPGRADE_URL


class Refusal(Exception):
    """An answer other than 2xx.

    Args:
        status: the HTTP status.
        code: by default the one of the status.
        text: for people; by default the one of the code.
        headers: of the answer.
    """

    def __init__(
        self, status: int, code: str | None = None, text: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        self.status, self.code, self.headers = status, code or CODES.get(status, OTHER_CODE), headers or {}
        self.text = text or TEXTS.get(self.code, "server fault")
        super().__init__(self.text)

    def body(self, *, member: str = "error") -> dict[str, str]:
        """The answer's body.

        Args:
            member: where the text goes.
        """
        offer = {"suggestion": "Upgrade your plan", "upgradeUrl": UPGRADE_URL} if self.code in FULL else {}
        return {member: self.text, "code": self.code, **offer}


def invalid(*problems: tuple[str, str]) -> Refusal:
    """400: these parameters or members (name, what is wrong) are refused."""
    return Refusal(400, text=_told(problems))


def lacking(*names: str) -> Refusal:
    """400: these are needed."""
    return Refusal(400, "MISSING_PARAM", _told((name, "is required") for name in names))


def not_found(what: str) -> Refusal:
    """404."""
    return Refusal(404, text=f"no such {what}")


def _told(problems: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"{name} {problem}" for name, problem in problems)
