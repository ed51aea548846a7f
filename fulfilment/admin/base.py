"""What the admins of Afosto's objects have in common."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from backoffice import times
from backoffice.admin.deed_admin import DeedAdmin
from backoffice.admin.readonly import Button, Fact, Section
from backoffice.badges import word
from backoffice.mirror import DetailedModel
from backoffice.payloads import shown_payload


class AfostoAdmin(DeedAdmin):
    """Base of the admins of Afosto's objects."""

    name_columns: ClassVar[Sequence[str]] = ("number",)
    heavy = ("payload", "detail", "search_text", "piece_text", "positions")

    def state(self, row: Any) -> SafeString:
        """The row's state as a label."""
        return word(row.state, self.tones)

    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, row: Any) -> SafeString:
        """The same for a list, which takes a column for the method of its name."""
        return self.state(row)

    def facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        yield from super().facts(request, obj)
        if isinstance(obj, DetailedModel):
            yield Fact(_("Read by itself"), times.ago(obj.detail_at), _("with its pieces"))

    def sections(self, request: HttpRequest, obj: Any) -> Iterable[Section]:
        yield from super().sections(request, obj)
        if isinstance(obj, DetailedModel) and obj.detail and self.may_see_payload(request):
            assert self.resource.detail is not None  # noqa: S101  what has a detail has a record of it
            payload = shown_payload(obj.detail, self.resource.detail.members())
            title = _("Raw payload of the last single read")
            yield Section(title, "admin/parts/_payload.html", {"payload": payload, "read": times.at(obj.detail_at)})

    def buttons(self, request: HttpRequest, obj: Any) -> Iterable[Button]:
        yield from self.stations(request, obj)
        yield from super().buttons(request, obj)

    def stations(self, request: HttpRequest, obj: Any) -> Iterable[Button]:
        """Buttons to other pages about the object, before what can be done with it."""
        return ()


def told(name: str, *path: str) -> Callable[[Any], str]:
    """For an export: what stands at the end of a path of relations, as text; "" where one of them is empty."""

    def value(row: Any) -> str:
        for part in path:
            row = getattr(row, part)
            if row is None:
                return ""
        return str(getattr(row, name))

    return value
