"""The queue: what is suggested, the strongest first, both sides beside each other; also what was decided."""

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from backoffice import times
from backoffice.access import readable_resources
from backoffice.views import staff_page
from customers.identity.sources import others
from customers.identitypage.compare import cards
from customers.identitypage.filters import QueueFilter
from customers.identitypage.words import called
from customers.models import Customer, IdentityDecision, IdentityLink
from customers.services.identity import LINK

PAIRS_A_PAGE = 20
SEE = ("customers.view_identitylink", "customers.view_customer")


@require_safe
@staff_page(*SEE)
def queue(request: HttpRequest) -> HttpResponseBase:
    """Pairs with records that the person may see."""
    readable = set(readable_resources(request.user))
    resources = [name for name in others() if name in readable]
    links = IdentityLink.objects.filter(resource__in=resources).select_related("customer", "decided_by")
    narrowed = QueueFilter(request.GET, links.defer("customer__payload", "customer__detail"), resources=resources)
    page = Paginator(narrowed.qs, PAIRS_A_PAGE).get_page(request.GET.get("page"))
    may = request.user.has_perm(LINK)
    context = {
        **admin.site.each_context(request),
        "title": _("Same customer?"),
        "filter": narrowed,
        "page": page,
        "cards": cards(request, list(page.object_list)),
        "last": _last(request, readable) if may else None,
        "may": may,
        "empty_sentence": _why_empty(narrowed) if not page.paginator.count else "",
        "here": request.get_full_path(),
    }
    return TemplateResponse(request, "customers/identity/queue.html", context)


def _last(request: HttpRequest, readable: set[str]) -> dict[str, object] | None:
    """What the person decided last, where it was not undone."""
    mine = IdentityDecision.objects.filter(actor=request.user.pk).select_related("customer")
    last = mine.order_by("-pk").first()
    if last is None or last.verb == IdentityDecision.Verb.UNDO:
        return None
    said = {
        IdentityDecision.Verb.CONFIRM: _("You confirmed {customer} and {record} {ago}."),
        IdentityDecision.Verb.REJECT: _("You rejected {customer} and {record} {ago}."),
        IdentityDecision.Verb.UNLINK: _("You unlinked {customer} and {record} {ago}."),
    }[IdentityDecision.Verb(last.verb)]
    name = called(last) if last.resource in readable else last.remote_id
    customer, record = (format_html("<bdi>{}</bdi>", one) for one in (last.customer, name))
    told = format_html(said, customer=customer, record=record, ago=times.ago(last.decided_at))
    return {"told": told, "undo": reverse("undo_identity", args=[last.pk])}


def _why_empty(narrowed: QueueFilter) -> str:
    if narrowed.is_refused:
        return _("The address asks for a filter that there is not, so nothing is shown. Choose anew.")
    if narrowed.is_narrowed:
        return _("No pair fits these filters.")
    if not Customer.objects.filter(vanished_at=None).exists():
        return _(
            "No customer is mirrored yet. Sync Kirim's customers and another system; suggestions come within a minute."
        )
    return _(
        "Nothing waits: no record of another system has an e-mail address or a phone number of a customer that is not "
        "decided about. New ones come within a minute of each sync; to look at once: manage.py identity suggest."
    )
