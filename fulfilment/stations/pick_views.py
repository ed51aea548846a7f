"""The pick screen: the lines of a list in walking order, one scan field, one write a scan; and short picks."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode
from uuid import uuid4

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from backoffice import upstreams
from backoffice.admin import live
from backoffice.admin.doing import Done, VerbForm, do, tell
from backoffice.badges import word
from backoffice.models import RemoteWrite
from backoffice.texts import Text
from backoffice.views import staff_page
from fulfilment import listdeeds
from fulfilment.board import holder_of, holders, is_overdue, sub_of
from fulfilment.deeds import DAMAGED, deed
from fulfilment.listdeeds import SEE_LISTS
from fulfilment.models import HandlingList, Shipment
from fulfilment.pieces import contents_of
from fulfilment.services.lists import why_not
from fulfilment.states import LIST, OVER, in_words
from fulfilment.stations import pick
from fulfilment.stations.pick import Stop
from fulfilment.stations.scanning import Verdict
from fulfilment.stations.short import ShortForm
from fulfilment.stations.stops import SHORT, lines_of, stops_of, writes_about
from fulfilment.verbs.lists import MARK_HANDLED
from fulfilment.verbs.shipments import SET_MISSING

MAX_PACKED_LINKS = 12
PACKED = ("cancelled", "finished", "in transit", "labelled", "packed")
_LEVELS = {Verdict.NOTED: messages.INFO, Verdict.AGAIN: messages.INFO, Verdict.WRONG: messages.ERROR}


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(SEE_LISTS)
def pick_list(request: HttpRequest, remote_id: str) -> HttpResponseBase:
    """GET shows the list, POST takes one scan. A scan that a script sent is answered with the screen itself."""
    handling_list = _list(remote_id)
    if request.method != "POST":
        return _screen(request, handling_list, request.GET.get("line", ""))
    if not request.user.has_perm(MARK_HANDLED.permission):
        raise PermissionDenied
    line = request.POST.get("line", "")[:255]
    _scan(request, handling_list, line)
    if request.headers.get("HX-Request"):
        handling_list.refresh_from_db()
        return _screen(request, handling_list, line)
    return redirect(_url("pick_list", handling_list, line))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(SEE_LISTS)
def short_pick(request: HttpRequest, remote_id: str) -> HttpResponseBase:
    """GET asks how many are missing, wanted later or too many of a line; POST writes each to its shipment."""
    if not _may_short(request):
        raise PermissionDenied
    handling_list = _list(remote_id)
    line = (request.POST if request.method == "POST" else request.GET).get("line", "")[:255]
    stop = next((stop for stop in stops_of(handling_list) if stop.key == line), None)
    if stop is None or not stop.shipment_id:
        messages.error(request, _("That line is not on the list, or not of a known shipment. Refresh the list."))
        return redirect(_url("pick_list", handling_list))
    form = ShortForm(stop, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        context = {
            **admin.site.each_context(request),
            "title": gettext("Short pick of {list}").format(list=handling_list),
            "list": handling_list,
            "now": stop,
            "short": form,
        }
        return TemplateResponse(request, "fulfilment/short.html", context)
    shipment = get_object_or_404(Shipment, remote_id=stop.shipment_id)
    for wanted in form.wanted(contents_of(shipment)):
        done: Done[object] = do(
            request,
            wanted.verb,
            id=wanted.id,
            remote_id=shipment.remote_id,
            sends=wanted.sends,
            before=wanted.before,
        )
        tell(request, done.write, wanted.done)
    return redirect(_url("pick_list", handling_list, line))


@require_POST
@staff_page(SEE_LISTS)
def undo_pick(request: HttpRequest, remote_id: str) -> HttpResponseBase:
    """Unmark one piece: it is put back on the shelf, or was found after all."""
    handling_list = _list(remote_id)
    piece = request.POST.get("piece", "")[:255]
    stop = next((stop for stop in stops_of(handling_list) if piece in stop.ids), None)
    if stop is None:
        messages.error(request, _("That piece is not on the list (any more). Nothing was sent."))
    elif piece in stop.missing_ids:
        items = [{"id": piece, "is_missing": False}]
        done = format_lazy(_("One of {sku} is to be picked after all."), sku=stop.sku)
        deed(request, SET_MISSING, done, remote_id=stop.shipment_id, sends={"items": items})
    else:
        items = [{"id": piece, "is_handled": False}]
        done = format_lazy(_("One of {sku} is to be picked again."), sku=stop.sku)
        deed(request, MARK_HANDLED, done, remote_id=handling_list.remote_id, sends={"items": items})
    return redirect(_url("pick_list", handling_list, stop.key if stop else ""))


def _scan(request: HttpRequest, handling_list: HandlingList, line: str) -> None:
    """Take one scan and tell what came of it."""
    form = VerbForm(request.POST)
    if not form.is_valid():
        messages.error(request, DAMAGED)
        return
    stops = stops_of(handling_list)
    if sent := RemoteWrite.objects.filter(pk=form.id, **_mark_of(handling_list)).first():
        tell(request, sent, _counted(handling_list, sent))  # the same submission once more
        return
    if off := why_not(MARK_HANDLED.name, handling_list) or upstreams.why_off("afosto"):
        messages.error(request, gettext("Nothing was sent. {reason}").format(reason=off))
        return
    expected = pick.current(stops, line)
    if expected is None:
        messages.info(request, _("Nothing is left to do on this list. Nothing was sent."))
        return
    scan = pick.read(request.POST.get("scan", ""), stops, expected)
    if scan.verdict is not Verdict.TAKEN:
        messages.add_message(request, _LEVELS[scan.verdict], scan.sentence)
        return
    items = [{"id": scan.piece, "is_handled": True}]
    write = do(request, MARK_HANDLED, id=form.id, remote_id=handling_list.remote_id, sends={"items": items}).write
    handling_list.refresh_from_db()
    tell(request, write, _counted(handling_list, write))


def _counted(handling_list: HandlingList, write: RemoteWrite) -> Text:
    """How far the line of a marked piece is by now."""
    ids = {item["id"] for item in write.sends["items"]}
    stop = next((stop for stop in stops_of(handling_list) if ids.intersection(stop.ids)), None)
    if stop is None:
        return _("Picked.")
    told = _("{done} of {total}: {sku} into {bin}.") if stop.bin else _("{done} of {total}: {sku}.")
    return format_lazy(told, done=stop.counted, total=len(stop.ids), sku=stop.sku, bin=stop.bin)


def _screen(request: HttpRequest, handling_list: HandlingList, line: str) -> HttpResponseBase:
    stops, names, sub = stops_of(handling_list), holders(), sub_of(request.user)
    now = pick.current(stops, line)
    version = _version(handling_list, names.get(handling_list.sub, ""), now)
    shown = live.shown_version(request)
    if version == shown:
        return HttpResponse(status=204)
    shipments = _shipments(handling_list)
    boxed = {piece.id for its in shipments for piece in contents_of(its).pieces if piece.is_boxed}
    lines, troubles = lines_of(request.user, handling_list, stops, now, boxed)
    why_no_scan = why_not(MARK_HANDLED.name, handling_list) or upstreams.why_off("afosto")
    may_mark = request.user.has_perm(MARK_HANDLED.permission)
    context = {
        **admin.site.each_context(request),
        "title": _title(handling_list),
        "frame": live.CONTENT if request.headers.get("HX-Request") else live.WHOLE,
        "version": version,
        "messages_shown": [] if shown else list(messages.get_messages(request)),
        "list": handling_list,
        "page_url": reverse("admin:fulfilment_handlinglist_change", args=[handling_list.pk]),
        "state": word(handling_list.state, LIST),
        "holder": _held_by(handling_list, names, sub),
        "is_overdue": HandlingList.objects.filter(is_overdue(), pk=handling_list.pk).exists(),
        "notices": list(_notices(handling_list, why_no_scan, sub, names)),
        "buttons": listdeeds.buttons(request, handling_list, sub, names, tells_why=True),
        "now": now if handling_list.state not in OVER else None,
        "can_scan": may_mark and not why_no_scan,
        "why_no_scan": "" if may_mark else _("You may look at this list, not pick it."),
        "scan_url": reverse("pick_list", args=[handling_list.remote_id]),
        "write_id": uuid4(),
        "may_short": _may_short(request) and not why_no_scan and bool(now and now.shipment_id),
        "no_shipment": _may_short(request) and not why_no_scan and bool(now and not now.shipment_id),
        "may_undo": may_mark and not why_no_scan,
        "may_find": _may_short(request) and not why_no_scan,
        "short": ShortForm(now) if now else None,
        "finished_sentence": _finished(handling_list, stops),
        "next_shipments": _to_pack(request, handling_list, shipments, now),
        "lines": lines,
        "troubles": troubles,
        "handled": sum(stop.counted for stop in stops),
        "missing": sum(len(stop.missing_ids) for stop in stops),
        "total": sum(len(stop.ids) for stop in stops),
        "empty_sentence": _("Its pieces were not read yet. Refresh it."),
    }
    return TemplateResponse(request, "fulfilment/pick.html", context)


def _title(handling_list: HandlingList) -> str:
    told = gettext("Pick {list}") if handling_list.is_outbound else pgettext("goods that came in", "Sort {list}")
    return told.format(list=handling_list)


def _version(handling_list: HandlingList, holder: str, now: Stop | None) -> str:
    moments = ("waits_since", "sent_at", "settled_at", "dismissed_at")
    shipments = Shipment.objects.filter(remote_id__in=handling_list.shipment_ids)
    traces = [
        live.trace("writes", writes_about(handling_list), *moments),
        live.trace("shipments", shipments, "synced_at", "detail_at"),
    ]
    own = (bytes(handling_list.payload_hash), handling_list.state, handling_list.detail_at, handling_list.vanished_at)
    return live.version_of(*own, holder, now.key if now else "", traces=traces)


def _notices(handling_list: HandlingList, why_no_scan: Text, sub: str, names: Mapping[str, str]) -> Iterator[Text]:
    if why_no_scan and handling_list.state not in OVER:
        yield why_no_scan
    if handling_list.sub not in {"", sub} and handling_list.state not in OVER:
        told = _("{holder} holds this list. Scanning does not take it over, the button does.")
        yield format_lazy(told, holder=holder_of(handling_list, names))


def _held_by(handling_list: HandlingList, names: Mapping[str, str], sub: str) -> str:
    if not handling_list.sub:
        return gettext("held by nobody")
    if handling_list.sub == sub:
        return gettext("held by you")
    return gettext("held by {holder}").format(holder=holder_of(handling_list, names))


def _finished(handling_list: HandlingList, stops: list[Stop]) -> str:
    if handling_list.state in OVER:
        return gettext("This list is {state}.").format(state=in_words(handling_list.state))
    if not stops:
        return gettext("There is nothing on this list as far as it was read.")
    waits = sum(len(stop.in_hand) for stop in stops)
    if not waits:
        return gettext("All lines are done.")
    told = ngettext(
        "All lines are done; {count} marks have no outcome yet.",
        "All lines are done; {count} marks have no outcome yet.",
        waits,
    )
    return told.format(count=waits)


def _shipments(handling_list: HandlingList) -> list[Shipment]:
    here = Shipment.objects.filter(remote_id__in=handling_list.shipment_ids, vanished_at=None)
    return list(here.only("remote_id", "number", "state", "handled_count", "detail").order_by("number", "pk"))


def _to_pack(
    request: HttpRequest, handling_list: HandlingList, shipments: list[Shipment], now: Stop | None
) -> list[Shipment]:
    """Its shipments that can be packed: those that are picked whole; once all lines are done, the others as well."""
    if not (handling_list.is_outbound and request.user.has_perm("fulfilment.view_shipment")):
        return []
    ready = [its for its in shipments if its.handled_count and its.state not in PACKED]
    whole = [its for its in ready if now is None or its.state == "picked"]
    return whole[:MAX_PACKED_LINKS]


def _may_short(request: HttpRequest) -> bool:
    return all(request.user.has_perm(verb.permission) for verb in SHORT)


def _mark_of(handling_list: HandlingList) -> dict[str, str]:
    return {"target": MARK_HANDLED.target, "verb": MARK_HANDLED.name, "remote_id": handling_list.remote_id}


def _list(remote_id: str) -> HandlingList:
    return get_object_or_404(HandlingList.objects.select_related("location"), remote_id=remote_id)


def _url(name: str, handling_list: HandlingList, line: str = "") -> str:
    url = reverse(name, args=[handling_list.remote_id])
    return f"{url}?{urlencode({'line': line})}" if line else url
