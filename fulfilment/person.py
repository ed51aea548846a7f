"""Afosto's part of a customer's page: its recipients, what is picked and packed for it, and parcels on their way."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from backoffice import times
from backoffice.admin.readonly import Section
from backoffice.admin.related import admin_of, linked, url_of
from backoffice.badges import word
from customers.person.parts import Part, Problem, Shown, Standing, Subject, register
from fulfilment.admin.parcel_lines import ParcelLine, grams
from fulfilment.admin.shown import due, progress, tracking
from fulfilment.models import Parcel, Recipient, Shipment
from fulfilment.needs import failed_labels
from fulfilment.states import LIST, PARCEL, SENT, SHIPMENT, UNDER_WAY

RESOURCE = "afosto.contacts"
KNOWN, SHOWN = 200, 20
HEAVY = ("payload", "detail", "piece_text")


def show(request: HttpRequest, subject: Subject) -> Shown | None:
    """The linked recipients with what is under way to them, each as far as the person may see it."""
    user = request.user
    if not user.has_perm("fulfilment.view_recipient"):
        return None
    ids = subject.ids(RESOURCE)
    recipients = (
        list(Recipient.objects.filter(remote_id__in=ids).defer("payload", "search_text")[:SHOWN]) if ids else []
    )
    shown = admin_of(Recipient).shown_state
    standings = [Standing(str(row), url_of(row), shown(row), subject.age(RESOURCE, row)) for row in recipients]
    sections: list[Section] = []
    problems: list[Problem] = []
    records = {RESOURCE: ids}
    if user.has_perm("fulfilment.view_shipment"):
        shipments = _shipments(ids)
        records["afosto.shipments"] = [row.remote_id for row in shipments]
        records["afosto.handling_lists"] = list(
            dict.fromkeys(row.list_remote_id for row in shipments if row.list_remote_id)
        )
        waiting = [row for row in shipments if row.state not in SENT and row.vanished_at is None]
        lines = [_line(request, row) for row in waiting[:SHOWN]]
        part = {"lines": lines, "is_linked": bool(ids), "is_cut": len(waiting) > SHOWN, "shown": SHOWN}
        sections.append(Section(_("Lists and shipments"), "fulfilment/person/_lists.html", part))
        problems += _late(request, waiting)
    if ids and user.has_perm("fulfilment.view_parcel"):
        parcels = _parcels(ids)
        records["afosto.parcels"] = [row.remote_id for row in parcels]
        under_way = [row for row in parcels if row.state in UNDER_WAY and row.vanished_at is None]
        sections.append(_under_way(request, under_way))
        problems += _stuck(request, ids)
    return Shown(standings, problems, sections, records)


def _shipments(ids: list[str]) -> list[Shipment]:
    """The newest, with their lists. One query."""
    if not ids:
        return []
    rows = Shipment.objects.filter(contact_remote_id__in=ids).select_related("list")
    lists = ("list__payload", "list__detail", "list__search_text")
    return list(rows.order_by("-remote_created_at", "-pk").defer(*HEAVY, *lists)[:KNOWN])


def _parcels(ids: list[str]) -> list[Parcel]:
    """The newest. One query."""
    rows = Parcel.objects.filter(shipment__contact_remote_id__in=ids).order_by("-remote_created_at", "-pk")
    return list(rows.defer("payload", "search_text")[:KNOWN])


def _line(request: HttpRequest, row: Shipment) -> dict[str, Any]:
    may_see = request.user.has_perm("fulfilment.view_handlinglist")
    its_list = linked(request, row.list, row.list_remote_id)
    return {
        "shipment": linked(request, row, row.remote_id),
        "state": word(row.state, SHIPMENT),
        "ship_at": due(row.ship_at, is_over=False),
        "list": format_html("{} {}", its_list, word(row.list.state, LIST)) if row.list and may_see else its_list,
        "packed": progress(row.boxed_count, row.piece_count, row.missing_count),
    }


def _under_way(request: HttpRequest, parcels: list[Parcel]) -> Section:
    lines = [
        ParcelLine(
            linked(request, parcel, parcel.remote_id),
            word(parcel.state, PARCEL),
            tracking(parcel),
            grams(parcel.weight),
            parcel.piece_count,
        )
        for parcel in parcels[:SHOWN]
    ]
    part = {"lines": lines, "is_cut": len(parcels) > SHOWN, "shown": SHOWN, "none": _("No parcel is on its way.")}
    return Section(_("Parcels on their way"), "fulfilment/admin/parts/_parcels.html", part)


def _late(request: HttpRequest, waiting: list[Shipment]) -> Iterator[Problem]:
    """Shipments past their time, and lists that somebody holds."""
    for row in waiting:
        if row.list and row.list.state == "on hold" and request.user.has_perm("fulfilment.view_handlinglist"):
            told = _("Handling list {list} with shipment {shipment} is on hold.").format(list=row.list, shipment=row)
            yield Problem(told, url_of(row.list), _("See the list"))
        elif row.ship_at and row.ship_at < timezone.now():
            late = times.spell(timezone.now() - row.ship_at)
            told = _("Shipment {shipment} should have left {late} ago.").format(shipment=row, late=late)
            yield Problem(told, url_of(row), _("See it"))


def _stuck(request: HttpRequest, ids: list[str]) -> Iterator[Problem]:
    """Parcels whose label or packing slip came to nothing. One query."""
    jobs = failed_labels(request.user)
    if jobs is None:
        return
    for job in jobs.filter(parcel__shipment__contact_remote_id__in=ids)[:SHOWN]:
        url = reverse("admin:fulfilment_parcel_change", args=[job.parcel_id])
        told = _("Parcel {parcel} is stuck, its {document} failed: {error}").format(
            parcel=job.parcel, document=job.get_kind_display(), error=job.error
        )
        yield Problem(told, url, _("See it"))


register(Part("afosto", 40, show))
