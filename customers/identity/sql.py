"""The statements that suggestions are made of, for SQLite and PostgreSQL alike. Tables are named by our models.

``CROSS JOIN`` stands where the order of the tables matters: SQLite keeps it, PostgreSQL sees through it.
"""

from typing import Any

from django.db import connection
from django.db.models import Model

from customers.identity.sources import CUSTOMERS, Kind
from customers.models.identity import ChangedKey, CrowdedValue, IdentityKey, IdentityLink, IdentityRecord

State, Names = IdentityLink.State, IdentityLink.Names

MAKE_PAIRS = """
    CREATE TEMPORARY TABLE IF NOT EXISTS identity_pair (
        customer_id bigint, resource varchar(64), record_id bigint, remote_id varchar(255), email_shared integer,
        phone_shared integer, evidence bigint, PRIMARY KEY (customer_id, resource, record_id)
    )"""
CLEAR_PAIRS = "DELETE FROM identity_pair"

_CROWD = """
    INSERT INTO {crowded} (kind, value, records)
    SELECT kind, value, MAX(records) FROM (
        SELECT k.kind, k.value, COUNT(DISTINCT k.record_id) AS records
        FROM {tables} WHERE k.kind <> %(name)s {condition}
        GROUP BY k.kind, k.value, k.resource HAVING COUNT(DISTINCT k.record_id) > %(crowd)s
    ) AS many GROUP BY kind, value"""
CROWD_ALL = ("DELETE FROM {crowded}", _CROWD.replace("{tables}", "{keys} k").replace("{condition}", ""))
CROWD_CHANGED = (
    """UPDATE {changed} SET was_crowded = EXISTS (
        SELECT 1 FROM {crowded} w WHERE w.kind = {changed}.kind AND w.value = {changed}.value)""",
    """DELETE FROM {crowded} WHERE EXISTS (
        SELECT 1 FROM {changed} h WHERE h.kind = {crowded}.kind AND h.value = {crowded}.value)""",
    _CROWD.replace("{tables}", "{changed} h CROSS JOIN {keys} k").replace(
        "{condition}", "AND k.kind = h.kind AND k.value = h.value"
    ),
    """DELETE FROM {changed} WHERE was_crowded AND EXISTS (
        SELECT 1 FROM {crowded} w WHERE w.kind = {changed}.kind AND w.value = {changed}.value)""",
)
"""Count who has a changed value. What was a placeholder and still is one changes nothing for anybody."""

TOUCH = """
    UPDATE {records} SET is_touched = TRUE WHERE NOT is_touched AND id IN (
        SELECT t.id FROM {changed} h CROSS JOIN {keys} k CROSS JOIN {records} t
        WHERE k.kind = h.kind AND k.value = h.value AND t.source = k.resource AND t.record_id = k.record_id)"""

_SHARED = """(
    SELECT MAX(n) FROM (
        SELECT COUNT(DISTINCT k.record_id) AS n FROM {keys} k
        WHERE k.kind = c.kind AND k.value = c.value AND k.resource IN (%(customers)s, r.resource) GROUP BY k.resource
    ) AS counts)"""
_PAIR = f"""
    INSERT INTO identity_pair (customer_id, resource, record_id, remote_id, email_shared, phone_shared, evidence)
    SELECT c.record_id, r.resource, r.record_id, r.remote_id,
        MIN(CASE WHEN c.kind = %(email)s THEN {_SHARED} END), MIN(CASE WHEN c.kind = %(phone)s THEN {_SHARED} END),
        CAST(SUM(DISTINCT c.value_hash) AS bigint)
    FROM {{tables}}
    WHERE t.is_touched AND c.resource = %(customers)s AND r.resource <> %(customers)s AND {{condition}}
        AND c.kind <> %(name)s AND r.kind = c.kind AND r.value = c.value
        AND NOT EXISTS (SELECT 1 FROM {{crowded}} w WHERE w.kind = c.kind AND w.value = c.value)
    GROUP BY c.record_id, r.resource, r.record_id, r.remote_id"""  # noqa: S608
PAIR_CUSTOMERS = _PAIR.replace("{tables}", "{records} t CROSS JOIN {keys} c CROSS JOIN {keys} r").replace(
    "{condition}", "t.source = %(customers)s AND c.record_id = t.record_id"
)
PAIR_OTHERS = _PAIR.replace("{tables}", "{records} t CROSS JOIN {keys} r CROSS JOIN {keys} c").replace(
    "{condition}",
    """t.source <> %(customers)s AND r.resource = t.source AND r.record_id = t.record_id AND NOT EXISTS (
        SELECT 1 FROM {records} o WHERE o.is_touched AND o.source = %(customers)s AND o.record_id = c.record_id)""",
)
"""The pairs of touched customers, and those of touched others with customers that are not."""

_NAMED = "a.resource = %(customers)s AND a.record_id = p.customer_id AND a.kind = %(name)s"
_OTHER_NAMED = "b.resource = p.resource AND b.record_id = p.record_id AND b.kind = %(name)s"
OFFER = f"""
    INSERT INTO {{links}} (customer_id, resource, record_id, remote_id, state, email_shared, phone_shared, names,
        evidence, score, suggested_at, reason)
    SELECT customer_id, resource, record_id, remote_id, %(suggested)s, email_shared, phone_shared, names, evidence,
        CASE WHEN email_shared IS NULL OR phone_shared IS NULL THEN %(one)s ELSE %(both)s END
        + CASE names WHEN %(same)s THEN %(by_name)s WHEN %(differ)s THEN -%(by_name)s ELSE 0 END
        - CASE WHEN email_shared = 1 OR phone_shared = 1 THEN 0 ELSE %(by_sharing)s END,
        %(now)s, ''
    FROM (
        SELECT p.*, CASE WHEN EXISTS (
                SELECT 1 FROM {{keys}} a CROSS JOIN {{keys}} b
                WHERE {_NAMED} AND {_OTHER_NAMED} AND b.value = a.value) THEN %(same)s
            WHEN EXISTS (SELECT 1 FROM {{keys}} a WHERE {_NAMED})
                AND EXISTS (SELECT 1 FROM {{keys}} b WHERE {_OTHER_NAMED}) THEN %(differ)s ELSE '' END AS names
        FROM identity_pair p
    ) AS named WHERE TRUE
    ON CONFLICT (customer_id, resource, remote_id) DO UPDATE SET
        email_shared = excluded.email_shared, phone_shared = excluded.phone_shared, names = excluded.names,
        evidence = excluded.evidence, score = excluded.score,
        state = CASE {{links}}.state WHEN %(rejected)s THEN %(suggested)s ELSE {{links}}.state END,
        suggested_at = CASE {{links}}.state WHEN %(rejected)s THEN excluded.suggested_at ELSE {{links}}.suggested_at END
    WHERE {{links}}.evidence <> excluded.evidence OR ({{links}}.state <> %(rejected)s AND (
        COALESCE({{links}}.email_shared, 0) <> COALESCE(excluded.email_shared, 0)
        OR COALESCE({{links}}.phone_shared, 0) <> COALESCE(excluded.phone_shared, 0)
        OR {{links}}.names <> excluded.names))"""  # noqa: S608
WITHDRAW = """
    DELETE FROM {links} WHERE state = %(suggested)s AND id IN (
        SELECT l.id FROM {records} t CROSS JOIN {links} l
        WHERE t.is_touched AND t.source = %(customers)s AND l.customer_id = t.record_id
        UNION ALL
        SELECT l.id FROM {records} t CROSS JOIN {links} l
        WHERE t.is_touched AND t.source <> %(customers)s AND l.resource = t.source AND l.record_id = t.record_id
    ) AND NOT EXISTS (
        SELECT 1 FROM identity_pair p WHERE p.customer_id = {links}.customer_id AND p.resource = {links}.resource
            AND p.record_id = {links}.record_id)"""
ANALYZE = ("ANALYZE {keys}", "ANALYZE {records}")


def run(*statements: str, **values: Any) -> int:
    """Carry out statements in a row; how many rows the last one changed."""
    tables = {
        "keys": _table(IdentityKey), "records": _table(IdentityRecord), "changed": _table(ChangedKey),
        "crowded": _table(CrowdedValue), "links": _table(IdentityLink),
    }  # fmt: skip
    words = {
        "customers": CUSTOMERS, "email": Kind.EMAIL.value, "phone": Kind.PHONE.value, "name": Kind.NAME.value,
        "suggested": State.SUGGESTED.value, "rejected": State.REJECTED.value, "same": Names.SAME.value,
        "differ": Names.DIFFER.value,
    }  # fmt: skip
    changed = 0
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement.format(**tables), {**words, **values})
            changed = max(cursor.rowcount, 0)
    return changed


def _table(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)
