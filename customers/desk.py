"""The customer desk's part of the desk: links that end, who may be whom, and how onboarding goes."""

from typing import Any

from django.db.models import Case, CharField, F, Func, IntegerField, QuerySet, Value, When
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from backoffice import times
from backoffice.access import readable_resources
from backoffice.desk.drawing import Bar, Series, bars, columns, day_of, span
from backoffice.desk.parts import Chart, Counts, Figure, Numbers, Part, Person, by, register
from backoffice.links import page
from backoffice.texts import number
from customers.identity.sources import others
from customers.models import IdentityLink, SetupLink
from customers.states import ENDING_IN_TIME_TO_ACT, links_ending_soon
from customers.verbs.kirim import CREATE_LINK

FUNNEL_DAYS = 30
SEE_LINKS, SEE_CUSTOMERS = "customers.view_setuplink", "customers.view_customer"
SEE_PAIRS = ("customers.view_identitylink", SEE_CUSTOMERS)
USED = (Series("used", pgettext_lazy("setup links", "used"), "info"),)
MADE, ACTIVE, IDLE, WAIT = "made", "used, active", "used, idle", "wait"


class Minutes(Func):
    """Whole minutes from one moment to another, computed by the database itself: SQLite calls no Python for it."""

    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "CAST((julianday(%(later)s) - julianday(%(earlier)s)) * 1440 + 0.0001 AS integer)"
        return self._as(compiler, template)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self._as(compiler, "CAST(FLOOR(EXTRACT(EPOCH FROM %(later)s - %(earlier)s) / 60) AS integer)")

    def _as(self, compiler: Any, template: str) -> Any:
        (earlier, first), (later, second) = (compiler.compile(part) for part in self.source_expressions)
        return template % {"earlier": earlier, "later": later}, [*second, *first]


# -- figures ----------------------------------------------------------------------------------------------------------


def ending(person: Person) -> QuerySet[SetupLink] | None:
    """Links that can still be used, but not for long."""
    return SetupLink.objects.filter(links_ending_soon(ENDING_IN_TIME_TO_ACT)) if person.has_perm(SEE_LINKS) else None


def suggested(person: Person) -> QuerySet[IdentityLink] | None:
    """Pairs that nobody has decided about, of what the person may see: those of the queue."""
    if not person.has_perms(SEE_PAIRS):
        return None
    readable = set(readable_resources(person))
    resources = [name for name in others() if name in readable]
    return IdentityLink.objects.filter(state=IdentityLink.State.SUGGESTED, resource__in=resources)


# -- charts -----------------------------------------------------------------------------------------------------------


def used_by_day() -> Counts:
    """Links by the day they were used."""
    start, end = span()
    used = SetupLink.objects.filter(consumed_at__gte=start, consumed_at__lt=end)
    return [by(used, Value("used"), day_of("consumed_at"))]


def funnel() -> Counts:
    """Links that were made lately, those of them that were used, those whose customer is active, and the waits."""
    made = SetupLink.objects.filter(
        remote_created_at__gte=times.midnight(1 - FUNNEL_DAYS), remote_created_at__lt=times.midnight(1)
    )
    used = made.filter(consumed_at__isnull=False)
    # By a case, not a filter: so no database begins with all customers who are active.
    became = Case(When(customer__status="active", then=Value(ACTIVE)), default=Value(IDLE), output_field=CharField())
    none = Value(0, output_field=IntegerField())
    waits = used.filter(consumed_at__gte=F("remote_created_at"))
    return [
        by(made, Value(MADE), none),
        by(used, became, none),
        by(waits, Value(WAIT), Minutes(F("remote_created_at"), F("consumed_at"))),
    ]


def median_minutes(numbers: Numbers) -> float | None:
    """Of the waits in minutes, each with how many waited so long: the middle one, or what lies between the two."""
    waits = sorted((slot, so_many) for (series, slot), so_many in numbers.items() if series == WAIT)
    total = sum(so_many for _minutes, so_many in waits)
    middle: list[int] = []
    passed = 0
    for minutes, so_many in waits:
        passed += so_many
        middle += [minutes] * ((passed > (total - 1) // 2) + (passed > total // 2) - len(middle))
    return sum(middle) / 2 if middle else None


def _funnel(numbers: Numbers) -> SafeString | None:
    made, active, idle = (numbers.get((step, 0), 0) for step in (MADE, ACTIVE, IDLE))
    used = active + idle

    def text(count: int) -> str:
        if not made:
            return number(0)
        return gettext("{count} ({percent}%)").format(count=number(count), percent=number(round(count / made * 100)))

    median, told = median_minutes(numbers), ""
    if median is not None:
        told = gettext("Half of those that were used were used within {span}.").format(span=_spell(median))
    lines = [
        Bar(gettext("Links made"), made, number(made), "dull"),
        Bar(pgettext("setup links", "Used"), used, text(used), "info"),
        Bar(gettext("Customer active now"), active, text(active), "good"),
    ]
    return bars(lines, (gettext("Step"), gettext("Links")), told)


def _spell(minutes: float) -> str:
    """ "3 h 12 min": the middle of many, so to the minute."""
    days, rest = divmod(round(minutes), 1440)
    hours, left = divmod(rest, 60)
    units = (
        (days, pgettext("a length of time", "{count} d")),
        (hours, pgettext("a length of time", "{count} h")),
        (left, pgettext("a length of time", "{count} min")),
    )
    told = [words.format(count=number(count)) for count, words in units if count]
    return " ".join(told[:2]) or pgettext("a length of time", "a minute")


def _used(numbers: Numbers) -> SafeString | None:
    return columns(USED, numbers)


register(
    Part(
        "customers", 10, _("Customers"), CREATE_LINK.permission,
        _(
            "Nothing waits: no link ends soon, and nobody is to be told apart. A customer without a link gets one on "
            "its page, with New setup link."
        ),
        ("kirim.customers", "kirim.setup_links"),
    ),
    Figure(
        "links-ending", "customers", 10, _("Setup links that end within 48 hours"), "warn", ending,
        lambda: f"{page('admin:customers_setuplink_changelist')}?ending=48h",
    ),
    Figure(
        "pairs-suggested", "customers", 30, _("Same customer? Suggestions that wait"), "info", suggested,
        lambda: page("identity"),
    ),
    Chart(
        "funnel", "customers", 10, _("How far do the setup links of the last 30 days get?"),
        _("No setup link was made in the last 30 days. A customer's page makes one, with New setup link."),
        (SEE_LINKS, SEE_CUSTOMERS), funnel, _funnel,
    ),
    Chart(
        "links", "customers", 20, _("How many setup links are used a day?"),
        _("No setup link was used in the last 14 days."), (SEE_LINKS,), used_by_day, _used,
    ),
)  # fmt: skip
