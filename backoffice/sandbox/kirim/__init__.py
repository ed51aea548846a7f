"""Kirim in small."""
