"""Exports in the background: asked for, carried out by a worker as the person who asked, kept for a week.

A worker claims the row and writes a file of its own name; it counts for who still has the claim at the end. So workers
may be killed and may be many. The file's own time is the sign of life: while rows are read nothing is written to the
database, which on SQLite could not be done from an older snapshot.
"""

import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from secrets import token_urlsafe
from shutil import rmtree
from time import time
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth.models import User
from django.core.exceptions import SuspiciousOperation
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy, lazystr
from django.utils.text import format_lazy
from django.utils.translation import gettext, ngettext_lazy, pgettext
from django.utils.translation import gettext_lazy as _

from backoffice import export as files
from backoffice import limits, listed, savedviews
from backoffice.errors import BackofficeError, NotAllowed
from backoffice.models import Export, Notification
from backoffice.models.exports import KEPT_FOR
from backoffice.notify import tell
from backoffice.process import this_process
from backoffice.savedviews import Arranged
from backoffice.texts import Text, number_lazy, written

State = Export.State
OPEN = (State.QUEUED, State.RUNNING)
log = structlog.get_logger(__name__)

MOST_OPEN = 5  # of one person
MOST_TRIES = 3
FORGOTTEN_AFTER = timedelta(seconds=60)
SILENT_AFTER = timedelta(minutes=10)  # on another host, or in a process that lives on; one that is gone is seen at once
ORPHAN_AFTER_S = 24 * 3600


class TooManyOpen(BackofficeError):
    """The person waits for as many already."""


class _TakenAway(Exception):
    """Somebody deleted the export, or another worker has it."""


def folder() -> Path:
    """Where the files lie; nobody else on the machine can look into it."""
    path = Path(settings.DATA_DIR) / "exports"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def path_of(export: Export) -> Path:
    """Where the file of a finished export lies."""
    return folder() / Path(export.file_name).name


def _part_of(export: Export) -> Path:
    return folder() / f"{Path(export.file_name).name}.part"


# -- asking -----------------------------------------------------------------------------------------------------------


def ask(
    user: User, model_admin: Any, arranged: Arranged, *, id: UUID, kind: str, columns: Iterable[str]
) -> tuple[Export, bool]:
    """Write down that a list is to be exported; the export, and whether it is new: the same ``id`` gives the same one.

    Raises TooManyOpen.
    """
    earlier = Export.objects.filter(pk=id, user=user).first()
    if earlier is not None:
        return earlier, False
    if Export.objects.filter(user=user, state__in=OPEN).count() >= MOST_OPEN:
        told = _("You wait for {count} exports already. Ask again when one of them is ready.")
        raise TooManyOpen(format_lazy(told, count=MOST_OPEN))
    values = {
        "list_label": savedviews.label_of(model_admin),
        "query": arranged.query,
        "order": arranged.order,
        "columns": list(columns),
        "kind": kind,
    }
    return Export.objects.get_or_create(pk=id, user=user, defaults=values)


# -- carrying out -----------------------------------------------------------------------------------------------------


def carry_out(pk: UUID | str) -> None:
    """Write one queued export. One that is over, or that somebody has in hand, is left alone. Raises nothing of it."""
    export = _claim(pk)
    if export is None:
        return
    try:
        user = User.objects.get(pk=export.user_id)  # fresh: what was taken from the person counts
        with limits.of(user):
            _write(export, user)
    except _TakenAway:
        log.info("export was taken away", export=str(export.pk))
    except NotAllowed as error:
        _end(export, State.REFUSED, error=lazystr(error))
    except (IncorrectLookupParameters, SuspiciousOperation):
        unknown = _("The list does not know these filters any more. Filter it again, then export.")
        _end(export, State.FAILED, error=unknown)
    except files.TooManyRows:
        why = _("An XLSX sheet holds {count} rows, and there are more. Narrow the list, or take CSV.")
        _end(export, State.FAILED, error=format_lazy(why, count=number_lazy(files.MOST_SHEET_ROWS)))
    except OSError as error:
        log.exception("an export could not be written", export=str(export.pk))
        why = _("The file could not be written ({error}). Tell an operator.")
        _end(export, State.FAILED, error=format_lazy(why, error=error.strerror or type(error).__name__))
    except Exception as error:  # a fault of ours; the person must not wait for ever
        log.exception("an export failed", export=str(export.pk))
        why = _("This is a fault of ours ({error}); tell a developer.")
        _end(export, State.FAILED, error=format_lazy(why, error=type(error).__name__))
    finally:
        with suppress(OSError):
            _part_of(export).unlink(missing_ok=True)


def silent() -> list[Export]:
    """Exports that a worker has to be told of (again), queued: their task was lost, or their worker is gone."""
    now = timezone.now()
    for export in Export.objects.filter(state=State.RUNNING):
        if _is_silent(export):
            _give_back(export)
    return list(Export.objects.filter(state=State.QUEUED, asked_at__lt=now - FORGOTTEN_AFTER))


def delete(export: Export) -> None:
    """Forget an export with its file. A worker that has it in hand stops at its next row."""
    export.delete()
    if export.file_name:
        for path in (path_of(export), _part_of(export)):
            path.unlink(missing_ok=True)


def withdraw(list_labels: Iterable[str], why: Text) -> None:
    """Delete files of these lists, begun ones too: they hold what must not be kept. Their owners are told ``why``."""
    for export in Export.objects.filter(list_label__in=list(list_labels), state__in=[State.RUNNING, State.READY]):
        values = {"state": State.FAILED, "error": written(why), "ended_at": timezone.now(), "claim": None}
        Export.objects.filter(pk=export.pk, claim=export.claim).update(**values)
        for path in (path_of(export), _part_of(export)):
            _remove(path)


def prune() -> None:
    """Delete what is past its week, and files that belong to no export (any more)."""
    for export in Export.objects.filter(expires_at__lt=timezone.now()).exclude(state__in=OPEN):
        delete(export)
    known = set(Export.objects.values_list("file_name", flat=True))
    for path in folder().iterdir():
        if path.name.removesuffix(".part") not in known and _age_s(path) > ORPHAN_AFTER_S:
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        rmtree(path, ignore_errors=True)  # the sheets of a worker that was killed
    else:
        path.unlink(missing_ok=True)


def _claim(pk: UUID | str) -> Export | None:
    me = this_process()
    claim, now = uuid4(), timezone.now()
    export = Export.objects.filter(pk=pk, state=State.QUEUED).first()
    if export is None:
        return None
    taken = Export.objects.filter(pk=pk, state=State.QUEUED).update(
        state=State.RUNNING, claim=claim, started_at=now, tries=export.tries + 1,
        file_name=f"{token_urlsafe(32)}.{export.kind}", host=me.host, pid=me.pid, process_started=me.started,
    )  # fmt: skip
    return Export.objects.get(pk=pk, claim=claim) if taken else None


def _is_silent(export: Export) -> bool:
    if export.process.is_gone():
        return True
    begun_s = (timezone.now() - export.started_at).total_seconds() if export.started_at else 0.0
    return min(begun_s, _age_s(_part_of(export))) > SILENT_AFTER.total_seconds()


def _age_s(path: Path) -> float:
    """How long ago a file was written to; since for ever where there is none."""
    try:
        return time() - path.stat().st_mtime
    except OSError:
        return float("inf")


def _give_back(export: Export) -> None:
    """The worker is gone: another one begins anew, unless that has happened too often."""
    _part_of(export).unlink(missing_ok=True)
    if export.tries >= MOST_TRIES:
        lost = _("Its worker was lost {count} times. Narrow the list, or tell an operator.")
        _end(export, State.FAILED, error=format_lazy(lost, count=MOST_TRIES))
        return
    log.info("export is handed out again", export=str(export.pk))
    running = Export.objects.filter(pk=export.pk, state=State.RUNNING, claim=export.claim)
    running.update(state=State.QUEUED, claim=None)


def _write(export: Export, user: User) -> None:
    """Read the list as the person who asked and write the file. Raises NotAllowed."""
    model_admin = savedviews.list_of(export.list_label)
    request = listed.request_of(user)
    if model_admin is None or not may_export(request, model_admin):
        raise NotAllowed(_("You may not see this list (any more), so nothing was written."))
    arranged = savedviews.known(request, model_admin, Arranged(export.query, list(export.order), []))
    request = listed.request_of(user, arranged.address(request, model_admin))
    changes = model_admin.get_changelist_instance(request)
    headers = [header for header, value in model_admin.export_columns if not export.columns or header in export.columns]
    headings = [model_admin.heading(header) for header in headers]
    age = listed.as_of(model_admin)
    about = _about(
        export, user, listed.in_words(model_admin, changes), age, is_mirrored=listed.is_mirrored(model_admin)
    )
    part = _part_of(export)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    write = files.write_csv if export.kind == Export.Kind.CSV else files.write_xlsx
    # Closed whatever happens: SQLite takes no word of the end while rows are still being read.
    with closing(_signed(part, model_admin.exported(changes.get_queryset(request), headers))) as rows:
        count = write(part, about, headings, rows)
    os.replace(part, path_of(export))
    if not _end(export, State.READY, rows=count, as_of=age, within=within_of(user)):
        path_of(export).unlink(missing_ok=True)


def within_of(user: User) -> dict[str, list[str]]:
    """What the person is limited to, as it is kept with a file."""
    return {name: sorted(values) for name, values in limits.limits_of(user).items()}


def may_export(request: Any, model_admin: Any) -> bool:
    """Whether the person may still see the list and it has an export."""
    user = request.user
    is_staff = user.is_active and user.is_staff
    return bool(is_staff and model_admin.export_columns and model_admin.has_view_permission(request))


def _about(export: Export, user: User, words: str, age: Any, *, is_mirrored: bool) -> files.About:
    """What stands before the rows."""
    old = age or gettext("never read completely; each row is as old as it says")
    if not is_mirrored:
        old = gettext("our own records, as they were when this was written")
    return [
        (gettext("What"), words),
        (gettext("Age of the data"), old),
        *([(gettext("Limited to"), limits.in_words())] if limits.in_words() else []),
        (pgettext("a file was", "Written"), timezone.now()),
        (pgettext("whom a file is for", "For"), user.get_username()),
    ]


def _signed(part: Path, rows: Iterator[list[Any]]) -> Generator[list[Any], None, None]:
    """The same rows, while every so many of them the part file says that somebody works on it. Raises _TakenAway."""
    for place, row in enumerate(rows):
        if place % files.ROWS_A_CHUNK == 0:
            try:
                os.utime(part)
            except FileNotFoundError:
                raise _TakenAway from None
        yield row


def _end(export: Export, state: str, *, error: Text = "", **told: Any) -> bool:
    """End it, if it is still this worker's; whether it was."""
    now = timezone.now()
    mine = Export.objects.filter(pk=export.pk, state=State.RUNNING, claim=export.claim)
    values = {"state": state, "error": written(error)[:500], "ended_at": now, "expires_at": now + KEPT_FOR, **told}
    with transaction.atomic():
        is_mine = bool(mine.update(**values))
        if is_mine:
            _tell(export, state, told.get("rows", 0))
    return is_mine


def _tell(export: Export, state: str, rows: int) -> None:
    ends: dict[str, Text] = {
        State.READY: ngettext_lazy(
            "Export of {list}: ready, {count} row.", "Export of {list}: ready, {count} rows.", rows
        ),
        State.REFUSED: _("Export of {list}: refused."),
        State.FAILED: _("Export of {list}: failed. Its line says why."),
    }
    title = lazy(savedviews.title_of, str)(export.list_label)
    sentence = format_lazy(ends[state], list=title, count=number_lazy(rows))
    tell(export.user_id, Notification.Kind.EXPORT, f"export {export.pk}", sentence, reverse("exports"))
