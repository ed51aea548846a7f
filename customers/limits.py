"""Limits to Kirim's teams: customers and what hangs on them, and records of other systems that people linked with them.

A record of another system that nobody linked with a customer is of no team, so everybody sees it.
"""

from collections.abc import Iterable

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from backoffice.limits import Kind, Rule, register
from customers.models import (
    Contact,
    Customer,
    CustomerNote,
    IdentityLink,
    Invoice,
    Organization,
    SetupLink,
    SupportCustomer,
    Transaction,
    WhatsAppAccount,
)

CONFIRMED = IdentityLink.State.CONFIRMED
CLIENTS = ("layercake.contacts", "layercake.organizations")
MAX_TEAMS = 200  # that a form offers


def teams() -> Iterable[tuple[str, str]]:
    """The teams of the mirrored customers; Kirim tells no names of them."""
    met = Customer._base_manager.order_by("team_id").values_list("team_id", flat=True).distinct()
    return [(team, team) for team in met[:MAX_TEAMS]]


def of_teams(values: frozenset[str]) -> QuerySet[Customer]:
    """The customers of these teams."""
    return Customer._base_manager.filter(team_id__in=values)


def linked_elsewhere(resource: str, values: frozenset[str]) -> QuerySet[IdentityLink]:
    """Confirmed links between records of the resource and customers of other teams than these."""
    links = IdentityLink._base_manager.filter(state=CONFIRMED, resource=resource)
    return links.exclude(customer__team_id__in=values)


def not_linked_elsewhere(resource: str, column: str = "remote_id") -> Rule:
    """Records that are not known to be a customer of another team."""
    return lambda values: ~Q(**{f"{column}__in": linked_elsewhere(resource, values).values("remote_id")})


def _invoices(values: frozenset[str]) -> Q:
    rules = [
        not_linked_elsewhere(name, "client_remote_id") for name in ("layercake.contacts", "layercake.organizations")
    ]
    return rules[0](values) & rules[1](values)


def _transactions(values: frozenset[str]) -> Q:
    hidden = Invoice._base_manager.exclude(_invoices(values))
    return ~Q(invoice_remote_id__in=hidden.values("remote_id"))


_RULES: dict[type[Model], Rule] = {
    Customer: lambda values: Q(team_id__in=values),
    SetupLink: lambda values: Q(customer_remote_id__in=of_teams(values).values("remote_id")),
    WhatsAppAccount: lambda values: Q(customer_remote_id__in=of_teams(values).values("remote_id")),
    CustomerNote: lambda values: Q(customer__in=of_teams(values)),
    IdentityLink: lambda values: Q(customer__in=of_teams(values)),
    SupportCustomer: not_linked_elsewhere("apideck.customers"),
    Contact: not_linked_elsewhere("layercake.contacts"),
    Organization: not_linked_elsewhere("layercake.organizations"),
    Invoice: _invoices,
    Transaction: _transactions,
}

TEAM = Kind("team", _("Teams"), teams, {"customer": "team_id"}, (_("team"), _("teams")))
register(TEAM, _RULES)
