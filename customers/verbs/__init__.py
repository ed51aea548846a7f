"""The verbs of the customers app, a module for each remote: who may, through which service, how each is looked for."""

from customers.verbs import crm, crm_subscriptions, kirim, support

__all__ = ["crm", "crm_subscriptions", "kirim", "support"]
