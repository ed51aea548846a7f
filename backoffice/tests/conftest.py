"""Fixtures of the kernel's tests: the one upstream there is."""

from customers.tests.conftest import kirim

__all__ = ["kirim"]
