"""What the warehouse adds to the list of customers."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from backoffice.admin.filters import Filter
from backoffice.admin.mirror import MORE_FILTERS
from backoffice.texts import Text
from fulfilment.desk import linked_recipients, may_see_parcels_of_customers, with_parcels_under_way

FEW_LINKS = 1_000
"""So many lead to their customers; beyond that it is quicker to ask each customer until a page is full."""


class ParcelsFilter(Filter):
    """Customers to whom something is on its way."""

    title, parameter_name, is_dear = _("parcels"), "parcels", True

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        return [("under_way", _("On their way"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        is_known = self.value() == "under_way" and may_see_parcels_of_customers(request.user)
        if not is_known:
            return queryset.none()
        linked = linked_recipients().order_by()
        if linked[: FEW_LINKS + 1].count() <= FEW_LINKS:
            queryset = queryset.filter(pk__in=linked.values("customer"))
        return queryset.filter(with_parcels_under_way())


MORE_FILTERS.setdefault("kirim.customers", []).append(ParcelsFilter)
