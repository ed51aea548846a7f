"""How Unfold looks here: names, colours, the environment badge and the sidebar."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.functional import lazy
from django.utils.html import escape
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.links import page
from backoffice.texts import Text, number

page_lazy = lazy(page, str)


def environment(request: HttpRequest) -> list[str]:
    """The badge on every page: the sandbox, or which live installation."""
    from backoffice import upstreams  # settings import this module before there are models

    on = [name for name in upstreams.UPSTREAMS if upstreams.is_on(name)]
    if not on:
        return [gettext("No upstream"), "warning"]
    is_live = any(upstreams.identity(name) != upstreams.SANDBOX for name in on)
    return [" + ".join(sorted({upstreams.installation(name) for name in on})), "danger" if is_live else "info"]


def _may(*permissions: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perms(permissions)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_superuser)


def _under(*names: str) -> Callable[[HttpRequest], bool]:
    """Whether a page lies under one of these; by whole path segments, unlike Unfold's own test."""
    return lambda request: any(request.path.startswith(page(name)) for name in names)


NEEDS_YOU = "needs_you"
"""The item of the menu that tells how many things wait."""


def _is_desk(request: HttpRequest) -> bool:
    return request.path in {page("admin:index"), "/"}


def _model(title: Text, icon: str, name: str, permission: str, *also: str) -> dict[str, Any]:
    app, _, model = name.partition(".")
    changelist = f"admin:{app}_{model}_changelist"
    return {
        "title": title,
        "icon": icon,
        "link": page_lazy(changelist),
        "permission": _is_superuser if permission == "superuser" else _may(permission),
        "active": _under(changelist, *also),
    }


def _runs_active(request: HttpRequest) -> bool:
    return request.path.startswith(("/runs/", page("admin:backoffice_syncrun_changelist")))


def _bulk_active(request: HttpRequest) -> bool:
    lists = (page("admin:backoffice_bulkaction_changelist"), page("admin:backoffice_bulkitem_changelist"))
    return request.path.startswith(("/bulk/", *lists))


def _is_needs_you(request: HttpRequest) -> bool:
    return request.path.startswith(page("needs_you"))


NAVIGATION: list[dict[str, Any]] = [
    {
        "items": [
            {"title": _("Desk"), "icon": "space_dashboard", "link": page_lazy("admin:index"), "active": _is_desk},
            {"title": _("Search"), "icon": "search", "link": page_lazy("search"), "active": _under("search")},
            {
                "title": _("Needs you"),
                "name": NEEDS_YOU,
                "icon": "back_hand",
                "link": page_lazy("needs_you"),
                "active": _is_needs_you,
            },
            {"title": _("Exports"), "icon": "download", "link": page_lazy("exports"), "active": _under("exports")},
        ],
    },
    {
        "title": _("Customers"),
        "items": [
            _model(_("Customers"), "groups", "customers.customer", "customers.view_customer"),
            _model(_("Setup links"), "link", "customers.setuplink", "customers.view_setuplink"),
            _model(_("WhatsApp accounts"), "forum", "customers.whatsappaccount", "customers.view_whatsappaccount"),
            _model(
                _("Support customers"), "support_agent", "customers.supportcustomer", "customers.view_supportcustomer"
            ),
            {
                "title": _("Same customer?"),
                "icon": "join_inner",
                "link": page_lazy("identity"),
                "permission": _may("customers.view_identitylink", "customers.view_customer"),
                "active": _under("identity"),
            },
        ],
    },
    {
        "title": _("CRM"),
        "items": [
            _model(_("Contacts"), "contacts", "customers.contact", "customers.view_contact"),
            _model(_("Organizations"), "domain", "customers.organization", "customers.view_organization"),
            _model(_("Invoices"), "receipt_long", "customers.invoice", "customers.view_invoice"),
            _model(_("Transactions"), "payments", "customers.transaction", "customers.view_transaction"),
        ],
    },
    {
        "title": _("Fulfilment"),
        "items": [
            {
                "title": _("Work board"),
                "icon": "view_kanban",
                "link": page_lazy("board"),
                "permission": _may("fulfilment.view_handlinglist"),
                "active": _under("board"),
            },
            _model(_("Handling lists"), "checklist_rtl", "fulfilment.handlinglist", "fulfilment.view_handlinglist"),
            _model(_("Shipments"), "local_shipping", "fulfilment.shipment", "fulfilment.view_shipment"),
            _model(_("Parcels"), "package_2", "fulfilment.parcel", "fulfilment.view_parcel"),
            _model(_("Labels"), "label", "fulfilment.labeljob", "fulfilment.view_labeljob"),
            _model(_("Recipients"), "contact_mail", "fulfilment.recipient", "fulfilment.view_recipient"),
            _model(_("Locations"), "warehouse", "fulfilment.location", "fulfilment.view_location"),
            _model(
                _("Shipping methods"), "conveyor_belt", "fulfilment.shippingmethod", "fulfilment.view_shippingmethod"
            ),
            _model(_("Pickers"), "badge", "fulfilment.picker", "fulfilment.view_picker"),
        ],
    },
    {
        "title": _("Writes"),
        "items": [
            _model(_("Writes"), "edit_note", "backoffice.remotewrite", "backoffice.view_remotewrite"),
            _model(_("Bulk actions"), "checklist", "backoffice.bulkaction", "backoffice.view_bulkaction")
            | {"active": _bulk_active},
        ],
    },
    {
        "title": _("Sync"),
        "items": [
            _model(_("Runs"), "sync", "backoffice.syncrun", "backoffice.view_syncrun") | {"active": _runs_active},
            _model(_("Rejected records"), "report", "backoffice.rejectedrecord", "backoffice.view_rejectedrecord"),
            _model(_("Webhook deliveries"), "webhook", "backoffice.webhookdelivery", "backoffice.view_webhookdelivery"),
            _model(_("Changes"), "difference", "backoffice.rowchange", "backoffice.view_rowchange"),
            _model(_("Drift"), "alt_route", "backoffice.drift", "backoffice.view_drift"),
            _model(_("Upstreams"), "cloud", "backoffice.upstreamstate", "backoffice.view_upstreamstate"),
        ],
    },
    {
        "title": _("Administration"),
        "items": [
            {
                "title": _("Getting started"),
                "icon": "rocket_launch",
                "link": page_lazy("first_steps"),
                "permission": _may("backoffice.subscribe_upstreamstate", "backoffice.start_syncrun"),
                "active": _under("first_steps"),
            },
            _model(_("Audit"), "policy", "backoffice.auditentry", "backoffice.view_auditentry"),
            _model(_("Users"), "person", "auth.user", "superuser"),
            _model(_("Groups"), "badge", "auth.group", "superuser"),
            _model(
                _("Schedules"),
                "schedule",
                "django_celery_beat.periodictask",
                "django_celery_beat.view_periodictask",
                "admin:django_celery_beat_intervalschedule_changelist",
                "admin:django_celery_beat_crontabschedule_changelist",
            ),
        ],
    },
]


def _action(title: Text, page: str, permission: str) -> dict[str, Any]:
    return {"title": title, "icon": "add", "link": page_lazy(f"admin:{page}"), "permission": _may(permission)}


ACTIONS: dict[str, Any] = {
    "title": _("Begin"),
    "items": [
        _action(_("New customer"), "create_customer", "customers.create_customer"),
        _action(_("New support customer"), "create_supportcustomer", "customers.create_supportcustomer"),
        _action(_("New contact"), "create_contact", "customers.create_contact"),
        _action(_("Import contacts"), "import_contacts", "customers.create_contact"),
        _action(_("New organization"), "create_organization", "customers.create_organization"),
        _action(_("New handling list"), "create_handlinglist", "fulfilment.create_handlinglist"),
        _action(_("New location"), "create_location", "fulfilment.create_location"),
    ],
}
"""What is begun on a page of its own, without a record: the command palette finds these by their names."""


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu, with how many things wait for this person, and what he has pinned."""
    from backoffice.needs import section  # settings import this module before there are models

    menu = _with_pinned(request)
    waiting = section.count(request)
    if not waiting:
        return menu
    badge = {"badge": number(waiting), "badge_variant": "warning"}
    return [
        group | {"items": [item | badge if item.get("name") == NEEDS_YOU else item for item in group["items"]]}
        for group in menu
    ]


def _with_pinned(request: HttpRequest) -> list[dict[str, Any]]:
    from backoffice import savedviews

    first, *others = NAVIGATION
    items = [
        {
            "title": escape(view.name),  # the theme takes titles for safe
            "icon": "keep",
            "link": savedviews.url_of(view),
            "active": savedviews.is_open(request, view),
        }
        for view in savedviews.pinned(request)
    ]
    return [first, {"title": _("Pinned"), "items": items}, *others] if items else NAVIGATION


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("Back office"),
    "SITE_HEADER": _("Back office"),
    "SITE_SYMBOL": "hub",
    "SITE_URL": None,
    "SHOW_LANGUAGES": True,
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("backoffice/favicon.svg")}
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": False,
    "ENVIRONMENT": environment,
    "DASHBOARD_CALLBACK": "backoffice.dashboard.desk_context",
    "STYLES": [
        lambda request: static("backoffice/backoffice.css"),
        lambda request: static("backoffice/lists.css"),
        lambda request: static("backoffice/bell.css"),
    ],
    "SCRIPTS": [
        lambda request: static("backoffice/backoffice.js"),
        lambda request: static("backoffice/reach.js"),
        lambda request: static("backoffice/live.js"),
        lambda request: static("backoffice/bell.js"),
        lambda request: static("backoffice/lists.js"),
        lambda request: static("backoffice/palette.js"),
        lambda request: static("customers/setup_links.js"),
    ],
    "COMMAND": {"search_models": False, "search_callback": "backoffice.palette.find", "show_history": False},
    "SIDEBAR": {"show_search": True, "command_search": True, "navigation": navigation},
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
