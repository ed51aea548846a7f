"""Afosto's verbs, for every door: who may, through which service, and how each is looked for."""

from fulfilment.verbs import lists, locations, parcels, shipments

__all__ = ["lists", "locations", "parcels", "shipments"]
