"""Our webhook subscription at an upstream: exactly one, for all that we mirror, signed with the secret we hold."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from backoffice import upstreams
from backoffice.client import PERSON, RemoteClient
from backoffice.models import RemoteWrite
from backoffice.subscription_service import Subscription, SubscriptionService
from backoffice.subscriptions import Console, delivery_url
from backoffice.texts import together
from backoffice.writes.plan import Actor, plan
from backoffice.writes.settle import find_lost, look_for
from backoffice.writes.verbs import WriteVerb

State = RemoteWrite.State


@dataclass(frozen=True)
class Found:
    """Our subscriptions: the one to keep, if any, those that are too many, and the events there have to be."""

    kept: Subscription | None
    surplus: Sequence[Subscription]
    events: Sequence[str]


class OwnSubscription(ABC):
    """How one upstream is subscribed to; see ``backoffice.subscriptions.Subscriber``. Its app declares the rest."""

    upstream: ClassVar[str]
    variable: ClassVar[str]
    create: ClassVar[WriteVerb]
    update: ClassVar[WriteVerb | None] = None  # where the upstream has none, ``changes`` is empty
    delete: ClassVar[WriteVerb]

    @abstractmethod
    def client(self) -> RemoteClient:
        """A client with the patience of a person. Raises NotConfigured, UpstreamChanged."""

    @abstractmethod
    def service(self, api: Any) -> SubscriptionService:
        """The service with that client."""

    @abstractmethod
    def events(self, api: Any) -> Sequence[str]:
        """What we want to be told of. Raises RemoteError, BackofficeError."""

    @abstractmethod
    def creation(self, events: Sequence[str]) -> dict[str, Any]:
        """The members that a new subscription is made with."""

    def changes(self, kept: Subscription, events: Sequence[str]) -> dict[str, Any]:
        """What has to be set on the one that is kept. Its other events stay: a list is set as a whole."""
        missing = [name for name in events if name not in kept.events]
        return {"events": [*kept.events, *missing]} if missing else {}

    def change(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The members that a change is sent with."""
        return dict(changes)

    @property
    def label(self) -> str:
        """The upstream's name, for people."""
        return upstreams.UPSTREAMS[self.upstream].label

    @property
    def url(self) -> str:
        """Where it is to deliver."""
        return delivery_url(self.upstream)

    # -- what commands see --------------------------------------------------------------------------------------------

    def trouble(self) -> str:
        """What is not as it should be with our subscription, in a sentence; "" where nothing is. Only reads."""
        found = self._find()
        if found.kept is None and not found.surplus:
            told = _("{label} has no subscription that delivers to {url}.")
            return told.format(label=self.label, url=self.url)
        if found.kept is None:
            told = _(
                "{label}'s subscription to us cannot be used: it is disabled, or its secret is not the one set here."
            )
            return told.format(label=self.label)
        if changes := self.changes(found.kept, found.events):
            told = _("Our subscription at {label} is not as it should be: {members}.")
            return told.format(label=self.label, members=together(changes))
        if not found.surplus:
            return ""
        return _("{label} delivers every event {count} times.").format(label=self.label, count=len(found.surplus) + 1)

    def put_right(self, actor: Actor, console: Console, *, replace: bool = False) -> bool:
        """Do what is needed, one write after another, up to the first that is not confirmed; whether anything was.

        Args:
            replace: another one takes the place of ours, whatever is to be said of it.
        """
        open_one = self._still_unknown()
        if open_one:
            console.tell(open_one)
            return True
        found = self._find()
        if replace and found.kept:
            found = Found(None, [found.kept, *found.surplus], found.events)
        surplus = list(found.surplus)
        if surplus:
            console.consent(self._removal(surplus))
        changes = self.changes(found.kept, found.events) if found.kept else {}
        is_new = found.kept is None
        if found.kept and changes:
            changed = self._change(found.kept, changes, actor, console)
            is_new = changed.status == 409  # it takes no change any more
            if is_new:
                console.consent(self._removal([found.kept]))
                surplus.insert(0, found.kept)
            elif changed.state != State.CONFIRMED:
                return True
        created = self._create(found.events, actor, console) if is_new else None
        for subscription in surplus if created is None or created.state == State.CONFIRMED else ():
            if self._remove(subscription, created, actor, console).state != State.CONFIRMED:
                break
        return bool(is_new or changes or surplus)

    # -- parts --------------------------------------------------------------------------------------------------------

    def _create(self, events: Sequence[str], actor: Actor, console: Console) -> RemoteWrite:
        write = plan(self.create, actor, sends=self.creation(events))[0]
        handed_over = False

        def work(api: Any) -> None:
            nonlocal handed_over
            if secret := self.service(api).create(write).secret:
                console.hand_over(write, secret)
                handed_over = True

        console.carry_out(write, work)
        write.refresh_from_db()
        if not handed_over:
            console.tell(write)
        return write

    def _change(self, kept: Subscription, changes: Mapping[str, Any], actor: Actor, console: Console) -> RemoteWrite:
        assert self.update is not None  # noqa: S101  else there are no changes
        before = {name: getattr(kept, name) for name in changes}
        write = plan(self.update, actor, remote_id=kept.id, sends=self.change(changes), before=before)[0]
        return self._done(write, lambda api: self.service(api).update(write), console)

    def _remove(
        self, surplus: Subscription, follows: RemoteWrite | None, actor: Actor, console: Console
    ) -> RemoteWrite:
        write = plan(self.delete, actor, remote_id=surplus.id, follows=follows)[0]
        return self._done(write, lambda api: self.service(api).delete(write), console)

    @staticmethod
    def _done(write: RemoteWrite, work: Callable[[Any], None], console: Console) -> RemoteWrite:
        console.carry_out(write, work)
        write.refresh_from_db()
        console.tell(write)
        return write

    def _made(self) -> QuerySet[RemoteWrite]:
        return RemoteWrite.objects.filter(target=self.create.target, verb=self.create.name)

    def _still_unknown(self) -> RemoteWrite | None:
        """Look for creations whose answer was lost; one that looking could not settle, after which none may be sent."""
        find_lost()
        for write in self._made().filter(state__in=[State.PLANNED, State.SENT, State.UNKNOWN]):
            look_for(write, PERSON)
            if not write.is_over:
                return write
        return None

    def _find(self) -> Found:
        """Tell which of our subscriptions can be kept: one whose secret we may hold, so not one whose secret was lost.

        Of several the one that we made last; where we made none of them nobody can tell whose secret is set here.
        """
        with self.client() as api:
            ours = self.service(api).at(self.url)
            events = self.events(api)
        made = self._made().filter(remote_id__in=[subscription.id for subscription in ours])
        lost = set(made.filter(secret_lost=True).values_list("remote_id", flat=True))
        last = made.filter(secret_lost=False).order_by("-settled_at").values_list("remote_id", flat=True).first()
        usable = [one for one in ours if one.is_usable and one.id not in lost]
        kept = usable[0] if len(usable) == 1 else next((one for one in usable if one.id == last), None)
        return Found(kept, [one for one in ours if one is not kept], events)

    def _removal(self, subscriptions: Sequence[Subscription]) -> str:
        named = ", ".join(f"{one.id} ({one.status})" if one.status else one.id for one in subscriptions)
        told = _(
            "Remove {subscriptions} at {label}? Another one delivers to the same address, or takes its place first."
        )
        return told.format(subscriptions=named, label=self.label)
