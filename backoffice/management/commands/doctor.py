"""``manage.py doctor``: what is wrong with this installation, and how to put it right."""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice import audit, checks, upstreams
from backoffice.checks import Finding, Health
from backoffice.commands import Exit, StaffCommand, add_json
from backoffice.errors import NotConfigured
from backoffice.logs import redact
from backoffice.texts import written
from backoffice.upstreams import why_off_lazy


class Command(StaffCommand):
    """One line a finding: name, state (ok, warn, fail), text, fix. Exit code 1 when anything fails."""

    help = "Look at settings, credentials, clock, broker, database, backups and runs; say how to put things right."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_json(parser)
        parser.add_argument(
            "--accept-upstream",
            metavar="NAME",
            help="from now on the configured upstream takes the place of the one whose records are here",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Tell all findings. Raises CommandError when one fails."""
        if options["accept_upstream"]:
            findings = iter([_accept(options["accept_upstream"])])
        else:
            findings = checks.everything()
        failed = False
        for finding in findings:
            failed = failed or finding.state is Health.FAIL
            self._tell(finding, options["json"])
        if failed:
            raise CommandError("", returncode=Exit.FAILED)

    def _tell(self, finding: Finding, as_json: bool) -> None:
        if as_json:
            self.put({name: redact(str(value)) for name, value in asdict(finding).items()})
            return
        state = finding.state if finding.state is not Health.FAIL else finding.state.upper()
        self.line(redact(f"{state:<5} {finding.name:<26} {finding.text}"))
        if finding.fix:
            fix = _("fix: {told}").format(told=finding.fix)
            self.line(redact(f"{'':<5} {'':<26} {fix}"))


def _accept(name: str) -> Finding:
    if name not in upstreams.UPSTREAMS:
        told = _("Unknown upstream {name}. There are: {names}.")
        names = ", ".join(upstreams.UPSTREAMS)
        raise CommandError(told.format(name=repr(name), names=names), returncode=Exit.USAGE)
    if upstreams.why_off(name):
        raise NotConfigured(why_off_lazy(name))
    before, now = upstreams.state_of(name).identity, upstreams.identity(name)
    if before in {"", now}:
        told = _("nothing to accept: {installation} is not in place of another one")
        return Finding(name, Health.OK, told.format(installation=now))
    upstreams.accept(name)
    detail = written(format_lazy(gettext_lazy("in place of {installation}"), installation=before))
    audit.note("accept_upstream", kind="upstream", upstream=name, label=now, detail=detail)
    told = _("accepted: {before} until now, {now} from now on").format(before=before, now=now)
    return Finding(name, Health.OK, told, f"manage.py sync --full ({name})")
