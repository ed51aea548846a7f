"""What writes to Afosto come to; see ``backoffice.writes.outcomes``."""

from functools import partial

from backoffice.writes import outcomes

as_it_is = outcomes.as_it_is
compared = partial(outcomes.compared, "Afosto")
