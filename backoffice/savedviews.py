"""Saved views: what of a list's address is kept, who sees which, and the address that opens one.

The order is kept by the columns' names: in an address it counts columns, and who has no actions has one less of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.views.main import ORDER_VAR, SEARCH_VAR
from django.contrib.auth.models import AnonymousUser, Group, User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.http import urlencode

from backoffice.columns import CHECKBOX, COLUMNS_VAR, VIEW_VAR, name_of
from backoffice.models import SavedView
from backoffice.pasted import without_secrets
from backoffice.texts import capital

SHARE = "backoffice.share_savedview"
LONGEST_QUERY = 2000
MOST_SHOWN = 200
PASSING = {"p", "all", "e", VIEW_VAR, COLUMNS_VAR, ORDER_VAR}  # of an address: the page, and what is kept by itself


@dataclass(frozen=True)
class Arranged:
    """A list as it is arranged. ``unknown`` names what of an address the list does not know (any more)."""

    query: str
    order: list[str]
    columns: list[str]
    unknown: list[str] = field(default_factory=list)

    def address(self, request: HttpRequest, model_admin: Any) -> str:
        """The query of the list's address, without a question mark, for this person."""
        places = {name: place for place, name in enumerate(_columns(request, model_admin))}
        order = [("-" if name.startswith("-") else "") + str(places[name.removeprefix("-")]) for name in self.order]
        query = QueryDict(self.query, mutable=True)
        if order:
            query[ORDER_VAR] = ".".join(order)
        if self.columns:
            query[COLUMNS_VAR] = ".".join(self.columns)
        return query.urlencode()


def list_of(label: str) -> Any | None:
    """The admin of the list "customers.customer"; None where there is no such list (any more) that can be arranged."""
    for model, model_admin in admin.site._registry.items():
        if model._meta.label_lower == label and hasattr(model_admin, "url_lookups"):
            return model_admin
    return None


def label_of(model_admin: Any) -> str:
    """How views name the list."""
    return str(model_admin.opts.label_lower)


def title_of(label: str) -> str:
    """The list's name for people; its label where there is no such list any more."""
    model_admin = list_of(label)
    if model_admin is None:
        return label
    return capital(model_admin.opts.verbose_name_plural)


def may_see(request: HttpRequest, view: SavedView) -> bool:
    """Whether the view's list is there, and for this person."""
    model_admin = list_of(view.list_label)
    return model_admin is not None and model_admin.has_view_permission(request)


def arranged(request: HttpRequest, model_admin: Any, query: str) -> Arranged:
    """What is kept of the query of a list's address: nothing that the list does not know, and no pasted secret."""
    given = QueryDict(query)
    names = _columns(request, model_admin)
    order = []
    for place in given.get(ORDER_VAR, "").split("."):
        _, sign, number = place.rpartition("-")
        if number.isascii() and number.isdigit() and len(number) < 4 and int(number) < len(names):
            order.append(f"{sign}{names[int(number)]}")
    columns = [name for value in given.getlist(COLUMNS_VAR) for name in value.split(".")]
    rest = QueryDict(mutable=True)
    for name, values in given.lists():
        if name not in PASSING:
            rest.setlist(name, values)
    return known(request, model_admin, Arranged(rest.urlencode(), order, columns))


def stored(request: HttpRequest, model_admin: Any, view: SavedView) -> Arranged:
    """What a view arranges, less what its list does not know any more."""
    return known(request, model_admin, Arranged(view.query, list(view.order), list(view.columns)))


def known(request: HttpRequest, model_admin: Any, wanted: Arranged) -> Arranged:
    """The same, less what the list does not know, and less pasted secrets."""
    names, unknown = set(_columns(request, model_admin)), []
    query = QueryDict(mutable=True)
    for name, values in sorted(QueryDict(wanted.query).lists()):
        if name == SEARCH_VAR or model_admin.lookup_allowed(name, values[0], request):
            if kept := [without_secrets(value.replace("\x00", "")) for value in values if value]:
                query.setlist(name, kept)
        else:
            unknown.append(name[:40])
    unknown += [name.removeprefix("-") for name in wanted.order if name.removeprefix("-") not in names]
    unknown += [name[:40] for name in wanted.columns if name and name not in names]
    order = [name for name in wanted.order if name.removeprefix("-") in names]
    columns = [name for name in wanted.columns if name in names]
    everything = [column for column in names if column != CHECKBOX]
    if len(set(columns)) == len(everything):
        columns = []
    return Arranged(query.urlencode(), order, sorted(set(columns)), list(dict.fromkeys(unknown)))


def _columns(request: HttpRequest, model_admin: Any) -> list[str]:
    """The names of the list's columns for this person, as an address counts them."""
    own = [name_of(column) for column in model_admin.get_list_display(request)]
    return [CHECKBOX, *own] if model_admin.get_actions(request) else own


def visible_to(user: User | AnonymousUser) -> QuerySet[SavedView]:
    """The views that the person may open, each telling whether he has pinned it.

    These are his own and those shared with a group of his; with any group for who keeps these in order.
    """
    shared = SavedView.shared_with.through.objects.filter(savedview=OuterRef("pk"))
    if not user.has_perm(SHARE):
        shared = shared.filter(group__user=user.pk)
    pinned = SavedView.pinned_by.through.objects.filter(savedview=OuterRef("pk"), user=user.pk)
    seen = SavedView.objects.filter(Q(owner=user.pk) | Exists(shared))
    return seen.annotate(is_pinned=Exists(pinned))


def may_change(user: User | AnonymousUser, view: SavedView) -> bool:
    """Whether the person may rename, share, update and delete a view that he may open."""
    return view.owner_id == user.pk or user.has_perm(SHARE)


def groups_for(user: User) -> QuerySet[Group]:
    """The groups that the person may share a view with."""
    groups = Group.objects.order_by("name")
    return groups if user.has_perm(SHARE) else groups.filter(user=user)


# -- on a page --------------------------------------------------------------------------------------------------------


def on_page(request: HttpRequest) -> list[SavedView]:
    """What the page shows: the person's pinned views, and on a list those of the list.

    One query a request; none away from lists for who has pinned nothing.
    """
    known: list[SavedView] | None = getattr(request, "_saved_views", None)
    if known is None:
        on_list = getattr(request, "_arranged_list", "")
        if not on_list and not getattr(request.user, "has_pins", True):
            return []
        wanted = Q(is_pinned=True) | Q(list_label=on_list)
        views = visible_to(request.user).filter(wanted)[:MOST_SHOWN]
        known = [view for view in views if may_see(request, view)]
        request._saved_views = known  # type: ignore[attr-defined]
    return known


def pinned(request: HttpRequest) -> list[SavedView]:
    """The views that the person has pinned and may see."""
    return [view for view in on_page(request) if cast(Any, view).is_pinned]


def url_of(view: SavedView) -> str:
    """Where the view opens."""
    return reverse("saved_view", args=[view.pk])


def is_open(request: HttpRequest, view: SavedView) -> bool:
    """Whether the page is the list as this view opened it."""
    is_list = getattr(request, "_arranged_list", "") == view.list_label
    return is_list and request.GET.get(VIEW_VAR) == str(view.pk)


class Bar:
    """What stands above a list: its saved views, and what can be done with what is shown now. Lazy: a template asks."""

    def __init__(self, request: HttpRequest, model_admin: Any) -> None:
        self._request, self._admin = request, model_admin
        request._arranged_list = label_of(model_admin)  # type: ignore[attr-defined]

    @property
    def views(self) -> Sequence[SavedView]:
        """The list's views."""
        return [view for view in on_page(self._request) if view.list_label == label_of(self._admin)]

    @property
    def open(self) -> SavedView | None:
        """The view that the list was opened by."""
        asked = self._request.GET.get(VIEW_VAR, "")
        return next((view for view in self.views if str(view.pk) == asked), None)

    @property
    def is_changed(self) -> bool:
        """Whether the list shows something else by now than the open view keeps."""
        view, now = self.open, self._now()
        if view is None:
            return False
        kept = stored(self._request, self._admin, view)
        return (kept.query, kept.order, kept.columns) != (now.query, now.order, now.columns)

    @property
    def may_change(self) -> bool:
        """Whether the open view is this person's to change."""
        view = self.open
        return view is not None and may_change(self._request.user, view)

    @property
    def query(self) -> str:
        """What is shown now, as an address."""
        return self._now().address(self._request, self._admin)

    @property
    def save_url(self) -> str:
        """The page that saves what is shown now."""
        told = urlencode({"list": label_of(self._admin), "query": self.query})
        return f"{reverse('save_view')}?{told}"

    def export_url(self, kind: str = "csv") -> str:
        """The page that has what is shown now exported in the background."""
        told = urlencode({"list": label_of(self._admin), "kind": kind, "query": self.query})
        return f"{reverse('new_export')}?{told}"

    def _now(self) -> Arranged:
        return arranged(self._request, self._admin, self._request.GET.urlencode())


def opened(request: HttpRequest, view: SavedView) -> tuple[str, list[str]]:
    """The address that a view opens for this person, and the names of what its list does not know any more."""
    model_admin = list_of(view.list_label)
    assert model_admin is not None  # noqa: S101  may_see was asked before
    kept = stored(request, model_admin, view)
    query = QueryDict(kept.address(request, model_admin), mutable=True)
    query[VIEW_VAR] = str(view.pk)
    place = f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist"
    return f"{reverse(place)}?{query.urlencode()}", kept.unknown
