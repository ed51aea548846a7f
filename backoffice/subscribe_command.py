"""``webhooks subscribe``: have upstreams deliver their webhooks to us, and print the secret that they sign with."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice import upstreams
from backoffice.commands import Exit
from backoffice.demo_env import env_file
from backoffice.errors import NotAllowed, NotConfigured
from backoffice.models import RemoteWrite
from backoffice.subscriptions import SUBSCRIBE, SUBSCRIBERS, delivery_url, why_unreachable
from backoffice.upstreams import why_off_lazy
from backoffice.write_command import WriteCommand


class SubscribeCommand(WriteCommand):
    """The verb ``subscribe``.

    A new signing secret is one line for the environment's file on stdout, and nowhere else; with ``--json`` it is the
    member ``secret`` of its write's line. All else is told on stderr.
    """

    def add_subscribe(self, verbs: Any) -> ArgumentParser:
        """The verb's parser."""
        parser = self.add_verb(verbs, "subscribe", "Create or repair our subscription to an upstream's webhooks.")
        parser.add_argument(
            "upstream", nargs="?", choices=list(SUBSCRIBERS), metavar="UPSTREAM", help="default: all that are on"
        )
        parser.add_argument(
            "--replace", action="store_true",
            help="have another one, with a new signing secret, take the place of ours; needs UPSTREAM",
        )  # fmt: skip
        parser.add_argument("--yes", action="store_true", help="do not ask before a subscription is removed")
        return parser

    def subscribe(self, options: dict[str, Any]) -> None:
        """Do the verb. Raises NotAllowed, NotConfigured, CommandError, RemoteError and BackofficeError."""
        actor = self.acting(options, SUBSCRIBE)
        if options["replace"] and not options["upstream"]:
            told = _("--replace: name the upstream whose subscription is meant.")
            raise CommandError(told, returncode=Exit.USAGE)
        for name in [options["upstream"]] if options["upstream"] else _all_that_are_on():
            nothing = gettext_lazy("Nothing was sent. {told}")
            if upstreams.why_off(name):
                raise NotConfigured(format_lazy(nothing, told=why_off_lazy(name)))
            unreachable = why_unreachable(name)
            if unreachable:
                raise NotAllowed(format_lazy(nothing, told=unreachable))
            console = _Console(self, name, options)
            if not SUBSCRIBERS[name].put_right(actor, console, replace=options["replace"]):
                told = _("{label} delivers to {url} as it should.")
                self.say(told.format(label=upstreams.UPSTREAMS[name].label, url=delivery_url(name)))
        self.end()


def _all_that_are_on() -> list[str]:
    """The upstreams with webhooks that are on; all where none is, so that it is said what to set."""
    return [name for name in SUBSCRIBERS if upstreams.is_on(name)] or list(SUBSCRIBERS)


class _Console:
    """What the command does for a subscriber (``backoffice.subscriptions.Console``)."""

    def __init__(self, command: SubscribeCommand, upstream: str, options: dict[str, Any]) -> None:
        self._command, self._upstream, self._options = command, upstream, options

    def consent(self, question: str) -> None:
        self._command.confirm(self._options, question)

    def carry_out(self, write: RemoteWrite, work: Callable[[Any], Any]) -> None:
        self._command.carry_out(write, work=work)

    def hand_over(self, write: RemoteWrite, secret: str) -> None:
        variable = SUBSCRIBERS[self._upstream].variable
        told = _(
            "{label} delivers to {url} from now on. The line above is shown only now: put it into {file}, in place of "
            "another {variable} there, and start web and workers again. Until then deliveries are refused, and syncs "
            "find what they told."
        )
        label, url = upstreams.UPSTREAMS[self._upstream].label, delivery_url(self._upstream)
        done = told.format(label=label, url=url, file=env_file(), variable=variable)
        self._command.hand_over(write, self._options, secret, done, f"{variable}={secret}")
        if self._options["json"]:
            told = _("The secret is shown only now. Set {variable} to it and start web and workers again.")
            self._command.say(told.format(variable=variable))

    def tell(self, write: RemoteWrite) -> None:
        done = {
            "create": _("The subscription {id} was made."),
            "update": _("The subscription {id} is as it should be again."),
            "delete": _("The subscription {id} was removed."),
        }
        self._command.tell(write, self._options, done[write.verb].format(id=write.remote_id), beside=True)
