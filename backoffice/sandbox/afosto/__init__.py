"""Afosto in small: its fulfilment side."""
