"""What writes come to: there already, changed meanwhile, and compared when they are looked for."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from backoffice import upstreams
from backoffice.errors import ChangedMeanwhile
from backoffice.models import RemoteWrite
from backoffice.sync.changes import is_same
from backoffice.writes.sending import settle
from backoffice.writes.verbs import Look

T = TypeVar("T")
State = RemoteWrite.State


def as_it_is(row: T, write: RemoteWrite) -> T:
    """Confirm a write that asks for what is there already."""
    label = upstreams.UPSTREAMS[write.upstream].label
    settle(write, State.CONFIRMED, remark=f"{label} had it so already; nothing was sent.")
    return row


def refuse_if_moved(
    row: object,
    label: str,
    there: Mapping[str, Any],
    wanted: Mapping[str, Any],
    seen: Mapping[str, Any],
    agrees: Callable[[Any, Any], bool] = is_same,
) -> None:
    """Refuse a change of members that are neither as the person saw them nor as wanted.

    Args:
        row: the object, as sentences name it.
        label: what people call the upstream.
        there: the members of ``wanted`` as they are there now.
        seen: the same as the person saw them; what is not in there overwrites whatever is there.
        agrees: whether what is there says all that was wanted: called with the wanted, then what is there.

    Raises ChangedMeanwhile; nothing was sent.
    """
    moved = [name for name in wanted if name in seen and not is_same(there[name], seen[name])]
    theirs = {name: there[name] for name in moved if not agrees(wanted[name], there[name])}
    if theirs:
        told = f"{row} was changed at {label} meanwhile ({', '.join(sorted(theirs))}). Nothing was sent."
        raise ChangedMeanwhile(told, {name: seen[name] for name in theirs}, theirs)


def compared(
    label: str, there: Mapping[str, Any], wanted: Mapping[str, Any], before: Mapping[str, Any], is_late: bool
) -> Look:
    """What looking says of members as they are there, as they were sent and as they were before.

    Args:
        label: what people call the upstream.
    """
    differing = sorted(name for name in wanted if not is_same(there.get(name), wanted[name]))
    if not differing:
        return Look(State.CONFIRMED, f"{label} shows what was sent.")
    told = ", ".join(f"{name} is {there.get(name)!r}" for name in differing)
    if is_late and all(name in before and is_same(there.get(name), before[name]) for name in differing):
        return Look(State.FAILED, f"{label} shows what was there before: {told}.")
    return Look(State.UNKNOWN, f"{label} shows something else than was sent: {told}.")
