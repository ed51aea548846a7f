"""How L4YERCAK3 is spoken to: the tenant, offset paging, answers that come in several shapes, errors by their codes.

What nobody could confirm stands here and in ``endpoints.py``, to be replaced in these two places alone: that lists take
``limit`` up to 100, that objects come bare or under their name, which member of an error says what.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Self

import httpx
import msgspec
from django.conf import settings

from backoffice import upstreams
from backoffice.answers import kind_of_error
from backoffice.client import Answer, OffsetPage, Patience, RemoteClient
from backoffice.errors import RemoteContractError, RemoteError, RemoteNotFound, RemoteRejected
from backoffice.records import id_in

PAGE_SIZE = 100  # as published code has it; a server that refuses it is listed by its own size
NOT_FOUND = "NOT_FOUND"
PLAN_IS_FULL = frozenset({"API_KEY_LIMIT_REACHED", "RESOURCE_LIMIT"})  # 429, but no waiting helps
ADVICE = ("suggestion", "upgradeUrl", "upgradeCommand")

Members = dict[str, msgspec.Raw]


class LayercakeCalls(RemoteClient):
    """What the endpoints share."""

    _limit: Mapping[str, str] = MappingProxyType({"limit": str(PAGE_SIZE)})

    @classmethod
    def from_settings(cls, patience: Patience) -> Self:
        """A client for the configured L4YERCAK3 and tenant. Raises NotConfigured, UpstreamChanged."""
        base_url = upstreams.base_url("layercake")
        tenant = str(settings.LAYERCAKE_ORGANIZATION_ID)
        return cls(
            base_url,
            {"Authorization": f"Bearer {settings.LAYERCAKE_API_KEY}", "X-Organization-Id": tenant},
            patience=patience,
            budget=upstreams.budget("layercake"),
            breaker=upstreams.open_breaker("layercake"),
            keep_breaker=partial(upstreams.keep_breaker, "layercake"),
            transport=settings.REMOTE_TRANSPORT,
        )

    @property
    def tenant(self) -> dict[str, str]:
        """The member that says whose records they are: in the query of lists, in the body of creates."""
        return {"organizationId": str(settings.LAYERCAKE_ORGANIZATION_ID)}

    # -- lists --------------------------------------------------------------------------------------------------------

    def page(self, endpoint: str, member: str, offset: int, filters: Mapping[str, str] | None = None) -> OffsetPage:
        """One page of a list; its rows stand in ``member``, each with an ``id``."""
        params = {**self.tenant, **(filters or {}), "offset": str(offset)}
        try:
            answer = self.call(endpoint, Members, params={**params, **self._limit})
        except RemoteRejected as error:
            if error.status != 400 or offset or not self._limit:
                raise
            self._limit = {}
            answer = self.call(endpoint, Members, params=params)
        rows = self.rows(endpoint, answer, member)
        has_more, total = _value(answer.value.get("hasMore")), _value(answer.value.get("total"))
        return OffsetPage(
            rows,
            has_more if isinstance(has_more, bool) else None,
            total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None,
            answer.sent_at,
        )

    def rows(self, endpoint: str, answer: Answer[Members], member: str) -> list[bytes]:
        """The rows of a list's answer. Raises RemoteContractError where it holds no such list."""
        try:
            rows = msgspec.json.decode(answer.value[member], type=list[msgspec.Raw])
        except (KeyError, msgspec.MsgspecError, ValueError, RecursionError):
            raise RemoteContractError(endpoint, f"the answer has no list {member!r}", answer.status) from None
        return [with_id(bytes(row)) for row in rows]

    # -- objects ------------------------------------------------------------------------------------------------------

    def body(self, endpoint: str, answer: Answer[Members], names: Sequence[str]) -> bytes:
        """The object of an answer, bare or under one of ``names``. Raises RemoteContractError where there is none."""
        members = answer.value
        if {"id", "_id"} & members.keys():
            return with_id(msgspec.json.encode(members))
        found = next((bytes(members[name]) for name in names if name in members), b"")
        if not found.lstrip().startswith(b"{"):
            raise RemoteContractError(endpoint, "the answer holds no such object", answer.status)
        return with_id(found)

    # -- errors -------------------------------------------------------------------------------------------------------

    def remote_words(self, body: bytes) -> tuple[str, str]:
        error = _texts_in(body)
        told = next((error[name] for name in ("error", "message", "code") if error.get(name)), "")
        advice = [error.get(name, "") for name in ADVICE] if error.get("code") in PLAN_IS_FULL else []
        return ". ".join(text.rstrip(".") for text in (told, *advice) if text), ""

    def remote_code(self, body: bytes) -> str:
        return _texts_in(body).get("code", "")[:60]

    def kind_of(self, response: httpx.Response, code: str) -> type[RemoteError]:
        """By the status, then by the code: a full plan is no reason to wait, and an unknown path proves no absence."""
        if response.status_code == 429 and code in PLAN_IS_FULL:
            return RemoteRejected
        kind = kind_of_error(response)
        return RemoteRejected if kind is RemoteNotFound and code != NOT_FOUND else kind


def with_id(row: bytes) -> bytes:
    """The row with its ``_id`` as ``id``, where only that is there."""
    if id_in(row) or not (remote_id := id_in(row, "_id")):
        return row
    members = msgspec.json.decode(row, type=Members)
    return msgspec.json.encode({"id": remote_id, **{name: value for name, value in members.items() if name != "id"}})


def _value(member: msgspec.Raw | None) -> Any:
    try:
        return None if member is None else msgspec.json.decode(member)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _texts_in(body: bytes) -> dict[str, str]:
    """The members of an error that are texts. Each counts by itself: an odd one beside it must not hide the code."""
    members = _value(msgspec.Raw(body))
    return {name: text for name, text in members.items() if isinstance(text, str)} if isinstance(members, dict) else {}
