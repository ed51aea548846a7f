"""Setup links at the outermost door: the sandbox with its requests counted, forms as a browser sends them."""

import re
from typing import Any
from uuid import uuid4

import httpx
from django.urls import reverse

from backoffice.models import RemoteWrite
from backoffice.sandbox import Sandbox, Switch
from customers.models import Customer, SetupLink
from customers.tests.writing import active_customer, create_link

TOKEN = re.compile(r"sandbox-token-[A-Za-z0-9]{24}")
LIST = "/admin/customers/setuplink/"
REDIRECT = "https://app.example.com/typed-by-a-person"


class Counted(httpx.BaseTransport):
    """The sandbox, with every request that reaches it; ``watch`` is called before each, and may answer instead."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._inner = httpx.WSGITransport(app=sandbox.wsgi)
        self.methods: list[str] = []
        self.watch: Any = lambda request: None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.methods.append(request.method)
        instead: httpx.Response | None = self.watch(request)
        return instead or self._inner.handle_request(request)


def new_url(customer: Customer) -> str:
    return reverse("admin:create_setup_link", args=[customer.pk])


def url_of(name: str, link: SetupLink) -> str:
    return reverse(f"admin:{name}", args=[link.pk])


def typed(**values: Any) -> dict[str, Any]:
    """A form as a browser sends it."""
    redirects = {"success_redirect_url": "", "failure_redirect_url": ""}
    return {"write_id": str(uuid4()), "again": "", "lifetime": "24", "hours": "", "reason": "", **redirects, **values}


def living(sandbox: Sandbox, customer: Customer) -> set[str]:
    return {row["id"] for row in sandbox.kirim.links.newest(customer.remote_id) if row["status"] == "active"}


def trouble(sandbox: Sandbox, *switches: Switch) -> None:
    for switch in switches:
        sandbox.switches["kirim"].turn_on(switch)


def write_of(form: dict[str, Any]) -> RemoteWrite:
    return RemoteWrite.objects.get(pk=form["write_id"])


def a_link(customer: Customer | None = None) -> SetupLink:
    _, new = create_link(customer or active_customer(), expires_in_hours=72)
    assert new
    return new.link


def change_page(row: Customer | SetupLink) -> str:
    return reverse(f"admin:customers_{row._meta.model_name}_change", args=[row.pk])
