"""Where a customer's page over all systems is."""

from django.urls import reverse

from customers.models import Customer


def page_url(customer: Customer) -> str:
    """Its address; "" for an id that no address can carry."""
    is_fit = customer.remote_id and "/" not in customer.remote_id and customer.remote_id not in {".", ".."}
    return reverse("customer", args=[customer.remote_id]) if is_fit else ""
