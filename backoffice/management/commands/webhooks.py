"""``manage.py webhooks``: have upstreams tell us of changes, what they told, and processing it once more."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError
from django.db.models import Q, QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.badges import in_words
from backoffice.client import PERSON
from backoffice.commands import Exit, add_limit, shown, worst
from backoffice.errors import NotFound
from backoffice.keys import is_key
from backoffice.models import WebhookDelivery
from backoffice.subscribe_command import SubscribeCommand
from backoffice.texts import number
from backoffice.webhooks import process
from backoffice.webhooks.access import visible_deliveries

State = WebhookDelivery.State
VIEW, REPLAY = "backoffice.view_webhookdelivery", "backoffice.replay_webhookdelivery"
DONE = {State.PROCESSED, State.IGNORED}


class Command(SubscribeCommand):
    """With ``--json`` each delivery is a line: delivery (our key), upstream, event_id, state and error (a sentence, or
    ""); ``list`` adds event, received_at and processed_at.

    ``replay`` exits 1 where a delivery is not done then: it failed, or is tried again by itself. ``subscribe`` prints
    its writes as ``WriteCommand`` says.
    """

    help = "Subscribe to webhooks, list what was delivered, and process some of it again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="subscribe|list|replay")
        self.add_subscribe(verbs)
        listing = self.add_verb(verbs, "list", "List deliveries, the newest first.")
        listing.add_argument("--state", choices=State.values, help="only those in this state")
        add_limit(listing)
        again = self.add_verb(verbs, "replay", "Process deliveries again: what they tell of is read anew.")
        again.add_argument("ids", nargs="*", metavar="ID", help="event id or key; none given: all that are not done")
        again.add_argument("--failed", action="store_true", help="all that failed")
        again.add_argument("--dry-run", action="store_true", help="only print which these are")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the verb. Raises CommandError with the exit code unless all is done."""
        doing: dict[str, Callable[[dict[str, Any]], None]] = {
            "subscribe": self.subscribe, "list": self._list, "replay": self._replay,
        }  # fmt: skip
        doing[options["verb"]](options)

    def _list(self, options: dict[str, Any]) -> None:
        deliveries = visible_deliveries(self.actor(options, VIEW))
        if options["state"]:
            deliveries = deliveries.filter(state=options["state"])
        listed = list(deliveries.defer("payload")[: options["limit"]])
        for delivery in listed:
            more = ("event", "received_at", "processed_at")
            self._tell(delivery, options, {name: getattr(delivery, name) for name in more})
        if not listed:
            self.say(_("No delivery fits."))
        self.tell_cut(listed, deliveries, options["limit"], _("deliveries"))

    def _replay(self, options: dict[str, Any]) -> None:
        if options["ids"] and options["failed"]:
            raise CommandError(_("Name deliveries or say --failed, not both."), returncode=Exit.USAGE)
        user = self.actor(options, VIEW, REPLAY)
        chosen = list(_chosen(options, user).order_by("pk").values_list("pk", flat=True))
        codes: list[Exit] = []
        for start in range(0, len(chosen), process.CLAIMED_AT_ONCE):
            codes += self._replay_some(chosen[start : start + process.CLAIMED_AT_ONCE], options, user)
        if not chosen:
            self.say(_("There is none to replay."))
        elif options["dry_run"]:
            self.say(_("{count} would be replayed. Nothing was done.").format(count=number(len(chosen))))
        if worst(codes) is not Exit.DONE:
            raise CommandError("", returncode=worst(codes))

    def _replay_some(self, keys: list[int], options: dict[str, Any], user: User | None) -> list[Exit]:
        """Replay and print as many as are claimed at once; how each ended."""
        its = WebhookDelivery.objects.filter(pk__in=keys)
        replayed = set(keys if options["dry_run"] else process.replay(its, PERSON, by=user))
        codes = []
        for delivery in its.order_by("pk").defer("payload"):
            self._tell(delivery, options)
            codes.append(Exit.DONE if options["dry_run"] or delivery.state in DONE else Exit.FAILED)
            if delivery.pk not in replayed:
                self.say(_("{delivery}: a worker has it in hand at this moment.").format(delivery=delivery.event_id))
        return codes

    def _tell(self, delivery: WebhookDelivery, options: dict[str, Any], more: dict[str, Any] | None = None) -> None:
        line = {"delivery": delivery.pk, **{name: getattr(delivery, name) for name in _MEMBERS}}
        if options["json"]:
            self.put({**line, **(more or {})})
            return
        state = f"{in_words(delivery.state)!s:<9}"
        told = f"{state}  {shown(delivery.received_at)}  {delivery.event}  {delivery.error}".rstrip()
        self.line(f"{delivery.pk:>7}  {delivery.upstream} {delivery.event_id}  {told}")


_MEMBERS = ("upstream", "event_id", "state", "error")


def _chosen(options: dict[str, Any], user: User | None) -> QuerySet[WebhookDelivery]:
    """The deliveries that are meant. Raises NotFound where a named one is not here, or not for this person."""
    deliveries = visible_deliveries(user)
    if not options["ids"]:
        return deliveries.filter(state__in=[State.FAILED] if options["failed"] else [State.RECEIVED, State.FAILED])
    keys: set[int] = set()
    for id in options["ids"]:
        found = set(deliveries.filter(_named(id)).values_list("pk", flat=True))
        if not found:
            told = gettext_lazy("There is no delivery {id}. Nothing was done.")
            if user:
                told = gettext_lazy("There is no delivery {id} that you may see. Nothing was done.")
            raise NotFound(format_lazy(told, id=id))
        keys |= found
    return deliveries.filter(pk__in=keys)


def _named(id: str) -> Q:
    return Q(event_id=id) | Q(pk=int(id)) if is_key(id) else Q(event_id=id)
