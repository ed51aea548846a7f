"""Apideck in small: the customers of its customer support."""
