"""The filters of the queue. The address is the whole state."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import ChoiceFilter, FilterSet
from unfold.widgets import UnfoldAdminSelectWidget

from backoffice.texts import Text
from customers.identity.match import FAIR, STRONG
from customers.identitypage.words import STRENGTHS, system
from customers.models import IdentityLink

State = IdentityLink.State
_SCORES = {"strong": Q(score__gte=STRONG), "fair": Q(score__gte=FAIR, score__lt=STRONG), "weak": Q(score__lt=FAIR)}
_ALONE = Q(email_shared=1) | Q(phone_shared=1)


def _choice(label: Text, empty: Text, choices: Sequence[tuple[str, Text]] = ()) -> ChoiceFilter:
    return ChoiceFilter(
        label=label, empty_label=empty, choices=list(choices), method="narrow", widget=UnfoldAdminSelectWidget
    )


class QueueFilter(FilterSet):  # type: ignore[misc]  # django-filter is untyped
    """Without any choice the queue shows what waits. A choice that there is not finds nothing."""

    state = _choice(_("State"), _("Suggested"), [("confirmed", _("Confirmed")), ("rejected", _("Rejected"))])
    system = _choice(_("System"), _("All systems"))
    strength = _choice(_("Strength"), _("Any strength"), list(STRENGTHS.items()))
    shared = _choice(
        _("Shared"), _("Shared or not"), [("no", _("Nobody else has it")), ("yes", _("Others have it, too"))]
    )

    class Meta:
        model = IdentityLink
        fields: list[str] = []

    def __init__(self, data: Any, queryset: QuerySet[IdentityLink], *, resources: Sequence[str]) -> None:
        """
        Args:
            resources: those whose records the person may see.
        """
        super().__init__(data, queryset)
        self.filters["system"].extra["choices"] = [(name, system(name)) for name in resources]

    @property
    def is_refused(self) -> bool:
        """Whether the address asks for a choice that there is not."""
        return not self.form.is_valid()

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but all that waits is asked for."""
        return any(self.data.get(name) for name in self.filters)

    def filter_queryset(self, queryset: QuerySet[IdentityLink]) -> QuerySet[IdentityLink]:
        if self.is_refused:
            return queryset.none()
        narrowed: QuerySet[IdentityLink] = super().filter_queryset(queryset)
        return narrowed if self.form.cleaned_data["state"] else narrowed.filter(state=State.SUGGESTED)

    def narrow(self, rows: QuerySet[IdentityLink], name: str, value: str) -> QuerySet[IdentityLink]:
        """The rows with one choice."""
        if name == "state":
            return rows.filter(state=value)
        if name == "system":
            return rows.filter(resource=value)
        if name == "strength":
            return rows.filter(_SCORES[value])
        # not exclude(): a count that is null would make the row neither the one nor the other
        return rows.filter(_ALONE) if value == "no" else rows.exclude(pk__in=rows.filter(_ALONE).values("pk"))
