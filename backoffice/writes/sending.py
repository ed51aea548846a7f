"""Sending: the row is taken, each request is recorded before its first byte, and what came of it settles the write."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

import structlog
from django.db import connection, transaction
from django.utils import timezone
from django.utils.functional import lazy, lazystr
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice import audit, upstreams
from backoffice.badges import in_words
from backoffice.client import WRITE_TOTAL_S, Attempts
from backoffice.errors import (
    BackofficeError,
    RemoteAuthFailed,
    RemoteConflict,
    RemoteError,
    RemoteLimited,
    RemoteNotFound,
    RemoteNotReached,
    RemoteRejected,
    RemoteUnconnected,
    RemoteUnsupported,
    WriteIsSettled,
)
from backoffice.models import BulkItem, RemoteWrite, WriteAttempt
from backoffice.sync.changes import is_same
from backoffice.sync.resource import RESOURCES
from backoffice.texts import Text, written
from backoffice.wording import remote_error_in_words
from backoffice.writes.verbs import verb_of

T = TypeVar("T")
State = RemoteWrite.State
log = structlog.get_logger(__name__)

WAIT = _("Wait until that is known before you do it again.")
CORRECT = _("Nothing was changed. Correct what it names, and do it again.")
REFRESH = _("Nothing was changed. Refresh the record: it is not as it was thought to be.")
SEND_DEADLINE = timedelta(seconds=WRITE_TOTAL_S)


def send(
    write: RemoteWrite,
    call: Callable[[Attempts], T],
    keep: Callable[[T], str | None] = lambda answer: None,
    *,
    before: Mapping[str, Any] | None = None,
) -> T:
    """Send a planned write, once; its answer.

    Args:
        call: the API's method, given what records its requests.
        keep: stores the answer in the transaction that confirms the write; answers the object's id where it is new. By
            default nothing: some answers say no more than that it was done.
        before: how the object was just now, for looking.

    Raises:
        WriteIsSettled: somebody else has it in hand or has settled it; nothing was sent by this call.
        RemoteError: as the API's method; by then the write is *refused*, *failed* or *unknown*.
        RuntimeError: inside a transaction.
    """
    if write.is_preview:
        return call(_Unrecorded())
    _take(write, before)
    requests = _Requests(write)
    try:
        answer = call(requests)
    except RemoteError as error:
        _settle_by_error(write, error, requests)
        raise
    with transaction.atomic():
        remote_id = keep(answer)
        found: dict[str, Any] = {"remote_id": remote_id} if remote_id else {}
        settle(write, State.CONFIRMED, status=requests.status, request_id=requests.request_id, **found)
    return answer


def settle(write: RemoteWrite, state: RemoteWrite.State, *, was: RemoteWrite.State | None = None, **told: Any) -> bool:
    """Bring a write that is not over to ``state``, and its row of a bulk action with it. False where it was over.

    Only from the state ``was``, where that is given: whoever says that nothing was sent must not speak of a write that
    somebody else has begun to send. What is not ours is left as it is.

    ``told`` are columns: error, remark, status, request_id, field_errors, remote_id, secret_lost. What is not told is
    cleared, so that nothing of an earlier try stands beside the end.
    """
    cleared: dict[str, Any] = {
        "error": "", "remark": "", "field_errors": {}, "next_look_at": None, "secret_lost": False,
    }  # fmt: skip
    values = {**cleared, **told, "state": state, "settled_at": timezone.now()}
    if state == State.UNKNOWN:
        values |= {"settled_at": None, "next_look_at": (write.sent_at or timezone.now()) + SEND_DEADLINE}
    for name in ("error", "remark"):
        if name in values:
            values[name] = written(values[name])[:500]
    if write.is_preview:
        for name in ("error", "remark", "state"):
            setattr(write, name, values[name])
        return True
    before = [was] if was else [State.PLANNED, State.SENT, State.UNKNOWN]
    if state == State.CONFIRMED and not was:
        before.append(State.FAILED)  # an answer that comes after looking gave it up is the stronger word
    with transaction.atomic():
        rows = RemoteWrite.objects.filter(pk=write.pk, state__in=before)
        if was:  # and it was not sent again since the caller read it
            rows = rows.filter(sent_at=write.sent_at)
        is_ours = bool(rows.update(**values))
        if is_ours:
            made = {"remote_id": values["remote_id"]} if values.get("remote_id") else {}
            BulkItem.objects.filter(pk=write.pk).update(
                state=state, error=values["error"], ended_at=timezone.now(), claimed_at=None, **made
            )
            write.refresh_from_db()
            audit.note_write(write)
    if not is_ours:
        write.refresh_from_db()
    log.info("write settled", write=str(write.pk), verb=write.verb, target=write.target, state=write.state)
    return is_ours


def lost_before(write: RemoteWrite) -> bool:
    """Whether an earlier request of it got no answer, though looking did not find what it may have done."""
    return write.attempts.filter(outcome=WriteAttempt.Outcome.LOST).exists()


def note_unlike(write: RemoteWrite, there: Mapping[str, Any]) -> None:
    """Say in a confirmed write what the remote shows instead of what was sent, though it took it.

    Args:
        there: the members of ``write.sends`` as the remote shows them now.
    """
    masked = RESOURCES[verb_of(write).resource].record.masked  # a remark is read by all who may see the write
    unlike = [name for name in sorted(there) if not is_same(there[name], write.sends[name])]
    if unlike and write.state == State.CONFIRMED and not write.remark:
        label = upstreams.UPSTREAMS[write.upstream].label
        told = _("{label} took it but shows something else than was sent: {members}.")
        open_ones = {name: there[name] for name in unlike if name not in masked}
        members = members_in_words(unlike, open_ones)
        remark = written(format_lazy(told, label=label, members=members))
        RemoteWrite.objects.filter(pk=write.pk).update(remark=remark[:500])
        write.refresh_from_db()


def _members_in_words(names: Iterable[str], there: Mapping[str, Any]) -> str:
    told = gettext("{name} is {value}")
    return ", ".join(told.format(name=name, value=repr(there[name])) if name in there else name for name in names)


members_in_words = lazy(_members_in_words, str)
"""Members inside a sentence, each with what the remote shows for it where that is given: "name is 'Ada', email"."""


def settle_unsent(write: RemoteWrite, error: RemoteError | BackofficeError) -> None:
    """Nothing of this write was sent: *refused* where somebody said no, *failed* where trying again may do."""
    label = upstreams.UPSTREAMS[write.upstream].label
    if isinstance(error, RemoteError):
        state = State.REFUSED if isinstance(error, RemoteRejected) else State.FAILED
        words = format_lazy(_("Nothing was sent. {told}"), told=remote_error_in_words(error, label))
        settle(write, state, was=State.PLANNED, error=words, **_reference(error))
    else:
        settle(write, State.REFUSED, was=State.PLANNED, error=lazystr(error))


class _Unrecorded:
    """The request of a preview, which is no attempt (``client.Attempts``): its client lets nothing out."""

    def begin(self) -> None:
        return

    def end(self, error: RemoteError | None, status: int | None, request_id: str) -> None:
        return


class _Requests:
    """Takes and records the requests of one sending (``client.Attempts``)."""

    def __init__(self, write: RemoteWrite) -> None:
        self._write = write
        self._attempt: WriteAttempt | None = None
        self.status: int | None = None
        self.request_id = ""
        self.has_lost_one = False

    def begin(self) -> None:
        refuse_in_transaction()
        with transaction.atomic(durable=True):
            if not RemoteWrite.objects.filter(pk=self._write.pk, state=State.SENT).update(state=State.SENT):
                told = _("Write {id} was settled meanwhile, so it is not sent.")
                raise WriteIsSettled(format_lazy(told, id=self._write.pk))
            self._attempt = WriteAttempt.objects.create(write=self._write)

    def end(self, error: RemoteError | None, status: int | None, request_id: str) -> None:
        self.status, self.request_id = status, request_id
        outcome = _outcome(error)
        self.has_lost_one = self.has_lost_one or outcome == WriteAttempt.Outcome.LOST
        assert self._attempt is not None  # noqa: S101  begin comes first
        WriteAttempt.objects.filter(pk=self._attempt.pk).update(
            ended_at=timezone.now(),
            outcome=outcome,
            status=status,
            request_id=request_id,
            error=str(error)[:500] if error else "",
        )


def refuse_in_transaction() -> None:
    """Raises RuntimeError where a transaction is open: what it would roll back was sent all the same."""
    blocks = connection.atomic_blocks
    if blocks and not getattr(blocks[-1], "_from_testcase", False):  # as Django itself tells a test's own transaction
        raise RuntimeError("A remote write is not sent inside a transaction.")


def _take(write: RemoteWrite, before: Mapping[str, Any] | None) -> None:
    values: dict[str, Any] = {"state": State.SENT, "sent_at": timezone.now()}
    if before is not None:
        values["before"] = dict(before)
    with transaction.atomic(durable=True):
        is_ours = RemoteWrite.objects.filter(pk=write.pk, state=State.PLANNED).update(**values)
    write.refresh_from_db()
    if not is_ours:
        told = _("Write {id} is {state} already; it was not sent again.")
        raise WriteIsSettled(format_lazy(told, id=write.pk, state=in_words(write.state)))


def _settle_by_error(write: RemoteWrite, error: RemoteError, requests: _Requests) -> None:
    label = upstreams.UPSTREAMS[write.upstream].label
    words: Text = remote_error_in_words(error, label)
    if requests.has_lost_one or _outcome(error) == WriteAttempt.Outcome.LOST:
        # Not in the words for readings: those say to try again, which is what may make a second one.
        told = _("Nobody can say yet whether {label} did it; we look by ourselves. {advice} ({error})")
        settle(
            write, State.UNKNOWN, error=format_lazy(told, label=label, advice=WAIT, error=error), **_reference(error)
        )
    elif isinstance(error, RemoteRejected):
        if advice := _advice(error):
            words = format_lazy("{told} {advice}", told=words, advice=advice)
        settle(write, State.REFUSED, error=words, field_errors=dict(error.fields), **_reference(error))
    else:
        told = _("Nothing was done. {told}")
        settle(write, State.FAILED, error=format_lazy(told, told=words), **_reference(error))


def _advice(error: RemoteRejected) -> Text:
    """What to do about a refusal, where the words for its kind do not say it."""
    if isinstance(error, RemoteConflict):
        return REFRESH
    says_it = (RemoteAuthFailed, RemoteNotFound, RemoteUnconnected, RemoteUnsupported)
    return "" if isinstance(error, says_it) else CORRECT


def _outcome(error: RemoteError | None) -> WriteAttempt.Outcome:
    if error is None:
        return WriteAttempt.Outcome.DONE
    if isinstance(error, RemoteNotReached):
        return WriteAttempt.Outcome.NOT_REACHED
    if isinstance(error, RemoteLimited):
        return WriteAttempt.Outcome.LIMITED
    if isinstance(error, RemoteRejected):
        return WriteAttempt.Outcome.REJECTED
    return WriteAttempt.Outcome.LOST  # RemoteAnswerLost, and an answer outside the contract: it may have been done


def _reference(error: RemoteError) -> dict[str, Any]:
    return {"status": error.status, "request_id": error.request_id}
