"""The customer that an account or a setup link belongs to, as pages show it."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from backoffice.admin.mirror import copyable
from customers.models import SetupLink, WhatsAppAccount


def shown_owner(request: HttpRequest, row: SetupLink | WhatsAppAccount) -> Any:
    """A link to the customer's page; only its id where it is not mirrored here or the person may not see it."""
    if row.customer and request.user.has_perm("customers.view_customer"):
        url = reverse("admin:customers_customer_change", args=[row.customer.pk])
        return format_html('<a href="{}">{}</a>', url, row.customer.name or row.customer_remote_id)
    return copyable(row.customer_remote_id) if row.customer_remote_id else _("the organization itself")
