"""What writes come to: there already, changed meanwhile, and compared when they are looked for."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice import upstreams
from backoffice.errors import ChangedMeanwhile
from backoffice.models import RemoteWrite
from backoffice.sync.changes import is_same
from backoffice.writes.sending import members_in_words, settle
from backoffice.writes.verbs import Look

T = TypeVar("T")
State = RemoteWrite.State


def as_it_is(row: T, write: RemoteWrite) -> T:
    """Confirm a write that asks for what is there already."""
    label = upstreams.UPSTREAMS[write.upstream].label
    settle(write, State.CONFIRMED, remark=format_lazy(_("{label} had it so already; nothing was sent."), label=label))
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
        told = _("{row} was changed at {label} meanwhile ({members}). Nothing was sent.")
        sentence = format_lazy(told, row=row, label=label, members=", ".join(sorted(theirs)))
        raise ChangedMeanwhile(sentence, {name: seen[name] for name in theirs}, theirs)


def compared(
    label: str, there: Mapping[str, Any], wanted: Mapping[str, Any], before: Mapping[str, Any], is_late: bool
) -> Look:
    """What looking says of members as they are there, as they were sent and as they were before.

    Args:
        label: what people call the upstream.
    """
    differing = sorted(name for name in wanted if not is_same(there.get(name), wanted[name]))
    if not differing:
        return Look(State.CONFIRMED, format_lazy(_("{label} shows what was sent."), label=label))
    members = members_in_words(differing, {name: there.get(name) for name in differing})
    if is_late and all(name in before and is_same(there.get(name), before[name]) for name in differing):
        told = _("{label} shows what was there before: {members}.")
        return Look(State.FAILED, format_lazy(told, label=label, members=members))
    told = _("{label} shows something else than was sent: {members}.")
    return Look(State.UNKNOWN, format_lazy(told, label=label, members=members))
