"""``manage.py audit``: who did what, when, to which record, and how it ended."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.auditlist import visible_entries
from backoffice.badges import in_words
from backoffice.commands import StaffCommand, add_limit, shown
from backoffice.models import AuditEntry

VIEW = "backoffice.view_auditentry"
MEMBERS = (
    "at", "by", "through", "verb", "upstream", "kind", "remote_id", "owner_remote_id", "label", "outcome", "reason",
    "detail", "request_id", "correlation_id", "write", "bulk",
)  # fmt: skip


class Command(StaffCommand):
    """With ``--json`` each entry is a line: entry (our key), at, by, through, verb, upstream, kind, remote_id,
    owner_remote_id, label, outcome, reason, detail, request_id, correlation_id, write and bulk (ids, or null).

    There is no verb that changes an entry.
    """

    help = "List what was done here, by whom, and how it ended."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="list")
        listing = self.add_verb(verbs, "list", "List entries of the audit, the newest first.")
        listing.add_argument("--record", metavar="REMOTE_ID", help="only about this object and what hangs on it")
        listing.add_argument("--by", metavar="USERNAME", help="only by this person, whose account may be gone")
        listing.add_argument("--since", metavar="TIME", type=moment, help="only since then: 2026-11-25, or with a time")
        add_limit(listing)

    def handle(self, *args: Any, **options: Any) -> None:
        """List. Raises BackofficeError, which the base turns into exit codes."""
        entries = visible_entries(self.actor(options, VIEW))
        if options["record"]:
            entries = entries.filter(remote_id=options["record"]) | entries.filter(owner_remote_id=options["record"])
        if options["by"]:
            entries = entries.filter(actor_name=options["by"])
        if options["since"]:
            entries = entries.filter(at__gte=options["since"])
        listed = list(entries[: options["limit"]])
        for entry in listed:
            self._tell(entry, options)
        if not listed:
            self.say(_("No entry fits."))
        self.tell_cut(listed, entries, options["limit"], _("entries"))

    def _tell(self, entry: AuditEntry, options: dict[str, Any]) -> None:
        if options["json"]:
            self.put({"entry": entry.pk, **{name: _member(entry, name) for name in MEMBERS}})
            return
        what = " ".join(filter(None, (entry.verb, entry.kind, entry.remote_id, entry.label and f"({entry.label})")))
        told = f"{entry.actor_name}  {what}  {in_words(entry.outcome)}  {entry.reason or entry.detail}".rstrip()
        self.line(f"{shown(entry.at)}  {told}")


def moment(text: str) -> datetime:
    """An argument's type: a day or a moment; without a zone it is the installation's."""
    try:
        found = datetime.fromisoformat(text)
        return found if found.tzinfo else timezone.make_aware(found)
    except (ValueError, OverflowError):
        told = _("{text} is no time, as 2026-11-25 or 2026-11-25T14:00")
        raise ArgumentTypeError(told.format(text=repr(text))) from None


def _member(entry: AuditEntry, name: str) -> Any:
    column = {"by": "actor_name", "through": "door", "write": "write_id", "bulk": "bulk_id"}.get(name, name)
    value = getattr(entry, column)
    return str(value) if name in {"write", "bulk"} and value else value
