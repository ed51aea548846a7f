"""One display state for each kind, out of the flags that Afosto gives; the first that holds counts.

The database computes them (generated columns): lists filter and sort by them, and they are never older than the flags.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from django.db.models import Case, CharField, DateTimeField, F, GeneratedField, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backoffice.badges import Tone, Vocabulary
from backoffice.texts import Text, capital_lazy

States = Sequence[tuple[str, Q]]

LIST_STATES: States = (
    ("cancelled", Q(is_cancelled=True)),
    ("finished", Q(is_finished=True)),
    ("on hold", Q(is_on_hold=True)),
    ("in progress", Q(is_in_progress=True)),
    ("assigned", Q(sub__gt="")),
)
SHIPMENT_STATES: States = (
    ("cancelled", Q(is_canceled=True)),
    ("finished", Q(is_finished=True)),
    ("in transit", Q(is_in_transit=True)),
    ("labelled", Q(is_labeled=True)),
    ("packed", Q(is_boxed=True)),
    ("picked", Q(is_handled=True, is_outbound=True)),
    ("sorted", Q(is_handled=True)),
    ("on a list", Q(is_listed=True)),
)
PARCEL_STATES: States = (
    ("finished", Q(is_finished=True)),
    ("delivered", Q(is_delivered=True)),
    ("in transit", Q(is_in_transit=True)),
    ("labelled", Q(label_file_id__gt="")),
    ("label requested", Q(label_requested_at__isnull=False)),
)

NEVER = datetime(3000, 1, 1, tzinfo=UTC)

WORDS: Mapping[str, Text] = {
    "open": _("open"),
    "assigned": _("assigned"),
    "in progress": _("in progress"),
    "on hold": _("on hold"),
    "on a list": _("on a list"),
    "listed": _("listed"),
    "handled": _("handled"),
    "missing": _("missing"),
    "picked": _("picked"),
    "sorted": _("sorted"),
    "boxed": _("boxed"),
    "packed": _("packed"),
    "label requested": _("label requested"),
    "labelled": _("labelled"),
    "in transit": _("in transit"),
    "delivered": _("delivered"),
    "finished": _("finished"),
    "cancelled": pgettext_lazy("a list, a shipment or a parcel", "cancelled"),
}
"""All of these states, and those of a piece, for people."""
LIST = Vocabulary({
    "open": "info", "assigned": "info", "in progress": "good", "on hold": "warn", "finished": "dull",
    "cancelled": "bad",
}, WORDS)  # fmt: skip
SHIPMENT = Vocabulary({
    "open": "info", "on a list": "info", "picked": "good", "sorted": "good", "packed": "good", "labelled": "good",
    "in transit": "dull", "finished": "dull", "cancelled": "bad",
}, WORDS)  # fmt: skip
PARCEL = Vocabulary({
    "packed": "info", "label requested": "warn", "labelled": "good", "in transit": "dull", "delivered": "dull",
    "finished": "dull",
}, WORDS)  # fmt: skip
OVER = ("finished", "cancelled")
"""The states of a list in which there is nothing left to do."""
OPEN = tuple(state for state in LIST if state not in OVER)
SENT = ("in transit", "finished", "cancelled")
"""The states of a shipment that is no longer waited for."""
ARRIVED = ("delivered", "finished")
"""The states of a parcel that is where it should be."""
GONE_OUT = ("in transit", *ARRIVED)
"""Those in which a parcel has left and is no longer waited for."""
UNLABELLED = ("packed", "label requested")
"""Those in which there is no label."""
UNDER_WAY = tuple(state for state in PARCEL if state not in ARRIVED)
"""Those in which a parcel is on its way to its recipient, or is to be sent."""


def in_words(state: str) -> Text:
    """A state for people; what is none of ours as it is."""
    return WORDS.get(state, state)


def choices(tones: Mapping[str, Tone]) -> list[tuple[str, Text]]:
    """The states of one kind to choose from, each with a capital."""
    return [(state, capital_lazy(in_words(state))) for state in tones]


def state_column(states: States, otherwise: str) -> "GeneratedField":
    """A column that holds the first state whose condition is met."""
    first = Case(*(When(condition, then=Value(name)) for name, condition in states), default=Value(otherwise))
    return GeneratedField(expression=first, output_field=CharField(max_length=20), db_persist=True)


def overdue_column(states: States, over: Sequence[str], due: str) -> "GeneratedField":
    """A column that holds from when on it is overdue: the moment in the column ``due``, or ``NEVER``.

    Never where there is none, and in the states ``over``: the first of ``states``, so that each is met where its
    condition is. Null would say so as well, but SQLite cannot add such a column to a table that is there.
    """
    left = [When(condition, then=Value(NEVER)) for name, condition in states if name in over]
    moment = Case(*left, default=Coalesce(F(due), Value(NEVER)), output_field=DateTimeField())
    return GeneratedField(expression=moment, output_field=DateTimeField(), db_persist=True)
