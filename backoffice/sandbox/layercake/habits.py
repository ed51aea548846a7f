"""The ways of answering that were seen besides the documented ones (``x-variant``)."""

from dataclasses import dataclass


@dataclass
class Habits:
    """All off: as documented. May be changed at any time."""

    renames: bool = False  # ``_id`` and ``name`` in place of ``id`` and ``displayName``
    wraps: bool = False  # one contact comes under ``contact``
    creates_say_id_only: bool = False  # ``contactId``, ``crmOrganizationId``
    updates_say_ok_only: bool = False  # ``{"success": true}``
    deletes_say_nothing: bool = False  # 204
    errors_say_message: bool = False  # ``message`` in place of ``error``
