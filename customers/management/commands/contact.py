"""``manage.py contact``: the CRM's contacts as mirrored here, and what can be done with them at L4YERCAK3."""

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice import upstreams
from backoffice.bulk import run
from backoffice.bulk.freeze import freeze
from backoffice.commands import Exit, shown, stop_signals
from backoffice.errors import NotConfigured
from backoffice.models import RemoteWrite
from backoffice.texts import capital, number
from backoffice.write_command import add_reason
from customers import crm_words
from customers.contact_import import MAX_BYTES, NotReadable, Plan, decoded, planned
from customers.crm_commands import CrmCommand
from customers.models import Contact
from customers.services.contacts import KIND, ContactService
from customers.services.crm import member
from customers.verbs import crm as verbs

VERBS = "list|show|fetch|create|update|delete|import"
_OPTIONS = {"displayName": "display_name", "email": "email", "phone": "phone", "company": "company"}


class Command(CrmCommand):
    """``show`` adds ``custom_fields``. The verbs that change something print as ``WriteCommand`` says."""

    help = "List, show and fetch contacts; create, change and delete them at L4YERCAK3."
    model = Contact
    noun = gettext_lazy("contact")
    view = "customers.view_contact"
    fetching = "customers.fetch_contact"
    states = crm_words.CONTACT
    refreshing = verbs.REFRESH_CONTACT
    service = ContactService
    members = (
        "remote_id", "display_name", "email", "phone", "company", "status", "subtype", "tags", "remote_created_at",
        "remote_updated_at", "synced_at", "vanished_at",
    )  # fmt: skip

    def add_arguments(self, parser: ArgumentParser) -> None:
        parsers = parser.add_subparsers(
            dest="verb", required=True, metavar="list|show|fetch|create|update|delete|import"
        )
        self.add_reading(parsers)
        creating = self.add_write_verb(parsers, "create", "Create a contact at L4YERCAK3.")
        self.add_another(creating)
        updating = self.add_write_verb(
            parsers, "update", 'Change a contact at L4YERCAK3; what is not given stays as it is, "" empties.'
        )
        updating.add_argument("remote_id", metavar="REMOTE_ID")
        for writing in (creating, updating):
            writing.add_argument("--display-name", required=writing is creating, metavar="NAME")
            writing.add_argument("--email", metavar="EMAIL")
            writing.add_argument("--phone", metavar="PHONE")
            writing.add_argument("--company", metavar="COMPANY")
            writing.add_argument("--custom-fields", type=_object, metavar="JSON", help="a JSON object, whole")
        updating.add_argument(
            "--overwrite", action="store_true", help="also what somebody changed at L4YERCAK3 since it was mirrored"
        )
        deleting = self.add_write_verb(parsers, "delete", "Delete a contact at L4YERCAK3.")
        deleting.add_argument("remote_id", metavar="REMOTE_ID")
        add_reason(deleting)
        deleting.add_argument("--yes", action="store_true", help="do not ask")
        importing = self.add_verb(
            parsers, "import", "Create the contacts of a CSV file at L4YERCAK3: all or none begun."
        )
        importing.add_argument("file", metavar="FILE", help="its first line names the columns; - is the standard input")
        importing.add_argument("--dry-run", action="store_true", help="only say what would be created")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the verb. Raises BackofficeError and RemoteError, which the base turns into exit codes."""
        doing: dict[str, Callable[[dict[str, Any]], None]] = {
            "list": self.list, "show": self.show, "fetch": self.fetch, "create": self._create, "update": self._update,
            "delete": self._delete, "import": self._import,
        }  # fmt: skip
        doing[options["verb"]](options)
        self.end()

    def columns(self, row: Any) -> dict[str, Any]:
        return {**super().columns(row), "custom_fields": member("customFields", row.payload)}

    def in_short(self, row: Any) -> str:
        return f"{super().in_short(row)}{f' <{shown(row.email)}>' if row.email else ''}"

    def _create(self, options: dict[str, Any]) -> None:
        sends = {name: value for name, value in _given(options).items() if value or name == "displayName"}
        if not (sends["displayName"] or "").strip():
            raise CommandError(_("{option} must not be empty.").format(option="--display-name"), returncode=Exit.USAGE)
        self.refuse_second(verbs.CREATE_CONTACT, KIND, options, sends)
        write, _is_new = self.do(verbs.CREATE_CONTACT, options, sends=sends)
        self.tell(write, options, _created(write))

    def _update(self, options: dict[str, Any]) -> None:
        contact: Any = self.found_for(verbs.UPDATE_CONTACT, options)
        sends = _given(options)
        if not sends:
            raise CommandError(_("Give at least one member to change."), returncode=Exit.USAGE)
        before = {} if options["overwrite"] else {name: member(name, contact.payload) for name in sends}
        remote_id = contact.remote_id
        write, conflict = self.do_compared(
            verbs.UPDATE_CONTACT, options, remote_id=remote_id, sends=sends, before=before
        )
        was_sent = write.attempts.exists()
        done = _("Changed {contact}.") if was_sent else _("{contact} stays as it is.")
        self.tell(write, options, capital(done.format(contact=self.named(remote_id))))
        if conflict:
            self.tell_conflict(conflict, sends)

    def _delete(self, options: dict[str, Any]) -> None:
        contact = self.found_for(verbs.DELETE_CONTACT, options)
        reason = self.reason(options, verbs.DELETE_CONTACT)
        question = _("Delete contact {contact} ({remote_id}) at L4YERCAK3?")
        self.confirm(options, question.format(contact=shown(contact), remote_id=contact.remote_id))
        self.change(verbs.DELETE_CONTACT, options, _("Deleted {}."), reason=reason)

    def _import(self, options: dict[str, Any]) -> None:
        """With ``--json`` a line for each contact, as for any write."""
        user = self.actor(options, self.view, verbs.CREATE_CONTACT.permission)
        try:
            plan = planned(decoded(_content(options["file"])))
        except NotReadable as error:
            told = _("{file}: {error} Nothing was sent.").format(file=options["file"], error=error)
            raise CommandError(told, returncode=Exit.USAGE) from None
        self._tell_rows(plan)
        told = _in_short(plan)
        if plan.problems:
            raise CommandError(_("{told}. Nothing was sent.").format(told=told), returncode=Exit.USAGE)
        self.say(f"{told}.")
        if options["dry_run"] or not plan.rows:
            return
        if off := upstreams.why_off(verbs.CREATE_CONTACT.upstream):
            raise NotConfigured(_("Nothing was sent. {why}").format(why=off))
        bulk, _is_new = freeze(verbs.CREATE_CONTACT, user, id=uuid4(), rows=plan.rows, words=plan.selection, reason="")
        with stop_signals() as is_stopped:
            while run.work(bulk, waits_out_pauses=False, goes_on=lambda: not is_stopped()) and not is_stopped():
                pass
        for write in RemoteWrite.objects.filter(bulk=bulk).order_by("planned_at"):
            self.tell(write, options, _created(write))
        if waiting := run.waiting(bulk):
            told = ngettext(
                "Stopped: {count} were not begun; workers go on with them. See: {command}",
                "Stopped: {count} were not begun; workers go on with them. See: {command}",
                waiting,
            )
            self.say(told.format(count=number(waiting), command=f"manage.py bulk show {bulk.pk}"))
            self.came_to(Exit.FAILED)

    def _tell_rows(self, plan: Plan) -> None:
        """The rows of which nothing is created, and why."""
        for row, email, contact in plan.here:
            told = _("Row {row}: {email} is here already as {remote_id}; it is left alone.")
            self.say(told.format(row=row, email=email, remote_id=contact.remote_id))
        for row, who, creation in plan.under_way:
            told = _("Row {row}: {who} is being created already; it is left alone. See: {command}")
            self.say(told.format(row=row, who=who, command=creation.command))
        for problem in plan.problems:
            self.say(_("Row {row}: {problem}").format(row=problem.number, problem=problem.sentence))


def _created(write: RemoteWrite) -> str:
    told = _("Created contact {name} ({remote_id}).")
    return told.format(name=shown(write.sends["displayName"]), remote_id=write.remote_id)


def _in_short(plan: Plan) -> str:
    """How many rows of each kind there are."""
    new, here, under_way, wrong = map(len, (plan.rows, plan.here, plan.under_way, plan.problems))
    counts = [
        (new, ngettext("{count} to be created", "{count} to be created", new)),
        (here, ngettext("{count} here already", "{count} here already", here)),
        (wrong, ngettext("{count} wrong", "{count} wrong", wrong)),
    ]
    if under_way:
        told = ngettext("{count} being created already", "{count} being created already", under_way)
        counts.insert(2, (under_way, told))
    return ", ".join(words.format(count=number(count)) for count, words in counts)


def _content(file: str) -> bytes:
    """What stands in a file, as far as it is read at all. Raises NotReadable."""
    try:
        if file == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with open(file, "rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        told = _("It cannot be read: {error}.").format(error=error.strerror or type(error).__name__)
        raise NotReadable(told) from None


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """The members that were given, by the contract's names."""
    given = {name: options[option] for name, option in _OPTIONS.items()} | {"customFields": options["custom_fields"]}
    return {name: value for name, value in given.items() if value is not None}


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ArgumentTypeError(_("is not a JSON object"))
    return value
