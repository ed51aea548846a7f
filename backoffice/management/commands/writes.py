"""``manage.py writes``: what was to be changed at the remotes, and what became of it."""

from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.access import hidden_members
from backoffice.badges import in_words
from backoffice.client import PERSON
from backoffice.commands import Exit, add_limit, shown
from backoffice.errors import NotAllowed, NotFound, NotInThisState
from backoffice.masking import shown_members
from backoffice.models import RemoteWrite
from backoffice.texts import number
from backoffice.write_command import WriteCommand, line_of, told_of, why_not, write_id
from backoffice.writelines import note_members_seen
from backoffice.writes import settle as settling
from backoffice.writes.carry_out import renew
from backoffice.writes.history import visible_writes
from backoffice.writes.plan import Actor, may
from backoffice.writes.verbs import VERBS, WriteVerb, verb_of

State = RemoteWrite.State
VIEW = "backoffice.view_remotewrite"
OPEN = {State.PLANNED, State.SENT, State.UNKNOWN}


class Command(WriteCommand):
    """``list``, ``settle`` and ``send_again`` print as ``WriteCommand`` says, ``show`` all columns and the attempts.

    ``settle`` only looks. It exits 1 while any of its writes has no end; without ids these are all unknown ones.
    """

    help = "List and show writes to remote systems, look for what became of unknown ones, send failed ones again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parsers = parser.add_subparsers(dest="verb", required=True, metavar="list|show|settle|send_again")
        listing = self.add_verb(parsers, "list", "List writes, the newest first.")
        listing.add_argument("--state", choices=State.values, help="only those in this state")
        listing.add_argument("--target", choices=sorted(_targets()), help="only those to this kind of object")
        add_limit(listing)
        showing = self.add_verb(parsers, "show", "Show all of one write, with its attempts.")
        settling = self.add_verb(parsers, "settle", "Look for what became of unknown writes; sends nothing.")
        settling.add_argument("writes", nargs="*", type=write_id, metavar="WRITE", help="none given: all unknown ones")
        sending = self.add_verb(parsers, "send_again", "Send a failed write again, as a new attempt on the same write.")
        for one in (showing, sending):
            one.add_argument("write", type=write_id, metavar="WRITE")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the verb. Raises BackofficeError, which the base turns into exit codes."""
        doing: dict[str, Callable[[dict[str, Any]], None]] = {
            "list": self._list, "show": self._show, "settle": self._settle, "send_again": self._send_again,
        }  # fmt: skip
        doing[options["verb"]](options)
        self.end()

    # -- reading ------------------------------------------------------------------------------------------------------

    def _list(self, options: dict[str, Any]) -> None:
        writes = visible_writes(self.actor(options, VIEW))
        for name in ("state", "target"):
            if options[name]:
                writes = writes.filter(**{name: options[name]})
        listed = list(writes[: options["limit"]])
        for write in listed:
            self._line(write, options)
        if not listed:
            self.say(_("No write fits."))
        self.tell_cut(listed, writes, options["limit"], _("writes"))

    def _show(self, options: dict[str, Any]) -> None:
        user = self.actor(options, VIEW)
        write = visible_writes(user).filter(pk=options["write"]).first()
        if write is None:
            told = gettext_lazy("There is no write {id}.")
            if user:
                told = gettext_lazy("There is no write {id} that you may see.")
            raise NotFound(format_lazy(told, id=options["write"]))
        note_members_seen(user, write)
        record = _whole(write, hidden_members(user, verb_of(write).resource))
        if options["json"]:
            self.put(record)
            return
        attempts = record.pop("attempts")
        self.lines(record)
        for place, attempt in enumerate(attempts, 1):
            line = " · ".join(shown(value) for value in attempt.values() if value not in (None, ""))
            self.lines({_("attempt {number}").format(number=place): line})
        if write.state != State.CONFIRMED:
            self.say(why_not(write)[-1])

    def _line(self, write: RemoteWrite, options: dict[str, Any]) -> None:
        if options["json"]:
            self.put(line_of(write))
        else:
            self.line(f"{write.pk}  {in_words(write.state)!s:<9}  {write}  {write.error or write.remark}".rstrip())

    # -- settling -----------------------------------------------------------------------------------------------------

    def _settle(self, options: dict[str, Any]) -> None:
        actor = self.acting(options)
        named: list[UUID] = options["writes"]
        theirs = _that_may_be_settled(actor)
        settling.find_lost()
        unknown = RemoteWrite.objects.filter(theirs, state=State.UNKNOWN).order_by("planned_at")
        writes = [_found(id) for id in named] if named else list(unknown)
        for write in writes if named else ():
            if not RemoteWrite.objects.filter(theirs, pk=write.pk).exists():
                refusal = gettext_lazy("{user} may not settle {id}: it takes {one} or {other}. Nothing was done.")
                one, other = verb_of(write).permission, settling.SETTLE
                raise NotAllowed(format_lazy(refusal, user=actor.user, id=write.pk, one=one, other=other))
        for write in writes:
            settling.look_for(write, PERSON)
            self._line(write, options)
            self._codes.append(Exit.FAILED if write.state in OPEN else Exit.DONE)
        if not writes:
            self.say(_("No write is unknown."))
        if not named:
            self._tell_what_is_left(theirs)

    def _tell_what_is_left(self, theirs: Q) -> None:
        """What was not looked for: writes that are being sent, and those that others have to settle."""
        sent = RemoteWrite.objects.filter(theirs, state=State.SENT).count()
        others = RemoteWrite.objects.filter(~theirs, state=State.UNKNOWN).count()
        if sent:
            told = _("{count} are being sent, or their process is gone: that shows within a minute. Settle again then.")
            self.say(told.format(count=number(sent)))
        if others:
            self.say(_("{count} more are unknown, and for others to settle.").format(count=number(others)))
        if sent or others:
            self._codes.append(Exit.FAILED)

    # -- sending again ------------------------------------------------------------------------------------------------

    def _send_again(self, options: dict[str, Any]) -> None:
        actor = self.acting(options)
        settling.find_lost()
        write = _found(options["write"])
        verb = verb_of(write)
        actor.check(verb.permission)
        if verb.has_secret and not verb.shows:
            elsewhere = gettext_lazy("What it answers is shown once, by a command of its own: do it anew there.")
            raise NotInThisState(elsewhere)
        renew(write, actor)
        answer = self.carry_out(write, work=self._working(write, verb, options))
        if answer is None or not (verb.shows and getattr(answer, verb.shows)):
            self.tell(write, options, _("{write}: done.").format(write=told_of(write)))
        if write.state == State.CONFIRMED:
            for next_one in write.followers.exclude(state=State.CONFIRMED):
                told = _("What follows it, {write}, is {state}.")
                self.say(told.format(write=next_one, state=in_words(next_one.state)))
                self.say(_("To do it now: manage.py writes send_again {id}").format(id=next_one.pk))

    def _working(self, write: RemoteWrite, verb: WriteVerb, options: dict[str, Any]) -> Callable[[Any], Any]:
        def work(api: Any) -> Any:
            answer = verb.carry_out(api, write)
            if verb.shows and getattr(answer, verb.shows):
                told = _("{write}: done. What is printed above is shown this once.")
                done = told.format(write=told_of(write))
                self.hand_over(write, options, getattr(answer, verb.shows), done)
            return answer

        return work


def _targets() -> Iterable[str]:
    return {target for (target, _), verb in VERBS.items() if isinstance(verb, WriteVerb)}


def _found(id: UUID) -> RemoteWrite:
    write = RemoteWrite.objects.select_related("actor", "follows").filter(pk=id).first()
    if write is None:
        raise NotFound(format_lazy(gettext_lazy("There is no write {id}."), id=id))
    return write


def _that_may_be_settled(actor: Actor) -> Q:
    """The writes that the person may look for: those with verbs that the person may do. Raises NotAllowed for none."""
    if actor.user is None or may(actor.user, settling.SETTLE):
        return Q(pk__isnull=False)
    kinds = [key for key, verb in VERBS.items() if isinstance(verb, WriteVerb) and may(actor.user, verb.permission)]
    if not kinds:
        told = gettext_lazy(
            "{user} may not do this: it takes {permission}, or the permission of a write's verb. Nothing was done."
        )
        raise NotAllowed(format_lazy(told, user=actor.user, permission=settling.SETTLE))
    theirs = Q(pk__in=[])
    for target, name in kinds:
        theirs |= Q(target=target, verb=name)
    return theirs


def _whole(write: RemoteWrite, hidden: frozenset[str]) -> dict[str, Any]:
    """All of a write, with its attempts, the oldest first; less the values of the members that are hidden."""
    return {
        **line_of(write),
        "remark": write.remark,
        "field_errors": shown_members(write.field_errors, hidden),
        "secret_lost": write.secret_lost,
        "owner_remote_id": write.owner_remote_id,
        "upstream": write.upstream,
        "identity": write.identity,
        "sends": shown_members(write.sends, hidden),
        "before": shown_members(write.before, hidden),
        "reason": write.reason,
        "actor": write.actor.username if write.actor else None,
        "door": write.door,
        "correlation_id": write.correlation_id,
        "bulk": str(write.bulk_id) if write.bulk_id else None,
        "follows": str(write.follows_id) if write.follows_id else None,
        "planned_at": write.planned_at,
        "sent_at": write.sent_at,
        "settled_at": write.settled_at,
        "looks": write.looks,
        "looked_at": write.looked_at,
        "next_look_at": write.next_look_at,
        "attempts": list(write.attempts.values("began_at", "ended_at", "outcome", "status", "request_id", "error")),
    }
