"""The kernel's part of the admin.

readonly.py   lists and pages of rows that nobody edits here     mirror.py   the same for mirrored remote objects
runs.py rejected.py changes.py upstreams.py                      the kernel's own rows
users.py beat.py                                                 other people's models, in the theme
"""

from backoffice.admin import beat, changes, rejected, runs, upstreams, users

__all__ = ["beat", "changes", "rejected", "runs", "upstreams", "users"]
