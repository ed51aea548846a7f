"""Webhook subscriptions at an upstream: find ours, create, change, remove, and looking for what became of those.

The signing secret of a new one is handed to the caller and kept nowhere. Each app says how its upstream is called.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.client import Attempts
from backoffice.errors import RemoteNotFound
from backoffice.models import RemoteWrite
from backoffice.texts import Text, written
from backoffice.writes.sending import send, settle
from backoffice.writes.verbs import Look

State = RemoteWrite.State


@dataclass(frozen=True)
class Subscription:
    """One subscription as the upstream lists it, and never its secret."""

    id: str
    url: str
    events: Sequence[str]
    status: str = ""  # the upstream's word, where it has one
    is_usable: bool = True  # as far as can be told it delivers, signed with a secret that is set here


class NewSubscription(Protocol):
    """The answer of a creation."""

    @property
    def id(self) -> str | int:
        """Its id."""

    @property
    def secret(self) -> str:
        """The signing secret, for whoever prints it; "" where it is set here already."""


@dataclass(frozen=True)
class SubscriptionService(ABC):
    """Called by commands, with a client that has their patience. Subscriptions are not mirrored."""

    api: Any

    label: ClassVar[str]
    target: ClassVar[str]  # of its writes
    url_member: ClassVar[str]  # what the upstream calls the address that it delivers to

    @abstractmethod
    def listed(self) -> list[Subscription]:
        """All that there are, whoever made them. Raises RemoteError."""

    @abstractmethod
    def send_creation(self, sends: Mapping[str, Any], attempts: Attempts) -> NewSubscription:
        """The creating call."""

    def send_update(self, remote_id: str, sends: Mapping[str, Any], attempts: Attempts) -> None:
        """The changing call, of an upstream that has one."""
        raise NotImplementedError

    @abstractmethod
    def send_removal(self, remote_id: str, attempts: Attempts) -> None:
        """The removing call."""

    def at(self, url: str) -> list[Subscription]:
        """Those that deliver to ``url``."""
        return [subscription for subscription in self.listed() if subscription.url == url]

    def create(self, write: RemoteWrite) -> NewSubscription:
        """Create one with ``write.sends``.

        Those of the same address are listed just before, so that a lost one can be told from them. Raises RemoteError;
        it is never repeated after a lost answer.
        """
        there = []
        if not self.api.leaves_out("the list of subscriptions"):
            there = [subscription.id for subscription in self.at(write.sends[self.url_member])]
        return send(
            write,
            lambda attempts: self.send_creation(write.sends, attempts),
            lambda new: str(new.id),
            before={"subscription_ids": there},
        )

    def update(self, write: RemoteWrite) -> None:
        """Set ``write.sends``. Raises RemoteConflict where it takes no change any more, RemoteError."""
        call = self.send_update
        send(write, lambda attempts: call(write.remote_id, write.sends, attempts), lambda answer: None)

    def delete(self, write: RemoteWrite) -> None:
        """Remove it. Raises RemoteError.

        Not to be known (any more) is what was wanted: after a repeat the write is confirmed by it.
        """

        def keep(answer: None) -> None:
            self._needs_nobody(write.remote_id)

        try:
            send(write, lambda attempts: self.send_removal(write.remote_id, attempts), keep)
        except RemoteNotFound:
            self._needs_nobody(write.remote_id)
            if not settle(
                write, State.CONFIRMED, remark=_("An earlier request of it had done it."), status=write.status
            ):
                raise

    # -- looking ------------------------------------------------------------------------------------------------------

    def look_for_created(self, write: RemoteWrite, is_late: bool) -> Look:
        """Find the one that the write made: of its address, not there before, nor another write's."""
        others = RemoteWrite.objects.filter(target=write.target, verb=write.verb).exclude(pk=write.pk)
        known = set(others.exclude(remote_id="").values_list("remote_id", flat=True))
        known.update(write.before.get("subscription_ids", []))
        new = [one.id for one in self.at(write.sends[self.url_member]) if one.id not in known]
        if new:
            told = self._told(
                _(
                    "Found at {label} as {id}. Its signing secret was in the lost answer only: "
                    "`manage.py webhooks subscribe` again replaces it."
                ),
                id=new[0],
            )
            return Look(State.CONFIRMED, told, new[0], secret_lost=True)
        if is_late:
            return Look(State.FAILED, self._told(_("{label} made no subscription: its list shows no new one.")))
        told = self._told(_("{label} lists no new subscription yet; it is looked for again in a minute."))
        return Look(State.UNKNOWN, told)

    def look_for_updated(self, write: RemoteWrite, is_late: bool) -> Look:
        """Compare the subscription with what was sent."""
        there = self._now(write)
        if there is None:
            return Look(State.UNKNOWN, self._told(_("{label} no longer lists the subscription.")))
        shows = {"events": sorted(there.events), "status": there.status, self.url_member: there.url}
        sent = {name: sorted(value) if name == "events" else value for name, value in write.sends.items()}
        if all(shows.get(name) == value for name, value in sent.items()):
            return Look(State.CONFIRMED, self._told(_("{label} shows what was sent.")))
        if is_late:
            return Look(State.FAILED, self._told(_("{label} shows something else than was sent.")))
        told = self._told(_("{label} does not show what was sent yet; it is looked at again in a minute."))
        return Look(State.UNKNOWN, told)

    def look_for_deleted(self, write: RemoteWrite, is_late: bool) -> Look:
        """See whether it is still listed."""
        if self._now(write) is None:
            self._needs_nobody(write.remote_id)
            return Look(State.CONFIRMED, self._told(_("{label} no longer lists it.")))
        if is_late:
            return Look(State.FAILED, self._told(_("{label} still lists it.")))
        return Look(State.UNKNOWN, self._told(_("{label} still lists it; it is looked at again in a minute.")))

    def _told(self, sentence: Text, **parts: str) -> Text:
        return format_lazy(sentence, label=self.label, **parts)

    def _now(self, write: RemoteWrite) -> Subscription | None:
        return next((one for one in self.listed() if one.id == write.remote_id), None)

    def _needs_nobody(self, subscription_id: str) -> None:
        """A subscription is gone: that its secret was lost is no longer anybody's matter."""
        remark = _("Its signing secret was lost; it was removed since.")
        made = RemoteWrite.objects.filter(target=self.target, remote_id=subscription_id, secret_lost=True)
        made.update(secret_lost=False, remark=written(remark))
