"""A moment of life: a customer comes, or is noted something about; rarely the connected service stumbles."""

from random import Random
from typing import TYPE_CHECKING

from backoffice.sandbox.known import strangers

if TYPE_CHECKING:
    from backoffice.sandbox.apideck.state import Apideck

_NEW_CHANCE = 0.08
_CHANGED_CHANCE = 0.15
_STUMBLE_CHANCE = 0.01
_NOTES = ("Called about an invoice.", "Asked for a new setup link.", "Parcel was late.", "All is well again.")


def live(apideck: "Apideck") -> None:
    """What happens depends on the seed and on how many moments there were. Call it in a transaction."""
    number = apideck.storage.count_up("ticks")
    rng = Random(f"{apideck.seed}/apideck/tick/{number}")  # noqa: S311  made-up life
    if rng.random() < _NEW_CHANCE:
        its = next(strangers(rng, 2, f"new-{number}.example"))
        emails = [{"email": f"hello@new-{number}.example", "type": "primary"}]
        apideck.customers.create(first_name=its.given, last_name=its.family, individual=True, emails=emails)
    if rng.random() < _CHANGED_CHANCE and len(apideck.customers):
        row = apideck.storage.select("customers", limit=1, offset=rng.randrange(len(apideck.customers)))[0]
        apideck.customers.change(row["id"], notes=rng.choice(_NOTES))
    if rng.random() < _STUMBLE_CHANCE:
        is_degraded = apideck.storage.count_up("stumbles") % 2
        apideck.connection.tell(f"vault.connection.downstream.{'degraded' if is_degraded else 'recovered'}")
