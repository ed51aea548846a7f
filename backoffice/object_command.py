"""What the commands about one kind of mirrored object share: show, fetch, refresh, and changing one of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Generic, TypeVar

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from backoffice import upstreams
from backoffice.client import PERSON
from backoffice.commands import exit_code_for, shown
from backoffice.errors import RemoteError, RemoteNotFound
from backoffice.mirror import MirrorModel
from backoffice.models import RemoteWrite
from backoffice.texts import Text
from backoffice.wording import remote_error_in_words
from backoffice.write_command import WriteCommand
from backoffice.writes.known import known
from backoffice.writes.verbs import ReadVerb, WriteVerb

M = TypeVar("M", bound=MirrorModel)


class ObjectCommand(WriteCommand, Generic[M]):
    """A command whose verbs take the remote id of one object as ``remote_id``. Subclasses say how one is told."""

    model: ClassVar[type[MirrorModel]]
    noun: ClassVar[Text]  # as sentences name it
    view: ClassVar[str]  # the permission to see one
    refreshing: ClassVar[ReadVerb]
    service: ClassVar[Any]  # its ``fetch`` takes a remote id, its ``refresh`` a mirrored object

    def tell_object(self, row: M, options: dict[str, Any]) -> None:
        """Print one object."""
        raise NotImplementedError

    def show(self, options: dict[str, Any]) -> None:
        """Print the mirrored object."""
        self.actor(options, self.view)
        self.tell_object(self.find(options), options)

    def fetch(self, options: dict[str, Any]) -> None:
        """Read an object from its upstream, mirrored or not, and print it."""
        self.actor(options, self.view, self.refreshing.permission)
        with self.reading() as api:
            fresh = self.service(api).fetch(options["remote_id"])
        self.tell_object(fresh, options)

    def refresh(self, options: dict[str, Any]) -> None:
        """Read a mirrored object again, and what hangs on it, and print it."""
        self.actor(options, self.view, self.refreshing.permission)
        row = self.find(options)
        with self.reading() as api:
            fresh = self.service(api).refresh(row)
        self.tell_object(fresh, options)

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """A client to read with. What it cannot read ends the command, in the words that pages have for it."""
        label = upstreams.UPSTREAMS[self.refreshing.upstream].label
        try:
            with self.refreshing.client(PERSON) as api:
                yield api
        except RemoteNotFound as error:  # it says of what, and its endpoint means nothing to people
            told = _("{reason}. Look for a typing error; nothing was changed.").format(reason=error.reason)
            raise CommandError(told, returncode=exit_code_for(error)) from error
        except RemoteError as error:
            told = _("Nothing was fetched. {told}").format(told=remote_error_in_words(error, label))
            raise CommandError(told, returncode=exit_code_for(error)) from error

    def change(self, verb: WriteVerb, options: dict[str, Any], done: Text, **wanted: Any) -> RemoteWrite:
        """Do a verb to the object and print how it ended; ``done`` is the sentence of success, {} the object."""
        remote_id = self.found_for(verb, options).remote_id
        write = self.do(verb, options, remote_id=remote_id, **wanted)[0]
        self.tell(write, options, str(done).format(self.named(remote_id)))
        return write

    def found_for(self, verb: WriteVerb, options: dict[str, Any]) -> M:
        """The mirrored object, for somebody who may do the verb. Raises NotAllowed, NotFound."""
        self.acting(options, verb.permission)
        return self.find(options)

    def find(self, options: dict[str, Any]) -> M:
        """The mirrored object. Raises NotFound."""
        row: M = known(self.model, self.refreshing.target, options["remote_id"])  # type: ignore[assignment]
        return row

    def named(self, remote_id: str) -> str:
        """The object as sentences name it, as it is here now."""
        found = self.model._default_manager.filter(remote_id=remote_id).first()
        return f"{self.noun} {shown(found)} ({remote_id})" if found else f"{self.noun} {remote_id}"
