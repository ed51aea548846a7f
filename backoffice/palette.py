"""What the command palette finds beside pages: what ``/search/`` finds, in one short list, exact hits first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from unfold.dataclasses import SearchResult

from backoffice import search, upstreams
from backoffice.admin.related import url_of
from backoffice.offers import offers
from backoffice.search import Found, Term
from backoffice.sync.resource import RESOURCES

MAX_HITS = 10  # records
MAX_OFFERS = 3
MAX_TITLE_CHARS = 80


@dataclass(frozen=True)
class Answer:
    """What the person may see of what a term finds."""

    exact: Sequence[SearchResult]
    """Records that have the whole term as a value."""
    others: Sequence[SearchResult]
    """Records in whose texts its words stand."""
    offers: Sequence[SearchResult]
    """Pages that fetch the term as an id."""
    is_cut: bool
    """There are more records."""
    most: int = MAX_HITS


def find(request: HttpRequest, text: str) -> Answer:
    """Records that match, few of them; else where to fetch them by their id."""
    term = Term.typed(text)
    founds = search.find(request.user, term)
    exact, others = list(_hits(founds, exact=True)), list(_hits(founds, exact=False))
    is_cut = len(exact) + len(others) > MAX_HITS or any(found.is_cut for found in founds)
    offered = [
        SearchResult(
            _("Fetch {thing}").format(thing=offer.label),
            _("by its id {id}").format(id=term.text),
            offer.url,
            "cloud_download",
        )
        for offer in offers(request.user, term, founds)[:MAX_OFFERS]
    ]
    shown = exact[:MAX_HITS]
    return Answer(shown, others[: MAX_HITS - len(shown)], offered, is_cut)


def _hits(founds: Sequence[Found], *, exact: bool) -> Iterator[SearchResult]:
    for found in founds:
        for row in found.rows[: found.exact] if exact else found.rows[found.exact :]:
            yield _hit(found, row, exact=exact)


def _hit(found: Found, row: Any, *, exact: bool) -> SearchResult:
    resource = RESOURCES[found.findable.resource]
    label, noun = upstreams.UPSTREAMS[resource.upstream].label, found.findable.model._meta.verbose_name
    named = pgettext("a hit of the search", "{label} {noun} {id}").format(label=label, noun=noun, id=row.remote_id)
    told = [named, _("exact") if exact else "", _("gone") if row.vanished_at else ""]
    return SearchResult(
        title=str(row)[:MAX_TITLE_CHARS],
        description=" · ".join(filter(None, told)),
        link=found.findable.page(row) or url_of(row),
        icon="database",
    )
