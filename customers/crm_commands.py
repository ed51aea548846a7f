"""What the commands of the CRM share: listing mirrored objects, and telling one of them by its columns."""

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from backoffice.badges import Tone, in_words
from backoffice.commands import add_limit, asked_for, shown
from backoffice.errors import NotInThisState
from backoffice.mirror import MirrorModel
from backoffice.object_command import ObjectCommand
from backoffice.sync import single
from backoffice.sync.changes import BY_HAND
from backoffice.texts import Text, source
from backoffice.writes.verbs import WriteVerb
from customers.creations import open_creations
from customers.services.crm import Kind


class CrmCommand(ObjectCommand[MirrorModel]):
    """``--json`` prints columns by their names; amounts are in minor units of ``currency``."""

    members: ClassVar[Sequence[str]]
    fetching: ClassVar[str]  # the permission
    states: ClassVar[Mapping[str, Tone]]

    def add_reading(self, parsers: Any) -> ArgumentParser:
        """The verbs list, show and fetch; the parser of the first."""
        listing = self.add_verb(parsers, "list", f"List mirrored {source(self.plural)}.")
        listing.add_argument("--status", help="only those in this state")
        listing.add_argument("--search", metavar="TEXT", help="part of what lists are searched for")
        add_limit(listing)
        listing.add_argument("--all", action="store_true", help="also those that have vanished at L4YERCAK3")
        for name, help in (
            ("show", f"Show a mirrored {source(self.noun)}."),
            ("fetch", f"Read a {source(self.noun)} from L4YERCAK3, also one that is mirrored already."),
        ):
            self.add_verb(parsers, name, help).add_argument("remote_id", metavar="REMOTE_ID")
        return listing

    @property
    def plural(self) -> Text:
        """What several are called."""
        return self.model._meta.verbose_name_plural or ""

    def list(self, options: dict[str, Any]) -> None:
        """Print the mirrored objects that are asked for."""
        self.actor(options, self.view)
        rows = self.asked_for(options)
        listed = [*rows[: options["limit"]]]
        for row in listed:
            if options["json"]:
                self.put(self.columns(row))
            else:
                self.line(self.in_short(row))
        if not listed:
            none_yet = _("No {thing} is mirrored here yet. To read them: manage.py sync {resource}")
            told = _("No mirrored {thing} fits.") if self.model._default_manager.exists() else none_yet
            self.say(told.format(thing=self.noun, resource=self.refreshing.resource))
        self.tell_cut(listed, rows, options["limit"], self.plural)

    def asked_for(self, options: dict[str, Any]) -> QuerySet[Any]:
        """The rows that the options of ``list`` name."""
        return asked_for(cast("Any", self.model)._default_manager.all(), options)

    def fetch(self, options: dict[str, Any]) -> None:
        """Read an object from L4YERCAK3, mirrored or not, and print it."""
        self.actor(options, self.view, self.fetching)
        with self.reading() as api:
            row = single.fetch(self.refreshing.resource, api, options["remote_id"], BY_HAND)
        self.tell_object(row, options)

    @staticmethod
    def add_another(creating: ArgumentParser) -> None:
        """The option ``--another`` of a verb that creates; see ``refuse_second``."""
        creating.add_argument(
            "--another", action="store_true", help="create it though one like it is being created already"
        )

    def refuse_second(self, verb: WriteVerb, kind: Kind, options: dict[str, Any], sends: dict[str, Any]) -> None:
        """Raises NotInThisState where the same is being created already: its answer may only be late."""
        self.acting(options, verb.permission)
        if options["another"]:
            return
        for creation in open_creations(verb):
            if creation.id != options["write"] and creation.is_alike(kind, sends):
                told = _(
                    "The same {thing} is being created already, and nobody knows yet whether it was done. Nothing was "
                    "sent. See: {command}. If this is another one: add --another."
                )
                raise NotInThisState(told.format(thing=kind.thing, command=creation.command))

    def tell_object(self, row: Any, options: dict[str, Any]) -> None:
        if options["json"]:
            self.put(self.columns(row))
        else:
            self.lines(self.columns(row))

    def columns(self, row: Any) -> dict[str, Any]:
        """One object as ``--json`` prints it."""
        return {name: getattr(row, name) for name in self.members}

    def in_short(self, row: Any) -> str:
        """One object as a line for people."""
        state = in_words(row.status, self.states) if row.status else "-"
        return f"{shown(row.remote_id):<28}  {shown(state):<12}  {shown(row)}"
