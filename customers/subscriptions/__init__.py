"""Our webhook subscriptions, a module for each remote."""

from customers.subscriptions import kirim, layercake

__all__ = ["kirim", "layercake"]
