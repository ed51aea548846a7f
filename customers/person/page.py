"""``/customers/<remote id>/``: everything that is known of a customer, over all systems."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from backoffice.admin.related import admin_of, url_of
from backoffice.models import RemoteWrite
from backoffice.views import staff_page
from backoffice.writelines import label, who
from backoffice.writes import waiting
from backoffice.writes.history import visible_writes
from backoffice.writes.verbs import verb_of
from customers.models import Customer, IdentityLink
from customers.person import crm, kirim, support  # noqa: F401  importing registers them
from customers.person.address import page_url
from customers.person.forms import NoteForm
from customers.person.parts import Problem, Shown, Subject, in_order
from customers.person.standing import Systems
from customers.person.timeline import timeline, written

SHOWN_WRITES = 10
MOST_LINKS = 100
VIEW = "customers.view_customer"


@require_safe
@staff_page(VIEW)
def customer_page(request: HttpRequest, remote_id: str) -> HttpResponseBase:
    """The page of a customer, by its id at Kirim."""
    return shown(request, get_object_or_404(Customer, remote_id=remote_id))


def shown(request: HttpRequest, customer: Customer, form: NoteForm | None = None) -> HttpResponseBase:
    """The page; with a note that could not be kept in its form, where there is one."""
    systems = Systems()
    subject = Subject(customer, _linked(customer), systems.fresh)
    parts = {part.upstream: found for part in in_order() if (found := part.show(request, subject)) is not None}
    records = {name: ids for found in parts.values() for name, ids in found.records.items()}
    may_add = request.user.has_perm("customers.add_customernote")
    context = {
        **admin.site.each_context(request),
        "title": str(customer),
        "opts": Customer._meta,
        "customer": customer,
        "record_url": url_of(customer),
        "list_url": reverse("admin:customers_customer_changelist"),
        "buttons": [one.leading_back(page_url(customer)) for one in admin_of(Customer).buttons(request, customer)],
        "systems": [systems.line(name, found.standings) for name, found in parts.items()],
        "problems": _problems(request, systems, parts, records),
        "sections": [section for found in parts.values() for section in found.sections],
        "note_form": (form or NoteForm()) if may_add else None,
        "may_see_notes": request.user.has_perm("customers.view_customernote"),
        "may_edit_notes": request.user.has_perm("customers.change_customernote"),
        "may_delete_notes": request.user.has_perm("customers.delete_customernote"),
        "timeline": timeline(request, customer, records),
    }
    return TemplateResponse(request, "customers/person/page.html", context)


def _linked(customer: Customer) -> dict[str, list[str]]:
    """The records that a person confirmed to be the same customer, by resource. One query."""
    confirmed = customer.identity_links.filter(state=IdentityLink.State.CONFIRMED).order_by("pk")
    linked: dict[str, list[str]] = {}
    for resource, remote_id in confirmed.values_list("resource", "remote_id")[:MOST_LINKS]:
        linked.setdefault(resource, []).append(remote_id)
    return linked


def _problems(request: HttpRequest, systems: Systems, parts: dict[str, Shown], records: Any) -> list[Problem]:
    """The worst first: what is wrong with the customer, writes of unknown end, systems that cannot be asked."""
    found = [problem for part in parts.values() for problem in part.problems]
    found += _unknown_writes(request, records)
    found += systems.problems(request, parts)
    return sorted(found, key=lambda problem: not problem.is_bad)


def _unknown_writes(request: HttpRequest, records: dict[str, list[str]]) -> Iterator[Problem]:
    """Of those that the person may see. One query."""
    for write in _of_unknown_end(request, records)[:SHOWN_WRITES]:
        told = _("Nobody knows whether this was done: {what}, by {who}.")
        text = told.format(what=label(verb_of(write)), who=who(write))
        url = reverse("admin:backoffice_remotewrite_change", args=[write.pk])
        yield Problem(text, url, _("See what became of it"))


def _of_unknown_end(request: HttpRequest, records: dict[str, list[str]]) -> Any:
    if not records:
        return RemoteWrite.objects.none()
    return visible_writes(request.user).filter(written(records)).filter(waiting.unknown())
