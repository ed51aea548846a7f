"""What writes to Afosto come to; see ``backoffice.writes.outcomes``."""

from functools import partial

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.texts import Text
from backoffice.writes import outcomes
from fulfilment.states import in_words

MADE_BEFORE = _("An earlier try had made it after all.")
as_it_is = outcomes.as_it_is
compared = partial(outcomes.compared, "Afosto")


def shown_as(state: str) -> Text:
    """What looking found, where that is a state."""
    return format_lazy(_("Afosto shows it as {state}."), state=in_words(state))


def shown_so_far_as(state: str) -> Text:
    """The same where it may change still."""
    return format_lazy(_("Afosto shows it as {state} so far."), state=in_words(state))


def found_as(remote_id: str) -> Text:
    """What looking found, where that is an object."""
    return format_lazy(_("Found at Afosto as {id}."), id=remote_id)
