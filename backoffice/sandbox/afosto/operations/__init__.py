"""Afosto's operations: one method each, from the request to the answer.

A table names each endpoint's method and the scopes that its token must have, words with spaces between.
"""

from backoffice.sandbox.afosto.operations import lists, locations, parcels, platform, shipments, webhooks
from backoffice.sandbox.afosto.operations.base import Calls

GROUPS: tuple[tuple[type[Calls], dict[str, tuple[str, str]]], ...] = (
    (lists.ListCalls, lists.OPERATIONS),
    (shipments.ShipmentCalls, shipments.OPERATIONS),
    (parcels.ParcelCalls, parcels.OPERATIONS),
    (locations.LocationCalls, locations.OPERATIONS),
    (platform.PlatformCalls, platform.OPERATIONS),
    (webhooks.WebhookCalls, webhooks.OPERATIONS),
)
