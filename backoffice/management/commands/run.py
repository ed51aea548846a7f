"""``manage.py run``: web, worker and beat in one foreground process, for the upstreams that the environment names."""

import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from typing import Any

from django.utils.translation import gettext as _

from backoffice import startup, upstreams
from backoffice.commands import StaffCommand, whole_number
from backoffice.demo_env import demo_env_file, env_file
from backoffice.supervisor import Child, Supervisor


class Command(StaffCommand):
    """Exit status 0 after Ctrl-C or SIGTERM, 1 when something kept dying, had to be killed or cannot be used."""

    help = "Start web, worker and beat, for the upstreams that .env names; Ctrl-C ends all of them."
    make_target = "run"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=whole_number(1, 65535), default=8000, help="the web port (default 8000)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until told to end. Raises CommandError when the port or the database cannot be used."""
        port: int = options["port"]
        with ExitStack() as stack:
            stack.enter_context(startup.only_one())
            command = f"make {self.make_target} PORT={port % 65535 + 1}"
            startup.refuse_taken_port(port, _("Choose another one: {command}").format(command=command))
            startup.make_ready(self.tell)
            supervisor = Supervisor(
                [*self.more_children(port), *startup.children(port, self.tell)],
                say=self.tell,
                on_up=lambda: self.tell_where(f"http://{startup.HOST}:{port}/"),
            )
            status = supervisor.run()
        self.tell(_("Stopped."))
        sys.exit(status)

    def more_children(self, port: int) -> list[Child]:
        """What runs besides web, worker and beat."""
        if env_file() == demo_env_file() and env_file().exists():
            told = _("There is no .env, so the demo's variables count. To connect your own: {command}")
            self.tell(told.format(command="cp .env.example .env"))
        self.tell(_("Starting web, worker and beat."))
        return []

    def tell_where(self, url: str) -> None:
        """Called when all are up."""
        self.tell(_("Open {url} in a browser. Ctrl-C stops everything.").format(url=url))
        for name in upstreams.UPSTREAMS:
            if off := upstreams.why_off(name):
                self.tell(off)

    def tell(self, line: str) -> None:
        """Print one line at once. A reader that went away does not keep the children from being ended."""
        try:
            self.stdout.write(line)
            self.stdout.flush()
        except OSError:
            pass
