"""Apideck's part of a customer's page: the support records."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.admin.readonly import Section
from backoffice.admin.related import admin_of, url_of
from customers.models import SupportCustomer
from customers.person.parts import Part, Problem, Shown, Standing, Subject, register
from customers.services.erasure import ERASE

RESOURCE = "apideck.customers"
SHOWN = 20


def show(request: HttpRequest, subject: Subject) -> Shown | None:
    """The linked support records. What the record masks is in no column, so nothing of it can stand here."""
    if not request.user.has_perm("customers.view_supportcustomer"):
        return None
    ids = subject.ids(RESOURCE)
    rows = list(SupportCustomer.objects.filter(remote_id__in=ids)[:SHOWN]) if ids else []
    own = admin_of(SupportCustomer)
    standings = [Standing(str(row), url_of(row), own.shown_state(row), subject.age(RESOURCE, row)) for row in rows]
    lines = [
        (standing, ", ".join(filter(None, (row.company_name, row.email, row.phone))) or "–")
        for standing, row in zip(standings, rows, strict=True)
    ]
    section = Section(_("Support"), "customers/person/_records.html", {"lines": lines, "upstream": "apideck"})
    return Shown(standings, list(_problems(request, rows)), [section], {RESOURCE: ids})


def _problems(request: HttpRequest, rows: list[SupportCustomer]) -> Iterator[Problem]:
    for row in rows:
        if row.wants_erasure:
            may = request.user.has_perm(ERASE)
            url = reverse("admin:erase_supportcustomer", args=[row.pk]) if may else url_of(row)
            told = _("Apideck asks for the erasure of {customer}.").format(customer=row)
            yield Problem(told, url, _("Erase here…") if may else _("See it"))


register(Part("apideck", 20, show))
