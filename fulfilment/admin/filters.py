"""Filters of the warehouse's lists."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice import times
from backoffice.admin.filters import MAX_CHOICES, Filter, choice_filter
from backoffice.badges import Tone
from backoffice.distinct import values_of
from backoffice.texts import Text
from fulfilment.admin.shown import SENT
from fulfilment.board import holders, sub_of
from fulfilment.models import HandlingList, Location, Shipment, ShippingMethod
from fulfilment.states import OVER, choices

NOBODY, ME = "nobody", "me"


def state_filter(tones: Mapping[str, Tone]) -> Any:
    """A filter over the states that a kind of object can have."""
    return choice_filter("state", _("state"), choices(tones))


direction_filter = choice_filter("is_outbound", _("direction"), [("True", _("Outbound")), ("False", _("Inbound"))])


class LocationFilter(Filter):
    """Where it is done; locations stand by their names."""

    title, parameter_name = _("location"), "location"
    column: ClassVar[str] = "location_remote_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        rows = Location.objects.filter(vanished_at=None).values_list("remote_id", "name")
        return [(remote_id, name[:60] or remote_id) for remote_id, name in rows[:MAX_CHOICES]]

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(**{self.column: value})


FEW_SHIPMENTS = 1_000
"""So many lead to their parcels; beyond that it is quicker to ask each parcel for its shipment until a page is full."""


class OfShipment(Filter):
    """Parcels by a column of their shipment."""

    is_dear = True
    column: ClassVar[str]

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        shipments = Shipment.objects.order_by().filter(**{self.column: value})
        if shipments[: FEW_SHIPMENTS + 1].count() <= FEW_SHIPMENTS:
            return rows.filter(shipment__in=shipments.values("pk"))
        return rows.filter(Exists(shipments.filter(pk=OuterRef("shipment_id"))))


class LocationOfShipmentFilter(OfShipment, LocationFilter):
    """Where the parcel's shipment leaves from."""


class MethodFilter(Filter):
    """How it is sent; methods stand by their names."""

    title, parameter_name = _("method"), "method"
    column: ClassVar[str] = "method_remote_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        rows = ShippingMethod.objects.filter(vanished_at=None).only("remote_id", "name", "label")
        return [(row.remote_id, str(row)[:60]) for row in rows[:MAX_CHOICES]]

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(**{self.column: value})


class MethodOfShipmentFilter(OfShipment, MethodFilter):
    """How the parcel's shipment is sent."""


class AssigneeFilter(Filter):
    """Who holds the list: nobody, oneself, a person we know, or an id of Afosto's that was met."""

    title, parameter_name = _("held by"), "assignee"
    column: ClassVar[str] = "sub"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        self.own = sub_of(request.user)
        names = dict(holders())
        for sub in values_of(HandlingList, "sub", MAX_CHOICES):
            if sub:
                names.setdefault(sub, sub)
        others = sorted(names.items(), key=lambda item: item[1].lower())
        mine = [(ME, _("Me"))] if self.own else []
        return [(NOBODY, _("Nobody")), *mine, *((sub, name[:60]) for sub, name in others)]

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value == NOBODY:
            return rows.filter(Q(**{self.column: ""}) | Q(**{f"{self.column}__isnull": True}))
        wanted = self.own if value == ME else value
        return rows.filter(**{self.column: wanted}) if wanted else rows.none()


class AssigneeOfShipmentFilter(AssigneeFilter):
    """Who holds the list that a shipment is on."""

    column, is_dear = "list__sub", True


class DueFilter(Filter):
    """When it is due, by the calendar of the installation's zone."""

    title, parameter_name = _("due"), "due"
    column: ClassVar[str] = "due_at"
    over: ClassVar[tuple[str, ...]] = OVER

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        zone = timezone.get_current_timezone_name()
        return [
            ("overdue", _("Overdue")), ("today", gettext("Today ({zone})").format(zone=zone)),
            ("week", gettext("This week ({zone})").format(zone=zone)),
            ("none", _("Without a time")),
        ]  # fmt: skip

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value == "none":
            return rows.filter(**{f"{self.column}__isnull": True})
        if value == "overdue":
            return rows.filter(**{f"{self.column}__lt": timezone.now()}).exclude(state__in=self.over)
        days = {"today": 1, "week": 7 - timezone.localdate().weekday()}.get(value)
        if days is None:
            return rows.none()
        today, end = times.midnight(0), times.midnight(days)
        start = today - timedelta(days=timezone.localdate().weekday()) if value == "week" else today
        return rows.filter(**{f"{self.column}__gte": start, f"{self.column}__lt": end})


class ShipFilter(DueFilter):
    """When a shipment is to be sent."""

    title, column, over = _("to be sent"), "ship_at", SENT
