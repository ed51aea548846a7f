"""``/search/?q=``: one box for any id, e-mail, phone, number, code or name. It asks no remote."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from backoffice import freshness, times, upstreams
from backoffice.admin.related import admin_of, url_of
from backoffice.offers import offers
from backoffice.search import SHOWN, Found, Term, find
from backoffice.sync.resource import RESOURCES
from backoffice.views import staff_page


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


@require_safe
@staff_page()
def search(request: HttpRequest) -> HttpResponseBase:
    """What was found, kinds with exact hits first."""
    term = Term.typed(request.GET.get("q", ""))
    founds = find(request.user, term)
    swept = freshness.swept_from_by_resource() if founds else {}
    groups = [_group(found, term, swept) for found in founds]
    context = {
        **admin.site.each_context(request),
        "title": _("Search: {term}").format(term=term.text) if term.text else _("Search"),
        "term": term,
        "groups": sorted(groups, key=lambda group: not group.has_exact),
        "offers": offers(request.user, term, founds),
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
    return Group(str(resource.label), label, hits, found.is_cut, f"{all_url}?{urlencode({'q': term.text})}")
