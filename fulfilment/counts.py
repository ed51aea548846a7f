"""How far something is, as badges and cells tell it."""

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.badges import badge
from backoffice.texts import number


def done_of(done: int, total: int) -> str:
    """How many of all are done: "3 of 12"."""
    return _("{done} of {total}").format(done=number(done), total=number(total))


def missing_told(count: int) -> str:
    """How many are missing: "2 missing"."""
    return ngettext("{count} missing", "{count} missing", count).format(count=number(count))


def missing(count: int) -> SafeString:
    """The same as a label."""
    return badge(missing_told(count), "warn")
