"""``manage.py demo``: ``run`` plus the sandbox, a staff user and nothing to configure."""

import secrets

from django.conf import settings
from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from backoffice import startup
from backoffice.demo_env import SANDBOX_PORT, use_ports
from backoffice.management.commands import run
from backoffice.models import SyncRun
from backoffice.supervisor import Child


class Command(run.Command):
    """Its environment is ``DATA_DIR/demo.env`` (demo_env.py), so it never meets what a ``.env`` names."""

    help = "Start the demo: sandbox, web, worker and beat; Ctrl-C ends all of them."
    make_target = "demo"

    def more_children(self, port: int) -> list[Child]:
        """The sandbox. Creates and tells the user on the way: the tables are there by now, the web is not."""
        self.tell_user()
        sandbox_port = startup.free_port(SANDBOX_PORT, but_not=port)
        use_ports(port, sandbox_port)
        self.tell(_("Starting sandbox, web, worker and beat."))
        return [startup.sandbox(sandbox_port)]

    def tell_user(self) -> None:
        """Print the user to sign in as; with a password only where there was no user yet."""
        user = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
        if user is not None:
            self.tell(_("user: {name}").format(name=user.get_username()))
            told = _("To set a new password: {command}")
            self.tell(told.format(command=f".venv/bin/python manage.py changepassword {user.get_username()}"))
            return
        name = "demo-admin" if User.objects.filter(username="admin").exists() else "admin"
        password = secrets.token_urlsafe(12)
        User.objects.create_superuser(name, password=password)
        self.tell(_("user: {name}").format(name=name))
        self.tell(_("password: {password}").format(password=password))
        self.tell(_("The password is shown only now."))

    def tell_where(self, url: str) -> None:
        """Called when all are up."""
        self.tell(_("Open {url} and sign in.").format(url=url))
        if not SyncRun.objects.filter(state=SyncRun.State.SUCCEEDED).exists():
            self.tell(_("The first sync has started by itself; the pages show how far it is."))
        if (settings.BASE_DIR / ".env").exists():
            self.tell(_("There is a .env: the demo does not read it, but other commands in this folder do."))
        self.tell(_("Ctrl-C stops everything."))
