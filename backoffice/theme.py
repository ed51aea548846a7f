"""How Unfold looks here: names, colours, the environment badge and the sidebar."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse, reverse_lazy


def environment(request: HttpRequest) -> list[str]:
    """The badge on every page: the sandbox, or which live installation."""
    from backoffice import upstreams  # settings import this module before there are models

    seen = {upstreams.identity(name) for name in upstreams.UPSTREAMS if upstreams.is_on(name)}
    if not seen:
        return ["No upstream", "warning"]
    if seen == {upstreams.SANDBOX}:
        return ["Sandbox", "info"]
    return [" + ".join(sorted(_live(name) if name != upstreams.SANDBOX else "Sandbox" for name in seen)), "danger"]


def _live(identity: str) -> str:
    return f"Live · {urlsplit(identity).netloc or identity}"


def _may(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_superuser)


def _under(*names: str) -> Callable[[HttpRequest], bool]:
    """Whether a page lies under one of these; by whole path segments, unlike Unfold's own test."""
    return lambda request: any(request.path.startswith(reverse(name)) for name in names)


def _is_desk(request: HttpRequest) -> bool:
    return request.path in {reverse("admin:index"), "/"}


def _model(title: str, icon: str, name: str, permission: str, *also: str) -> dict[str, Any]:
    app, _, model = name.partition(".")
    changelist = f"admin:{app}_{model}_changelist"
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(changelist),
        "permission": _is_superuser if permission == "superuser" else _may(permission),
        "active": _under(changelist, *also),
    }


def _runs_active(request: HttpRequest) -> bool:
    return request.path.startswith(("/runs/", reverse("admin:backoffice_syncrun_changelist")))


NAVIGATION: list[dict[str, Any]] = [
    {
        "items": [
            {"title": "Desk", "icon": "space_dashboard", "link": reverse_lazy("admin:index"), "active": _is_desk},
        ],
    },
    {
        "title": "Customers",
        "items": [
            _model("Customers", "groups", "customers.customer", "customers.view_customer"),
            _model("Setup links", "link", "customers.setuplink", "customers.view_setuplink"),
            _model("WhatsApp accounts", "forum", "customers.whatsappaccount", "customers.view_whatsappaccount"),
        ],
    },
    {
        "title": "Sync",
        "items": [
            _model("Runs", "sync", "backoffice.syncrun", "backoffice.view_syncrun") | {"active": _runs_active},
            _model("Rejected records", "report", "backoffice.rejectedrecord", "backoffice.view_rejectedrecord"),
            _model("Changes", "difference", "backoffice.rowchange", "backoffice.view_rowchange"),
            _model("Drift", "alt_route", "backoffice.drift", "backoffice.view_drift"),
            _model("Upstreams", "cloud", "backoffice.upstreamstate", "backoffice.view_upstreamstate"),
        ],
    },
    {
        "title": "Administration",
        "items": [
            _model("Users", "person", "auth.user", "superuser"),
            _model("Groups", "badge", "auth.group", "superuser"),
            _model(
                "Schedules",
                "schedule",
                "django_celery_beat.periodictask",
                "django_celery_beat.view_periodictask",
                "admin:django_celery_beat_intervalschedule_changelist",
                "admin:django_celery_beat_crontabschedule_changelist",
            ),
        ],
    },
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Back office",
    "SITE_HEADER": "Back office",
    "SITE_SYMBOL": "hub",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("backoffice/favicon.svg")}
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": False,
    "ENVIRONMENT": environment,
    "DASHBOARD_CALLBACK": "backoffice.dashboard.desk_context",
    "STYLES": [lambda request: static("backoffice/backoffice.css")],
    "SCRIPTS": [lambda request: static("backoffice/backoffice.js")],
    "COMMAND": {"search_models": False, "show_history": False},
    "SIDEBAR": {"show_search": True, "command_search": True, "navigation": NAVIGATION},
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "primary": {
            "50": "oklch(97.1% .014 195)",
            "100": "oklch(94.2% .034 195)",
            "200": "oklch(89% .062 195)",
            "300": "oklch(81.5% .092 195)",
            "400": "oklch(72% .112 195)",
            "500": "oklch(61.5% .105 195)",
            "600": "oklch(51% .088 195)",
            "700": "oklch(44% .076 195)",
            "800": "oklch(38% .064 195)",
            "900": "oklch(33% .054 195)",
            "950": "oklch(24% .042 195)",
        },
    },
}
