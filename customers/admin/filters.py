"""Filters of the lists of customers and setup links."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.admin.filters import MAX_CHOICES, AgeFilter, Filter, ValueFilter
from backoffice.badges import Tone, in_words
from backoffice.distinct import values_of
from customers import states
from customers.models import SetupLink

FEW_LINKS = 4_000
"""So many are known one by one."""


class StatusFilter(Filter):
    """Kirim's words, and any other that was met."""

    title, parameter_name = _("state"), "status"
    words: ClassVar[Mapping[str, Tone]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        met = values_of(model_admin.model, "status", MAX_CHOICES)
        unknown = sorted(word for word in met if word and word not in self.words)
        known = [(word, str(in_words(word, self.words))) for word in self.words]
        return known + [(word, gettext("unknown: {word}").format(word=word[:60])) for word in unknown]

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(status=value)


class CustomerStatus(StatusFilter):
    words = states.CUSTOMER


class AccountStatus(StatusFilter):
    words = states.ACCOUNT


class LinkStatus(StatusFilter):
    """By the state that staff see, in which a link past its time is expired."""

    words = states.LINK

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        over = Q(status="active", expires_at__lte=timezone.now())
        if value == "active":
            return rows.filter(status="active", expires_at__gt=timezone.now())
        if value == "expired":
            return rows.filter(Q(status="expired") | over)
        return super().narrow(rows, value)


class TeamFilter(ValueFilter):
    """Customers of one team."""

    title, parameter_name, column = _("team"), "team", "team_id"


class ActiveLinkFilter(Filter):
    """Whether a customer has a link that can still be used."""

    title, parameter_name = _("active setup link"), "active_link"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [("yes", gettext("Has one")), ("no", gettext("Has none")), ("ending", gettext("Ends within a day"))]

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        wanted = states.links_ending_soon() if value == "ending" else states.usable_links()
        owners = SetupLink.objects.filter(wanted, customer__isnull=False).order_by().values("customer")
        # Few have one, so these are found from the links' side.
        return rows.exclude(pk__in=owners) if value == "no" else rows.filter(pk__in=owners)


class EndingFilter(Filter):
    """Links that end soon."""

    title, parameter_name = _("ending"), "ending"
    within: ClassVar[Mapping[str, timedelta]] = {"day": states.ENDING_SOON, "48h": states.ENDING_IN_TIME_TO_ACT}

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [("day", gettext("Within a day")), ("48h", gettext("Within 48 hours"))]

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        known = self.within.get(value)
        return rows.filter(states.links_ending_soon(known)) if known else rows.none()


class LinkAgeFilter(AgeFilter):
    """The age of a link counts from the last reading of its customer's links."""

    sweep_reads_all, is_dear = False, True

    def read_since(self, moment: Any) -> Q:
        itself, with_its_customer = super().read_since(moment), Q(customer__links_read_at__gte=moment)
        links = SetupLink.objects.order_by().values_list("pk", flat=True)
        keys = set(links.filter(itself).union(links.filter(with_its_customer), all=True)[: FEW_LINKS + 1])
        # Of more, a page is full soon, whatever the order.
        return Q(pk__in=keys) if len(keys) <= FEW_LINKS else itself | with_its_customer

    def not_read_since(self, moment: Any) -> Q:
        read_with_it = Q(customer__links_read_at__gte=moment)
        return super().not_read_since(moment) & (~read_with_it | Q(customer__links_read_at=None))
