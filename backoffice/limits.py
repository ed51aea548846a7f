"""Limits: the part of the records that somebody works with, as some locations or some teams.

One default manager keeps to them, so every door does: lists, pages, searches, files, commands, rows of bulk actions.
Whoever acts is *held*: a request's person by the middleware, a command's by ``--as``, a bulk row's by its bulk action.
While nobody is held, and inside ``everything()``, all records are there: what is read from a remote is mirrored whole.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser, User
from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from backoffice.texts import Text, number, source, together

M = TypeVar("M", bound=models.Model, covariant=True)
Values = Mapping[str, frozenset[str]]
"""What somebody is limited to, by kind; a kind that is missing does not limit."""
Rule = Callable[[frozenset[str]], Q]
"""From the values of one kind to the rows that lie within them: conditions on the row's own columns, no joins."""


@dataclass(frozen=True)
class Kind:
    """One kind of limit."""

    name: str
    label: Text  # "Locations"
    choices: Callable[[], Iterable[tuple[str, str]]]
    """Every value that there is, with its name for people."""
    members: Mapping[str, str] = field(default_factory=dict)
    """By target: the member of what its verbs send that must be one of the values."""
    nouns: tuple[Text, Text] | None = None
    """One value and several, inside a sentence: "location", "locations"."""

    def noun(self, count: int) -> Text:
        """What so many of its values are called inside a sentence."""
        one, several = self.nouns or (self.name, source(self.label).lower())
        return one if count == 1 else several


KINDS: dict[str, Kind] = {}
"""All of them by name; each app registers its own."""
RULES: dict[type[models.Model], dict[str, Rule]] = {}
"""What limits the rows of a model, by kind."""
_held: ContextVar[Callable[[], Values]] = ContextVar("limits", default=dict)


def register(kind: Kind, rules: Mapping[type[models.Model], Rule]) -> None:
    """Make a kind of limit known, or more rules of it."""
    KINDS[kind.name] = kind
    for model, rule in rules.items():
        RULES.setdefault(model, {})[kind.name] = rule


def limits_of(user: User | AnonymousUser | None) -> Values:
    """What the person is limited to. Nothing limits superusers and the machine's operator (None)."""
    if user is None or not user.is_authenticated or user.is_superuser:
        return {}
    kept = getattr(user, "limits", None)  # none for most people; the log-in's own query brought it along
    return {name: frozenset(values) for name, values in kept.values.items() if name in KINDS} if kept else {}


@contextmanager
def of(user: User | AnonymousUser | None) -> Iterator[None]:
    """Hold the person: inside, only records within the person's limits are there."""
    before = _held.set(cache(partial(limits_of, user)))
    try:
        yield
    finally:
        _held.reset(before)


@contextmanager
def everything() -> Iterator[None]:
    """Inside, all records are there: for what mirrors a remote, whoever asked for it."""
    before = _held.set(dict)
    try:
        yield
    finally:
        _held.reset(before)


def hold(user: User | None) -> None:
    """Hold the person from here on, until the context ends that ``of`` or ``everything`` began."""
    _held.set(cache(partial(limits_of, user)))


def middleware(answer: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Hold each request's person."""

    def answered(request: HttpRequest) -> HttpResponseBase:
        # Only the first query that a limit matters to asks who it is: many answers need no session.
        before = _held.set(cache(lambda: limits_of(request.user)))
        try:
            return answer(request)
        finally:
            _held.reset(before)

    return answered


def narrowing(model: type[models.Model]) -> Q:
    """What the model's rows must fulfil for whoever is held; empty where nothing limits them."""
    rules, within = RULES.get(model), Q()
    for name, values in _held.get()().items() if rules else ():
        if rule := (rules or {}).get(name):
            within &= rule(values)
    return within


def held() -> Hashable:
    """What limits whoever is held, in order: it tells what is kept for one from what is kept for another."""
    return tuple(sorted((name, tuple(sorted(values))) for name, values in _held.get()().items()))


def in_words() -> Text:
    """What whoever is held is limited to, as the end of a sentence: "2 locations"; "" without limits."""
    return lazy(_counted, str)([(KINDS[name], len(values)) for name, values in _held.get()().items()])


def _counted(limited: Iterable[tuple[Kind, int]]) -> str:
    one = pgettext("how many of what", "{count} {things}")
    told = [one.format(count=number(count), things=kind.noun(count)) for kind, count in limited]
    return together(told)


def why_not_sent(target: str, sends: Mapping[str, Any], *, is_new: bool) -> Text:
    """Why whoever is held may not send these members to such an object, in a sentence; "" where nothing speaks against.

    Something new must be made within the limits, or nobody could tell afterwards who may see it.
    """
    for name, values in _held.get()().items():
        member = KINDS[name].members.get(target)
        if member and (is_new or member in sends) and sends.get(member) not in values:
            return format_lazy(_("It takes one of your {things}."), things=KINDS[name].noun(2))
    return ""


class LimitedManager(models.Manager[M]):
    """The rows within the limits of whoever is held."""

    def get_queryset(self) -> models.QuerySet[M]:
        within = narrowing(self.model)
        return super().get_queryset().filter(within) if within else super().get_queryset()
