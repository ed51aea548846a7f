"""What a search offers where no record has the id that somebody looks for: to fetch it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import pgettext

from backoffice import upstreams
from backoffice.admin import fetching
from backoffice.admin.related import admin_of
from backoffice.search import Found, Term
from backoffice.sync.resource import RESOURCES
from backoffice.wording import a


@dataclass(frozen=True)
class Offer:
    """A page on which the term is fetched as the id of a record that is not here."""

    label: str
    url: str
    is_sure: bool
    """The term has the shape of such an id."""


def offers(person: Any, term: Term, founds: Sequence[Found]) -> list[Offer]:
    """Kinds as which the person may fetch the term; where its shape tells which, only those. No query."""
    all_of_them = list(_offers(person, term, founds))
    return [offer for offer in all_of_them if offer.is_sure] or all_of_them


def _offers(person: Any, term: Term, founds: Sequence[Found]) -> Iterator[Offer]:
    """Kinds that can be fetched by id, if no record with this id is here."""
    is_here = any(row.remote_id == term.text for found in founds for row in found.rows)
    if is_here or not term.looks_like_an_id:
        return
    for resource in RESOURCES.values():
        model_admin = admin_of(resource.model)
        fetch, meta = model_admin.fetch, resource.model._meta
        if fetch is None or upstreams.why_off(resource.upstream):
            continue
        if fetch.shape and not fetch.shape.fullmatch(term.text):
            continue
        if person.has_perms([f"{meta.app_label}.view_{meta.model_name}", fetch.permission]):
            told = pgettext("something that is fetched", "{thing} from {label}")
            thing = a(meta.verbose_name or meta.model_name or "")
            label = told.format(thing=thing, label=upstreams.UPSTREAMS[resource.upstream].label)
            url = f"{reverse(f'admin:{fetching.url_name(model_admin)}')}?{urlencode({'remote_id': term.text})}"
            yield Offer(label, url, fetch.shape is not None)
