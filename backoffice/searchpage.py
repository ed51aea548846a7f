"""``/search/?q=``: one box for any id, e-mail, phone, number, code or name. It asks no remote."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from backoffice import freshness, times, upstreams
from backoffice.admin import fetching
from backoffice.admin.related import admin_of, url_of
from backoffice.search import SHOWN, Found, Term, find
from backoffice.sync.resource import RESOURCES
from backoffice.views import staff_page
from backoffice.wording import a


@dataclass(frozen=True)
class Hit:
    """One record, ready to be shown."""

    name: str
    url: str
    remote_id: str
    state: Any
    age: Any
    is_exact: bool


@dataclass(frozen=True)
class Group:
    """What was found of one kind."""

    title: str
    system: str
    hits: list[Hit]
    is_cut: bool
    all_url: str

    @property
    def has_exact(self) -> bool:
        """Whether a whole value was met."""
        return self.hits[0].is_exact


@dataclass(frozen=True)
class Offer:
    """A page on which the term is fetched as the id of a record that is not here."""

    label: str
    url: str
    is_sure: bool
    """The term has the shape of such an id."""


@require_safe
@staff_page()
def search(request: HttpRequest) -> HttpResponseBase:
    """What was found, kinds with exact hits first."""
    term = Term.typed(request.GET.get("q", ""))
    founds = find(request.user, term)
    swept = freshness.swept_from_by_resource() if founds else {}
    groups = [_group(found, term, swept) for found in founds]
    offers = sorted(_offers(request, term, founds), key=lambda offer: not offer.is_sure)
    context = {
        **admin.site.each_context(request),
        "title": f"Search: {term.text}" if term.text else "Search",
        "term": term,
        "groups": sorted(groups, key=lambda group: not group.has_exact),
        "offers": [offer for offer in offers if offer.is_sure] or offers,
        "shown": SHOWN,
    }
    return TemplateResponse(request, "backoffice/search.html", context)


def _group(found: Found, term: Term, swept: Mapping[str, datetime | None]) -> Group:
    findable, resource = found.findable, RESOURCES[found.findable.resource]
    own = admin_of(findable.model)
    hits = []
    for number, row in enumerate(found.rows):
        fresh_at = freshness.row_fresh_at(row.synced_at, swept.get(resource.name))
        hit = Hit(
            str(row),
            findable.page(row) or url_of(row),
            row.remote_id,
            own.shown_state(row),
            times.ago(fresh_at),
            number < found.exact,
        )
        hits.append(hit)
    meta = findable.model._meta
    all_url = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    label = upstreams.UPSTREAMS[resource.upstream].label
    return Group(resource.label, label, hits, found.is_cut, f"{all_url}?{urlencode({'q': term.text})}")


def _offers(request: HttpRequest, term: Term, founds: list[Found]) -> Iterator[Offer]:
    """Kinds that can be fetched by id, of which none with this id is here."""
    here = {found.findable.resource for found in founds for row in found.rows if row.remote_id == term.text}
    if here or not term.looks_like_an_id:
        return
    for resource in RESOURCES.values():
        model_admin = admin_of(resource.model)
        fetch, meta = model_admin.fetch, resource.model._meta
        if fetch is None or upstreams.why_off(resource.upstream):
            continue
        if fetch.shape and not fetch.shape.fullmatch(term.text):
            continue
        if request.user.has_perms([f"{meta.app_label}.view_{meta.model_name}", fetch.permission]):
            label = f"{a(str(meta.verbose_name))} from {upstreams.UPSTREAMS[resource.upstream].label}"
            url = f"{reverse(f'admin:{fetching.url_name(model_admin)}')}?{urlencode({'remote_id': term.text})}"
            yield Offer(label, url, fetch.shape is not None)
