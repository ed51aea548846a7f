"""What needs a person: the same for the desk, the menu and the page, so that their counts never disagree.

section.py   the registry: kinds of things that wait, as one person sees them
writes.py    writes: unknown, failed, refused             sync.py   held runs, rejected records, drift
"""
