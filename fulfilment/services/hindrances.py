"""What several kinds of objects have in common where a verb cannot be done to them: sentences about ``it``."""

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backoffice.errors import NotInThisState
from backoffice.texts import Text

IT = pgettext_lazy("a record whose page one sees", "It")


def gone(it: Text) -> Text:
    """It was there."""
    return format_lazy(_("{it} is gone at Afosto."), it=it)


def cancelled(it: Text) -> Text:
    """It was cancelled."""
    return format_lazy(_("{it} is cancelled."), it=it)


def cancelled_already(it: Text) -> Text:
    """It cannot be cancelled twice."""
    return format_lazy(_("{it} is cancelled already."), it=it)


def finished(it: Text) -> Text:
    """It is over."""
    return format_lazy(_("{it} is finished."), it=it)


def in_transit(it: Text) -> Text:
    """It has left."""
    return format_lazy(_("{it} is in transit."), it=it)


def refused(why: Text) -> NotInThisState:
    """The refusal of a service, for a reason that is a whole sentence."""
    return NotInThisState(format_lazy(_("{reason} Nothing was sent."), reason=why))
