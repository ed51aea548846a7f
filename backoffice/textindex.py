"""Words inside the texts that rows are searched by, found by an index of all their pieces of three characters.

What it finds is what LIKE finds; it is only quicker. PostgreSQL keeps such an index itself (``pg_trgm``); where the
extension is missing and may not be created, rows are looked through, which takes long in a long table. In SQLite it is
an FTS5 table beside the mirror's. Triggers write down which rows it has not seen: a few bytes a row, in the transaction
that writes the row, so nothing is lost whatever happens between. ``catch_up`` takes them in afterwards; until then they
are looked through.

All of it follows from the models: ``ensure`` makes what is missing after each migrate, and ``reindex`` makes it anew.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from django.db import DatabaseError, connection, transaction
from django.db.models import Model
from django.utils.translation import gettext

from backoffice.sync.resource import RESOURCES

LEAST_CHARS = 3
"""A piece: a search without a word of that length is not answered by the index."""
COLUMNS = ("search_text", "piece_text")
PART = 1_000  # rows that are taken in with one transaction: others wait for it in SQLite
PENDING_KIB = 16 * 1024  # what PostgreSQL keeps unsorted while a sync writes; each search reads it whole


def column_of(model: type[Model]) -> str:
    """The column with the text of a model that the index covers; "" where there is none."""
    names = {field.name for field in model._meta.concrete_fields}
    return next((name for name in COLUMNS if name in names), "")


def indexed_models() -> list[type[Model]]:
    """The models whose rows are found by it."""
    return [resource.model for resource in RESOURCES.values() if column_of(resource.model)]


def is_for(words: Iterable[str]) -> bool:
    """Whether the index can answer a search for all of ``words``; PostgreSQL's holds letters and digits only."""
    piece = r"(?s:.{3})" if _is_sqlite() else r"[^\W_]{3}"
    return any(re.search(piece, word) for word in words)


def keys(model: type[Model], words: Sequence[str], most: int) -> list[int] | None:
    """Primary keys of the rows in whose text all of ``words`` occur, in no order; None for more than ``most``.

    ``words`` are in lower case, as the texts are. One of them has ``LEAST_CHARS`` at least.
    """
    found = _in_sqlite(model, words, most) if _is_sqlite() else _by_like(model, words, most)
    return found if len(found) <= most else None


def _by_like(model: type[Model], words: Sequence[str], most: int) -> list[int]:
    rows = model._default_manager.order_by()
    for word in words:
        rows = rows.filter(**{f"{column_of(model)}__contains": word})
    return list(rows.values_list("pk", flat=True)[: most + 1])


def _in_sqlite(model: type[Model], words: Sequence[str], most: int) -> list[int]:
    names = _Names(model)
    pieces = {word[start : start + LEAST_CHARS] for word in words for start in range(len(word) - LEAST_CHARS + 1)}
    match = " AND ".join('"' + piece.replace('"', '""') + '"' for piece in sorted(pieces))
    likes = ["%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%" for word in words]
    like = " AND ".join("{0} LIKE %s ESCAPE '\\'" for _ in likes)
    known = (
        f"SELECT rowid FROM {names.pieces} WHERE {names.pieces} MATCH %s AND {like.format('text')} "  # noqa: S608
        f"AND rowid NOT IN (SELECT id FROM {names.unseen})"
    )
    unseen = f"SELECT id FROM {names.table} WHERE id IN (SELECT id FROM {names.unseen}) AND {like.format(names.column)}"  # noqa: S608
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"{known} UNION ALL {unseen} LIMIT %s", [match, *likes, *likes, most + 1])
            return [row[0] for row in cursor.fetchall()]
    except DatabaseError:
        if _exists(names.pieces_plain):
            raise
    return _by_like(model, words, most)  # it was never made: a database that was not migrated since


# -- keeping it -------------------------------------------------------------------------------------------------------


def ensure(using: str = "default", **kwargs: object) -> None:
    """Make what is missing; connected to ``post_migrate``. What is there is left as it is."""
    if using != "default":
        return
    tables = set(connection.introspection.table_names())
    for model in indexed_models():
        if model._meta.db_table in tables:
            _ensure_sqlite(model) if _is_sqlite() else _ensure_postgresql(model)


def catch_up(models: Iterable[type[Model]] | None = None) -> int:
    """Take in the rows that the index has not seen, some at a time; how many. Safe to repeat, and to stop."""
    taken = 0
    for model in indexed_models() if models is None else models:
        if not column_of(model):
            continue
        if _is_sqlite():
            while part := _take_in(model):
                taken += part
        elif _has_index(model):
            with connection.cursor() as cursor:
                cursor.execute("SELECT gin_clean_pending_list(%s::regclass)", [_Names(model).index])
    return taken


def rebuild() -> int:
    """Make it anew from all rows; how many there are."""
    rows = 0
    for model in indexed_models():
        names = _Names(model)
        with transaction.atomic(), connection.cursor() as cursor:
            if _is_sqlite():
                cursor.execute(f"DROP TABLE IF EXISTS {names.pieces}")
            else:
                cursor.execute(f"DROP INDEX IF EXISTS {names.index}")
            _ensure_sqlite(model) if _is_sqlite() else _ensure_postgresql(model)
        rows += model._default_manager.count()
    catch_up()
    return rows


def trouble() -> str:
    """What is missing, as one sentence; "" where nothing is."""
    missing = [str(model._meta.verbose_name_plural) for model in indexed_models() if not _has_index(model)]
    if not missing:
        return ""
    told = gettext("no index of words for {things}: a search looks through all rows")
    return told.format(things=", ".join(missing))


def unseen() -> int:
    """How many rows the index has not seen yet; they are looked through."""
    if not _is_sqlite():
        return 0
    with connection.cursor() as cursor:
        counts = []
        for names in map(_Names, indexed_models()):
            cursor.execute(f"SELECT COUNT(*) FROM {names.unseen}")  # noqa: S608
            counts.append(cursor.fetchone()[0])
    return sum(counts)


class _Names:
    """What belongs to a model's index, ready for a statement. Names come from our own models only."""

    def __init__(self, model: type[Model]) -> None:
        quote, table = connection.ops.quote_name, model._meta.db_table
        self.table, self.column = quote(table), quote(column_of(model))
        self.pieces_plain = f"{table}_pieces"
        self.pieces, self.unseen, self.index = (
            quote(self.pieces_plain),
            quote(f"{table}_unseen"),
            quote(f"{table}_grams"),
        )
        self.triggers = {event: quote(f"{table}_unseen_{event}") for event in ("insert", "update", "delete")}


def _is_sqlite() -> bool:
    return connection.vendor == "sqlite"


def _has_index(model: type[Model]) -> bool:
    table = model._meta.db_table
    if _is_sqlite():
        return _exists(f"{table}_pieces") and _exists(f"{table}_unseen_update")
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_indexes WHERE tablename = %s AND indexname = %s", [table, f"{table}_grams"])
        return cursor.fetchone() is not None


def _exists(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM sqlite_master WHERE name = %s", [name])
        return cursor.fetchone() is not None


def _ensure_postgresql(model: type[Model]) -> None:
    if _has_index(model):
        return
    names = _Names(model)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute(
                f"CREATE INDEX {names.index} ON {names.table} USING gin ({names.column} gin_trgm_ops) "
                f"WITH (gin_pending_list_limit = {PENDING_KIB})"
            )
    except DatabaseError:
        return  # not ours to create; ``doctor`` says so, and a search does without


def _ensure_sqlite(model: type[Model]) -> None:
    """A table that a migration makes anew loses its triggers: then all rows count as not seen."""
    names = _Names(model)
    is_whole = _has_index(model)
    if is_whole:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {names.pieces} USING fts5("
            "text, tokenize = 'trigram', detail = none, columnsize = 0)"
        )
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {names.unseen} (id INTEGER PRIMARY KEY)")
        for event, trigger in _triggers(names):
            cursor.execute(f"DROP TRIGGER IF EXISTS {names.triggers[event]}")
            cursor.execute(trigger)
        cursor.execute(f"INSERT OR IGNORE INTO {names.unseen} SELECT id FROM {names.table}")  # noqa: S608


def _triggers(names: _Names) -> Iterator[tuple[str, str]]:
    """They look before they insert: within a trigger the outer statement's ON CONFLICT counts, not one of its own."""
    change = f"OF {names.column} ON {names.table} WHEN old.{names.column} IS NOT new.{names.column}"
    for event, when, row in (
        ("insert", f"ON {names.table}", "new"),
        ("update", change, "new"),
        ("delete", f"ON {names.table}", "old"),
    ):
        trigger = f"CREATE TRIGGER {names.triggers[event]} AFTER {event.upper()} {when} "
        is_new = f"NOT EXISTS (SELECT 1 FROM {names.unseen} WHERE id = {row}.id)"  # noqa: S608
        yield event, trigger + f"BEGIN INSERT INTO {names.unseen} SELECT {row}.id WHERE {is_new}; END"  # noqa: S608


def _take_in(model: type[Model]) -> int:
    names = _Names(model)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {names.unseen} ORDER BY id LIMIT %s", [PART])  # noqa: S608
        ids = [row[0] for row in cursor.fetchall()]
        if ids:
            between = f"IN (SELECT id FROM {names.unseen} WHERE id <= {int(ids[-1])})"  # noqa: S608
            cursor.execute(f"DELETE FROM {names.pieces} WHERE rowid {between}")  # noqa: S608
            cursor.execute(
                f"INSERT INTO {names.pieces} (rowid, text) "  # noqa: S608
                f"SELECT id, {names.column} FROM {names.table} WHERE id {between}"
            )
            cursor.execute(f"DELETE FROM {names.unseen} WHERE id <= {int(ids[-1])}")  # noqa: S608
    return len(ids)
