"""What all operations share: answers, pages of either kind, and bodies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import request

from backoffice.sandbox.afosto.assumptions import LISTS_NEWEST_FIRST
from backoffice.sandbox.afosto.documents import Body, Documents, body_of
from backoffice.sandbox.afosto.paging import (
    COUNT,
    PAGE,
    PAGE_SIZE,
    PageRequest,
    number_of,
    read_after,
    read_numbered,
)
from backoffice.sandbox.afosto.refusal import Refusal, invalid
from backoffice.sandbox.afosto.rules import SEARCH, allowed
from backoffice.sandbox.afosto.searches import Search
from backoffice.sandbox.afosto.state import Afosto
from backoffice.sandbox.http import read_json
from backoffice.sandbox.pages import move_first_to_end
from backoffice.sandbox.switches import Switch

Shape = Callable[[Body], Body]


@dataclass(frozen=True)
class Answer:
    """A 200 with a body, or a 204 without one."""

    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


NO_CONTENT = Answer()


def as_kept(body: Body) -> Body:
    """The shape of records that are answered as they are kept."""
    return body


def json_body() -> Any:
    """The request's JSON. Raises Refusal (400)."""
    try:
        return read_json()
    except ValueError as error:
        raise Refusal(400, str(error)) from None


def page_request() -> PageRequest:
    """The page that the request asks for. Raises Refusal (400)."""
    return PageRequest.asked(request.headers.get(PAGE), request.headers.get(PAGE_SIZE))


def flag_of(name: str) -> int | None:
    """A query parameter that is absent, "1" or "0". Raises Refusal (400)."""
    text = request.args.get(name)
    if text not in (None, "", "1", "0"):
        raise invalid(name)
    return int(text) if text else None


class Calls:
    """Operations of one group on an Afosto. All raise Refusal."""

    def __init__(self, afosto: Afosto) -> None:
        self.afosto = afosto

    def numbered(self, kind: Documents, shape: Shape, conditions: Mapping[str, Any] | None = None) -> Answer:
        """The numbered page that the request asks for, with the number of all rows."""
        asked = page_request()
        with self.afosto.storage.transaction():
            if number_of(asked) > 1 and self.met("shift"):
                move_first_to_end(kind.storage, kind.table, newest_first=LISTS_NEWEST_FIRST)
            rows = read_numbered(kind.storage, kind.table, conditions or {}, asked)
            count = kind.storage.count(kind.table, conditions)
            return Answer([shape(body_of(row)) for row in rows], self.count_header(count))

    def by_cursor(self, kind: Documents, shape: Shape, conditions: Mapping[str, Any] | None = None) -> Answer:
        """The page after the cursor that the request asks with, with the next cursor."""
        asked = page_request()
        with self.afosto.storage.transaction():
            rows, cursor = read_after(kind.storage, kind.table, conditions or {}, asked)
            next_page = asked.page if self.met("repeat") else cursor
            return Answer([shape(body_of(row)) for row in rows], {PAGE: next_page})

    def searched(self, search: Search, kind: Documents, shape: Shape) -> Answer:
        """The numbered page of what meets the constraints in the request's body."""
        return self.numbered(kind, shape, self.conditions(search))

    def conditions(self, search: Search) -> dict[str, str]:
        """The constraints in the request's body."""
        return search.conditions(allowed(json_body(), SEARCH)["constraints"])

    def count_header(self, count: int) -> dict[str, str]:
        """The header with the number of all rows, true unless a switch has it otherwise."""
        junk = self.met("count")
        if junk is None:
            return {COUNT: str(count)}
        return {} if junk.value is None else {COUNT: junk.value}

    def met(self, kind: str) -> Switch | None:
        """The switch of this kind that meets the request, if one does."""
        return self.afosto.switches.take(kind, request.method, request.path)
