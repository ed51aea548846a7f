"""The page of a customer over all systems: a part for each system, local notes, and one timeline.

Each system says what it knows by registering a ``Part`` (``parts.py``); the page itself knows none of them.
"""
