"""DeedAdmin: mirrored objects whose verbs have pages of their own, with a button for each on the page of one."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern

from backoffice.admin import deeds
from backoffice.admin.deeds import Deed
from backoffice.admin.mirror import MirrorAdmin, MirrorChangeList
from backoffice.admin.readonly import Button, Fact, Section
from backoffice.writes.verbs import ReadVerb


class LightChangeList(MirrorChangeList):
    """Rows of a list without what only their pages show, and without the payloads of what hangs on them."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        heavy = self.model_admin.heavy
        names = [name for name in heavy if _has(self.model, name)]
        for relation in self.model_admin.list_select_related:
            model = self.model
            for part in relation.split("__"):
                model = model._meta.get_field(part).related_model
            names += [f"{relation}__{name}" for name in heavy if _has(model, name)]
        return rows.defer(*names)


class DeedAdmin(MirrorAdmin):
    """Base of such admins."""

    deeds: ClassVar[Sequence[Deed]] = ()
    """What can be done with one of them on a page of its own, in the order of its buttons."""
    refresh: ClassVar[ReadVerb | None] = None
    list_select_related: ClassVar[Sequence[str]] = ()
    heavy: ClassVar[Sequence[str]] = ("payload", "search_text")
    """Columns that no list shows."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[MirrorChangeList]:
        return LightChangeList

    def facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        yield from self.own_facts(request, obj)
        yield from super().facts(request, obj)

    def own_facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        """What stands above the facts that all mirrored objects have."""
        return ()

    def sections(self, request: HttpRequest, obj: Any) -> Iterable[Section]:
        yield from self.own_sections(request, obj)
        yield from super().sections(request, obj)

    def own_sections(self, request: HttpRequest, obj: Any) -> Iterable[Section]:
        """What stands above the history."""
        return ()

    def buttons(self, request: HttpRequest, obj: Any) -> Iterable[Button]:
        yield from deeds.buttons(request, self.deeds, obj)
        if self.refresh is not None:
            yield from deeds.refresh_button(request, self.refresh, obj)

    def get_urls(self) -> list[URLPattern]:
        own = [deeds.refresh_url(self.refresh)] if self.refresh is not None else []
        return [*deeds.urls(self.deeds), *own, *super().get_urls()]


def _has(model: Any, name: str) -> bool:
    return any(field.name == name for field in model._meta.concrete_fields)
