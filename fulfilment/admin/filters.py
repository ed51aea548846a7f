"""Filters of the warehouse's lists."""

from collections.abc import Iterable, Mapping, Sequence
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
from fulfilment.board import holders, sub_of
from fulfilment.models import HandlingList, Location, Shipment, ShippingMethod
from fulfilment.states import choices

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


FEW_OWNERS = 1_000
"""So many lead to what is theirs; beyond that it is quicker to ask each row for its own until a page is full."""


def of_owners(rows: QuerySet[Any], field: str, owners: QuerySet[Any]) -> QuerySet[Any]:
    """The rows whose ``field`` is one of ``owners``."""
    owners = owners.order_by()
    if owners[: FEW_OWNERS + 1].count() <= FEW_OWNERS:
        return rows.filter(**{f"{field}__in": owners.values("pk")})
    return rows.filter(Exists(owners.filter(pk=OuterRef(f"{field}_id"))))


class OfShipment(Filter):
    """Parcels by a column of their shipment."""

    is_dear = True
    column: ClassVar[str]

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return of_owners(rows, "shipment", Shipment.objects.filter(**{self.column: value}))


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
            return self.held_by_nobody(rows)
        wanted = self.own if value == ME else value
        return self.held_by(rows, wanted) if wanted else rows.none()

    def held_by_nobody(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that nobody holds."""
        return rows.filter(sub="")

    def held_by(self, rows: QuerySet[Any], sub: str) -> QuerySet[Any]:
        """The rows that the person with this id of Afosto's holds."""
        return rows.filter(sub=sub)


class AssigneeOfShipmentFilter(AssigneeFilter):
    """Who holds the list that a shipment is on."""

    is_dear = True

    def held_by_nobody(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(Q(list__sub="") | Q(list=None))

    def held_by(self, rows: QuerySet[Any], sub: str) -> QuerySet[Any]:
        return of_owners(rows, "list", HandlingList.objects.filter(sub=sub))


class DueFilter(Filter):
    """When it is due, by the calendar of the installation's zone."""

    title, parameter_name = _("due"), "due"
    column: ClassVar[str] = "due_at"

    @property
    def ordering(self) -> Sequence[str]:
        """What is overdue stands by how long."""
        return ("overdue_from",) if self.value() == "overdue" else ()

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
            return rows.filter(overdue_from__lt=timezone.now())
        days = {"today": 1, "week": 7 - timezone.localdate().weekday()}.get(value)
        if days is None:
            return rows.none()
        today, end = times.midnight(0), times.midnight(days)
        start = today - timedelta(days=timezone.localdate().weekday()) if value == "week" else today
        return rows.filter(**{f"{self.column}__gte": start, f"{self.column}__lt": end})


class ShipFilter(DueFilter):
    """When a shipment or a parcel is to be sent."""

    title, column = _("to be sent"), "ship_at"
