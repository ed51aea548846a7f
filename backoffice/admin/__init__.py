"""The kernel's part of the admin.

readonly.py   lists and pages of rows that nobody edits here     mirror.py   the same for mirrored remote objects
selecting.py one verb for many rows of a list                    bulk.py     what came of that
runs.py rejected.py changes.py writes.py upstreams.py deliveries.py  the kernel's own rows
noted.py audit.py                                                edits by hand; who did what
users.py beat.py                                                 other people's models, in the theme
"""

from backoffice.admin import audit, beat, bulk, changes, deliveries, rejected, runs, upstreams, users, writes

__all__ = ["audit", "beat", "bulk", "changes", "deliveries", "rejected", "runs", "upstreams", "users", "writes"]
