"""Saying which records are the same customer. Nothing is sent anywhere, nothing merges, and all of it can be undone."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice import audit, correlation
from backoffice.errors import BackofficeError, NotFound, NotInThisState
from backoffice.mirror import MirrorModel
from backoffice.pasted import without_secrets
from backoffice.sync.resource import RESOURCES
from backoffice.texts import Text, joined_lazy, written
from backoffice.writes.plan import MAX_REASON_CHARS, Actor
from customers.identity import match
from customers.identity.refresh import refresh
from customers.identity.sources import CUSTOMERS, SOURCES, others
from customers.models.identity import IdentityDecision, IdentityLink, IdentityRecord
from customers.models.kirim import Customer

LINK = "customers.link_identity"
State, Verb = IdentityLink.State, IdentityDecision.Verb


class SecondLink(BackofficeError):
    """One of the two is confirmed with another already: a person has to say that this is meant."""


@dataclass(frozen=True)
class IdentityService:
    """What staff can decide about pairs. Each decision is one row of history; the newest can be undone."""

    actor: Actor

    def suggest(self, *, everything: bool = False) -> match.Suggested:
        """Read the keys of what changed and suggest what follows. Raises NotAllowed."""
        self.actor.check(LINK)
        refresh()
        return match.suggest(everything=everything)

    def confirm(
        self, pair: IdentityLink, *, seen: str | None = None, knowingly: bool = False, reason: str = ""
    ) -> IdentityDecision:
        """Say that both are the same customer; also of a pair that nothing suggested, or that was rejected.

        Args:
            seen: the state that the person saw; None: any.
            knowingly: the person was told why it is a second one, and means it.

        Raises:
            SecondLink: the customer has another record of that kind, or the record another customer.
            NotInThisState: confirmed already, or decided otherwise meanwhile.
            NotAllowed
        """
        return self._decide(Verb.CONFIRM, pair, State.CONFIRMED, seen, reason, knowingly=knowingly)

    def reject(self, pair: IdentityLink, *, seen: str | None = None, reason: str = "") -> IdentityDecision:
        """Say that they are not; not suggested again while the same values are equal. Raises as ``confirm``."""
        return self._decide(Verb.REJECT, pair, State.REJECTED, seen, reason)

    def unlink(self, pair: IdentityLink, *, seen: str | None = None, reason: str = "") -> IdentityDecision:
        """Take a confirmation back: they are not the same after all. Raises as ``confirm``."""
        return self._decide(Verb.UNLINK, pair, State.REJECTED, seen, reason)

    @transaction.atomic
    def undo(self, decision: IdentityDecision, reason: str = "") -> IdentityDecision:
        """Put a pair back as it was before its newest decision.

        A suggestion that comes back stays only while something speaks for it: that is computed with the next round.

        Raises:
            NotInThisState: something else was decided since, or it is an undoing itself.
            SecondLink: that would confirm a second one; confirm it instead.
            NotAllowed
        """
        self.actor.check(LINK)
        pair = IdentityLink(
            customer=decision.customer, resource=decision.resource, record_id=decision.record_id,
            remote_id=decision.remote_id,
        )  # fmt: skip
        link = self._locked(pair)
        newest = _decisions(pair).first()
        if decision.verb == Verb.UNDO or newest is None or newest.pk != decision.pk or link.state != decision.after:
            raise NotInThisState(
                _("Something else was decided about these two since, so this cannot be undone any more.")
            )
        if decision.before == State.CONFIRMED:
            self._refuse_second(link)
        before = link.state
        if decision.before:
            link.state = decision.before
            earlier = _decisions(pair).filter(pk__lt=decision.pk, after=decision.before).exclude(verb=Verb.UNDO).first()
            link.decided_by = earlier.actor if earlier else None
            link.decided_at = earlier.decided_at if earlier else None
            link.reason = earlier.reason if earlier else ""
            link.save()
        else:
            link.delete()
        IdentityRecord.objects.filter(
            Q(source=CUSTOMERS, record_id=pair.customer_id) | Q(source=pair.resource, record_id=pair.record_id)
        ).update(is_touched=True)
        return self._write_down(Verb.UNDO, link, before, decision.before, reason, undoes=decision)

    # -- how ----------------------------------------------------------------------------------------------------------

    @transaction.atomic
    def _decide(
        self, verb: str, pair: IdentityLink, after: str, seen: str | None, reason: str, *, knowingly: bool = False
    ) -> IdentityDecision:
        self.actor.check(LINK)
        link = self._locked(pair)
        before = link.state if link.pk else ""
        state = State(before).label if before else _("not suggested any more")
        if seen is not None and before != seen:
            told = _("Nothing was changed: {who}. The pair is {state} now; look at it again.")
            raise NotInThisState(format_lazy(told, who=_who(link), state=state))
        if before == after or (verb == Verb.UNLINK and before != State.CONFIRMED):
            told = _("Nothing was changed: the pair is {state} already.")
            raise NotInThisState(format_lazy(told, state=state))
        if verb == Verb.REJECT and before == State.CONFIRMED:
            raise NotInThisState(_("Nothing was changed: the pair is confirmed. Unlink it instead."))
        if verb == Verb.CONFIRM and not knowingly:
            self._refuse_second(link)
        link.state, link.decided_by, link.decided_at = after, self.actor.user, timezone.now()
        link.reason = without_secrets(reason.strip())[:MAX_REASON_CHARS]
        link.save()
        return self._write_down(verb, link, before, after, link.reason, knowingly=knowingly)

    def _locked(self, pair: IdentityLink) -> IdentityLink:
        """The pair as it is now, which nobody else decides about until this is over; unsaved where there is no link."""
        customer = Customer.objects.select_for_update(no_key=True).only("pk", "remote_id").get(pk=pair.customer_id)
        model = SOURCES[pair.resource].model
        record = model._default_manager.select_for_update(no_key=True).only("pk", "remote_id").get(pk=pair.record_id)
        found = IdentityLink.objects.filter(customer=customer, resource=pair.resource, record_id=record.pk)
        new = IdentityLink(
            customer=customer, resource=pair.resource, record_id=record.pk, remote_id=record.remote_id, state=""
        )
        return found.select_for_update(of=("self",)).select_related("decided_by").first() or new

    def _refuse_second(self, link: IdentityLink) -> None:
        if reasons := list(why_second(link)):
            raise SecondLink(joined_lazy(reasons, " "))

    def _write_down(
        self, verb: str, link: IdentityLink, before: str, after: str, reason: str, *,
        knowingly: bool = False, undoes: IdentityDecision | None = None,
    ) -> IdentityDecision:  # fmt: skip
        was, is_now = (State(state).label if state else _("not linked") for state in (before, after))
        detail = written(format_lazy(_("{before} to {after}"), before=was, after=is_now))
        audit.note_mirrored(
            f"identity_{verb}", CUSTOMERS, link.customer.remote_id, user=self.actor.user, door=self.actor.door,
            owner_remote_id=link.remote_id, reason=reason.strip()[:MAX_REASON_CHARS],
            detail=f"{link.resource}: {detail}",
        )  # fmt: skip
        return IdentityDecision.objects.create(
            customer_id=link.customer_id, resource=link.resource, record_id=link.record_id, remote_id=link.remote_id,
            verb=verb, before=before, after=after, proof=link.proof, knowingly=knowingly, undoes=undoes,
            actor=self.actor.user, door=self.actor.door, correlation_id=correlation.current(),
            reason=without_secrets(reason.strip())[:MAX_REASON_CHARS],
        )  # fmt: skip


def why_second(link: IdentityLink) -> Iterator[Text]:
    """Why confirming the pair would be a second link, a sentence each; none where it would not."""
    linked = IdentityLink.objects.filter(state=State.CONFIRMED, resource=link.resource).select_related("customer")
    kind = kind_of(link.resource)
    for other in linked.filter(customer=link.customer_id).exclude(record_id=link.record_id)[:3]:
        told = _("The customer is linked with another {kind} already: {remote_id}.")
        yield format_lazy(told, kind=kind, remote_id=other.remote_id)
    for other in linked.filter(record_id=link.record_id).exclude(customer=link.customer_id)[:3]:
        told = _("The {kind} is linked with another customer already: {customer} ({remote_id}).")
        yield format_lazy(told, kind=kind, customer=str(other.customer), remote_id=other.customer.remote_id)


def pair_of(customer_remote_id: str, resource: str, remote_id: str) -> IdentityLink:
    """A customer and a record, named by their ids; unsaved where there is no link. Raises NotFound."""
    if resource not in others():
        told = _("There is no resource {resource} to link with; there are {others}.")
        raise NotFound(format_lazy(told, resource=repr(resource[:60]), others=", ".join(others())))
    customer = _mirrored(CUSTOMERS, Customer, customer_remote_id)
    record = _mirrored(resource, SOURCES[resource].model, remote_id)
    link = IdentityLink.objects.filter(customer=customer.pk, resource=resource, record_id=record.pk).first()
    return link or IdentityLink(
        customer_id=customer.pk, resource=resource, record_id=record.pk, remote_id=record.remote_id
    )


def newest_decision(link: IdentityLink) -> IdentityDecision | None:
    """What was decided about the pair last, where that can be undone."""
    newest = _decisions(link).first()
    return newest if newest and newest.verb != Verb.UNDO else None


def kind_of(resource: str) -> Text:
    """What a record of the resource is called: "support customer"."""
    return RESOURCES[resource].model._meta.verbose_name or resource


def _mirrored(resource: str, model: type[MirrorModel], remote_id: str) -> MirrorModel:
    row = model._default_manager.filter(remote_id=remote_id.replace("\x00", "")).first()
    if row is None:
        told = _("No {kind} {remote_id} is mirrored here. Fetch it first, or sync {resource}.")
        raise NotFound(format_lazy(told, kind=kind_of(resource), remote_id=repr(remote_id[:60]), resource=resource))
    return row


def _decisions(link: IdentityLink) -> QuerySet[IdentityDecision]:
    return IdentityDecision.objects.filter(
        customer=link.customer_id, resource=link.resource, record_id=link.record_id
    ).order_by("-pk")


def _who(link: IdentityLink) -> Text:
    if link.decided_at is None:
        return _("what speaks for it has changed")
    who = str(link.decided_by) if isinstance(link.decided_by, User) else _("the operator")
    return format_lazy(_("{who} decided it meanwhile"), who=who)
