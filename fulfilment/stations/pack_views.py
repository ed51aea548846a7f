"""The pack screen: what is left to box, the open box, and the parcels with their labels until they are handed over."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from backoffice import upstreams
from backoffice.admin import live
from backoffice.admin.doing import SHOW, do, tell
from backoffice.admin.doing import in_hand as being_sent
from backoffice.admin.showing import shows
from backoffice.badges import word
from backoffice.models import RemoteWrite
from backoffice.returning import back
from backoffice.texts import Text, number
from backoffice.views import staff_page
from backoffice.writes.verbs import WriteVerb
from fulfilment.deeds import deed
from fulfilment.models import LabelJob, Parcel, Shipment
from fulfilment.pieces import Contents, Piece, contents_of
from fulfilment.services.shipments import why_not
from fulfilment.states import SHIPMENT
from fulfilment.stations import pack
from fulfilment.stations.box import BoxForm, in_hand, sizes_of_last
from fulfilment.stations.parcel_lines import DEEDS, parcel_lines, writes_about
from fulfilment.stations.scanning import Verdict
from fulfilment.verbs.parcels import CREATE_PARCEL

SEE = ("fulfilment.view_shipment", "fulfilment.view_parcel")
LEFT_HEADER = "X-Left-To-Pack"
PACKED = ("cancelled", "finished", "in transit")
_LEVELS = {
    Verdict.TAKEN: messages.SUCCESS,
    Verdict.NOTED: messages.INFO,
    Verdict.AGAIN: messages.INFO,
    Verdict.WRONG: messages.ERROR,
}
State = RemoteWrite.State


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(*SEE)
def pack_shipment(request: HttpRequest, remote_id: str) -> HttpResponseBase:
    """GET shows what is left to box. POST scans a piece into the box, fills it, or makes a parcel of it.

    Only the last sends anything. Until then the box is the form itself: nothing is kept of it anywhere else.
    """
    shipment = _shipment(remote_id)
    contents = contents_of(shipment, _newer_parcels(shipment))
    left = _left(shipment, contents)
    if live.shown_version(request):
        return _followed(request, shipment, left)
    if request.method != "POST":
        sizes = sizes_of_last(shipment.remote_id, request.user.pk)
        return _screen(request, shipment, contents, BoxForm(left, sizes=sizes))
    if not request.user.has_perm(CREATE_PARCEL.permission):
        raise PermissionDenied
    form = BoxForm(left, request.POST)
    asked = request.POST.get("do", "scan")
    if asked == "create" or SHOW in request.POST:
        return _create(request, shipment, contents, form)
    if asked == "all":
        form.put_all_in()
    else:
        waiting = {piece.id for piece in contents.left_to_box} - {piece.id for piece in left}
        scan = pack.read(request.POST.get("scan", ""), contents.pieces, form.in_box | waiting)
        if scan.piece:
            form.put_in(scan.piece)
        messages.add_message(request, _LEVELS[scan.verdict], scan.sentence)
    return _screen(request, shipment, contents, form)


@require_POST
@staff_page(*SEE)
def parcel_deed(request: HttpRequest, remote_id: str, verb: str) -> HttpResponseBase:
    """What comes next for one parcel of the shipment: label, slip, hand over."""
    shipment = _shipment(remote_id)
    wanted = next((known for known in DEEDS if known.name == verb), None)
    if not isinstance(wanted, WriteVerb):
        raise Http404
    here = Parcel.objects.filter(shipment_remote_id=shipment.remote_id)
    parcel = get_object_or_404(here, remote_id=request.POST.get("parcel", ""))
    done = {
        "request_label": _("The label of {parcel} is being made."),
        "request_slip": _("The packing slip of {parcel} is being made."),
        "mark_in_transit": _("{parcel} is in transit now."),
    }[verb]
    deed(request, wanted, format_lazy(done, parcel=parcel), remote_id=parcel.remote_id)
    return back(request, reverse("pack_shipment", args=[shipment.remote_id]))


def _create(request: HttpRequest, shipment: Shipment, contents: Contents, form: BoxForm) -> HttpResponseBase:
    if not form.is_valid():
        return _screen(request, shipment, contents, form)
    wanted: dict[str, Any] = {
        "again": form.earlier_id,
        "owner_remote_id": shipment.remote_id,
        "sends": form.sends(shipment.remote_id),
    }
    if shows(request, form, CREATE_PARCEL, **wanted):
        return _screen(request, shipment, contents, form)
    write = do(request, CREATE_PARCEL, id=form.id, **wanted).write
    if write.state in {State.PLANNED, State.SENT}:
        return being_sent(request, write)
    if write.state in {State.REFUSED, State.FAILED}:
        form.come_back(write)
        return _screen(request, shipment, contents, form)
    parcel = Parcel.objects.filter(remote_id=write.remote_id).first() if write.remote_id else None
    count = len(write.sends["item_ids"])
    told = ngettext("A parcel with {count} piece was made.", "A parcel with {count} pieces was made.", count)
    if parcel:
        told = ngettext("Parcel {parcel} with {count} piece.", "Parcel {parcel} with {count} pieces.", count)
    tell(request, write, told.format(parcel=parcel, count=number(count)))
    return redirect("pack_shipment", shipment.remote_id)


def _followed(request: HttpRequest, shipment: Shipment, left: Sequence[Piece]) -> HttpResponseBase:
    """What an open screen gets when it asks: parcels and labels, and whether the pieces changed meanwhile."""
    version, shown_left = _version(shipment), request.headers.get(LEFT_HEADER, "")
    if version == live.shown_version(request):
        return HttpResponse(status=204)
    context = {
        **_parcels(request, shipment, version, shown_left),
        "has_changed": shown_left != _digest(left),
    }
    return TemplateResponse(request, "fulfilment/parts/_parcels.html", context)


def _screen(request: HttpRequest, shipment: Shipment, contents: Contents, form: BoxForm) -> HttpResponseBase:
    may_pack = request.user.has_perm(CREATE_PARCEL.permission)
    why_not_now = _why_not_now(shipment, contents) or upstreams.why_off("afosto")
    if not (why_not_now or form.left):
        why_not_now = _("All that is left may be in a parcel whose outcome nobody knows yet. Wait until that is known.")
    version = _version(shipment)
    context = {
        **admin.site.each_context(request),
        **_parcels(request, shipment, version, _digest(form.left)),
        **_list_of(request, shipment),
        "title": gettext("Pack {shipment}").format(shipment=shipment),
        "frame": live.CONTENT if request.headers.get("HX-Request") else live.WHOLE,
        "messages_shown": list(messages.get_messages(request)),
        "state": word(shipment.state, SHIPMENT),
        "recipient": shipment.contact,
        "page_url": reverse("admin:fulfilment_shipment_change", args=[shipment.pk]),
        "contents": contents,
        "lines": [(piece, piece.id in form.in_box) for piece in form.left],
        "waiting": len(contents.left_to_box) - len(form.left),
        "form": form,
        "in_box": len(form.in_box),
        "outside": len(form.left) - len(form.in_box),
        "can_pack": may_pack and not why_not_now,
        "why_not": why_not_now if may_pack or why_not_now else _("You may look at this shipment, not pack it."),
        "missing": sum(piece.is_missing for piece in contents.pieces),
        "boxed": sum(piece.is_boxed for piece in contents.pieces),
    }
    return TemplateResponse(request, "fulfilment/pack.html", context)


def _parcels(request: HttpRequest, shipment: Shipment, version: str, left: str) -> dict[str, Any]:
    """What the part that follows shows. ``left`` tells which pieces the form beside it shows."""
    lines, troubles = parcel_lines(request, shipment)
    labels = LabelJob.Kind.LABEL
    printable = [
        document.job.pk
        for line in lines
        for document in line.documents
        if document.url and document.job.kind == labels and not line.parcel.is_in_transit
    ]
    query = "&".join(f"job={pk}" for pk in printable)
    return {
        "shipment": shipment,
        "parcels": lines,
        "troubles": troubles,
        "is_waiting": any(line.is_waiting for line in lines),
        "print_all_url": f"{reverse('print_labels')}?{query}" if len(printable) > 1 else "",
        "version": version,
        "version_header": live.VERSION_HEADER,
        "left": left,
        "left_header": LEFT_HEADER,
    }


def _newer_parcels(shipment: Shipment) -> Iterable[Parcel]:
    """Parcels of it that changed after it was read by itself: made elsewhere, as a rule, a moment ago."""
    if shipment.detail_at is None:
        return ()
    return Parcel.objects.filter(
        shipment_remote_id=shipment.remote_id, vanished_at=None, synced_at__gt=shipment.detail_at
    )


def _left(shipment: Shipment, contents: Contents) -> list[Piece]:
    """The pieces that can go into a box, without those that may be in a parcel which nobody knows of yet."""
    waiting = in_hand(shipment.remote_id)
    return [piece for piece in contents.left_to_box if piece.id not in waiting]


def _why_not_now(shipment: Shipment, contents: Contents) -> Text:
    """Why nothing more is packed of it, in a sentence."""
    if hindrance := why_not("set_missing", shipment):
        return hindrance
    if not contents.is_known:
        return _("Its pieces were not read yet. Refresh it on its own page.")
    return "" if contents.left_to_box else _("Everything that is here is packed.")


def _list_of(request: HttpRequest, shipment: Shipment) -> dict[str, Any]:
    """The list that it is on, how many of its shipments are packed, and the next one to pack."""
    if not shipment.list_remote_id:
        return {}
    mates = Shipment.objects.filter(list_remote_id=shipment.list_remote_id, vanished_at=None)
    ordered = list(
        mates.only("remote_id", "number", "state", "boxed_count", "missing_count", "piece_count").order_by(
            "number", "pk"
        )
    )
    open_ones = [its for its in ordered if its.pk != shipment.pk and _has_pieces_left(its)]
    after = [its for its in open_ones if (its.number, its.pk) > (shipment.number, shipment.pk)]
    return {
        "list": shipment.list,
        "mates": len(ordered),
        "mates_left": len(open_ones),
        "next_shipment": next(iter([*after, *open_ones]), None),
    }


def _has_pieces_left(shipment: Shipment) -> bool:
    if shipment.state in PACKED:
        return False
    return (
        shipment.piece_count is None
        or (shipment.boxed_count or 0) + (shipment.missing_count or 0) < shipment.piece_count
    )


def _version(shipment: Shipment) -> str:
    parcels = Parcel.objects.filter(shipment_remote_id=shipment.remote_id)
    jobs = LabelJob.objects.filter(parcel__shipment_remote_id=shipment.remote_id)
    writes = writes_about(shipment, parcels.only("remote_id"))
    traces = [
        live.trace("parcels", parcels, "synced_at", "vanished_at"),
        live.trace("jobs", jobs, "requested_at", "accepted_at", "ended_at"),
        live.trace("writes", writes, "waits_since", "sent_at", "settled_at", "dismissed_at"),
    ]
    return live.version_of(shipment.synced_at, shipment.detail_at, shipment.state, traces=traces)


def _digest(left: Iterable[Piece]) -> str:
    """Changes with what is left to box."""
    return blake2b(repr(sorted(piece.id for piece in left)).encode(), digest_size=8).hexdigest()


def _shipment(remote_id: str) -> Shipment:
    return get_object_or_404(Shipment.objects.select_related("contact", "method", "list"), remote_id=remote_id)
