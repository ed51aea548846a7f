"""What a check answers with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

QUEUED_TOO_LONG = timedelta(minutes=10)  # for what a worker should have taken


class Health(StrEnum):
    """How it stands: ``warn`` wants a look, with ``fail`` something does not work or is not safe."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's. ``fix`` is what to do, "" where nothing is to be done."""

    name: str
    state: Health
    text: str
    fix: str = ""


Check = Callable[[], Iterator[Finding]]


def either(name: str, is_good: bool, good: str, bad: Finding) -> Finding:
    """``bad`` unless it is good."""
    return Finding(name, Health.OK, good) if is_good else Finding(name, bad.state, bad.text, bad.fix)
