"""The way from an empty ``.env`` to mirrored records, in steps; each is looked at with the doctor's own checks."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice import freshness, upstreams
from backoffice.badges import Tone
from backoffice.checks import Finding, Health, guarded
from backoffice.checks.finding import Check
from backoffice.checks.installation import check_backup, check_clock, check_database, check_settings
from backoffice.checks.upstreams import check_upstream, check_webhooks_of, why_upstream_is_off
from backoffice.checks.work import check_broker, check_runs
from backoffice.freshness import Freshness
from backoffice.logs import redact
from backoffice.texts import Text, number

TONES: dict[Health, Tone] = {Health.OK: "good", Health.WARN: "warn", Health.FAIL: "bad"}


@dataclass(frozen=True)
class Step:
    """One step: what it is for, and the checks that say whether it is done."""

    name: str
    title: Text
    meaning: Text
    checks: tuple[Check, ...]
    upstream: str = ""

    def off(self) -> Finding | None:
        """Why there is nothing to look at yet: an upstream without its variables."""
        return why_upstream_is_off(self.upstream) if self.upstream else None

    def look(self) -> list["Line"]:
        """Carry the checks out; those of an upstream call it, with a person's patience."""
        return [Line.of(finding) for check in self.checks for finding in guarded(self.name, check)]


@dataclass(frozen=True)
class Line:
    """A finding as the page shows it."""

    name: Text
    word: Text
    tone: Tone
    text: str
    fix: str

    @classmethod
    def of(cls, finding: Finding) -> "Line":
        """Without anything that must not be shown: the texts may hold what a remote said."""
        text, fix = redact(str(finding.text)), redact(str(finding.fix))
        return cls(finding.title, finding.state.label, TONES[finding.state], text, fix)


@dataclass(frozen=True)
class StepState:
    """A step as it stands now. ``lines`` is empty where nobody has looked."""

    step: Step
    lines: list[Line]
    resources: list[Freshness]

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is left: looked at, without a failure, and all its records here once."""
        is_sound = bool(self.lines) and not any(line.tone == "bad" for line in self.lines)
        return is_sound and all(item.sweep for item in self.resources)

    @property
    def is_clean(self) -> bool:
        """Done, and nothing wants a look either."""
        return self.is_done and all(line.tone == "good" for line in self.lines)

    @property
    def variables(self) -> list[str]:
        """The lines that ``.env`` lacks for it, without values."""
        return [f"{name}=" for name in upstreams.missing_variables(self.step.upstream)] if self.step.upstream else []

    @property
    def unread(self) -> list[Freshness]:
        """Resources that were never read to the end and that nothing reads now."""
        return [item for item in self.resources if item.sweep is None and item.live is None]


def steps() -> list[Step]:
    """All of them, in the order in which they are best done."""
    return [
        Step(
            "installation",
            _("This installation"),
            _("Variables that every installation needs, its database and its clock."),
            (check_settings, check_database, check_clock),
        ),
        Step(
            "work",
            _("Work in the background"),
            _("Workers read the upstreams and send what is done to many records. make run starts them."),
            (check_broker, check_runs),
        ),
        *(_upstream_step(upstream) for upstream in upstreams.UPSTREAMS.values()),
        Step("people", _("People"), _("Everybody here needs an account of their own and a group."), (check_people,)),
        Step(
            "backup",
            _("Backup"),
            _("A copy of the database that is made each day and kept elsewhere."),
            (check_backup,),
        ),
    ]


def step_named(name: str) -> Step | None:
    """The step of that name."""
    return next((step for step in steps() if step.name == name), None)


def states(looked: str = "") -> list[StepState]:
    """How each step stands. Only the checks of the one named ``looked`` are carried out."""
    resources = freshness.all_resources()
    return [_state_of(step, resources, is_looked=step.name == looked) for step in steps()]


def state_of(step: Step, *, is_looked: bool) -> StepState:
    """How one step stands; with ``is_looked`` its checks are carried out, and an upstream is called."""
    return _state_of(step, freshness.all_resources() if step.upstream else [], is_looked=is_looked)


def _state_of(step: Step, resources: list[Freshness], *, is_looked: bool) -> StepState:
    off = step.off()
    lines = [Line.of(off)] if off else step.look() if is_looked else []
    own = [] if off else [item for item in resources if item.resource.upstream == step.upstream]
    return StepState(step, lines, own)


def check_people() -> Iterator[Finding]:
    """People who sign in with a group of their own rather than as a superuser."""
    with_role = Q(groups__permissions__isnull=False) | Q(user_permissions__isnull=False)
    people = User.objects.filter(with_role, is_active=True, is_staff=True, is_superuser=False).distinct().count()
    if people:
        yield Finding("people", Health.OK, format_lazy(_("{count} with a group"), count=number(people)))
    else:
        yield Finding(
            "people",
            Health.WARN,
            _("only superusers can do anything here, and they may do everything"),
            _(
                "under Administration, Users: add people as staff and give each a group (viewer, customer desk, "
                "warehouse, supervisor)"
            ),
        )


def _upstream_step(upstream: upstreams.Upstream) -> Step:
    return Step(
        upstream.name,
        format_lazy(_("Connect {upstream}"), upstream=upstream.label),
        format_lazy(_("Leave it off if you have no {upstream}: the rest works without."), upstream=upstream.label),
        (partial(check_upstream, upstream.name), partial(check_webhooks_of, upstream.name)),
        upstream.name,
    )
