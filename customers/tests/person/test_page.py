"""The page of a customer over all systems: what stands on it, for whom, and what it costs."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from backoffice.tests.factories import UpstreamStateFactory, person
from customers.models import Customer, SetupLink
from customers.tests.person.conftest import ID

PAGE = f"/customers/{ID}/"


def page(client: Client, url: str = PAGE) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def test_problems_stand_before_the_panels_and_remote_text_is_escaped(supervisor: Client, past: Customer) -> None:
    text = page(supervisor)
    assert "Bakkerij &lt;b&gt;Jansen&lt;/b&gt;" in text and "<b>Jansen" not in text
    first_panel = text.index("<h2>WhatsApp accounts</h2>")
    for problem in ("Suspended at Kirim", "Winkel is disconnected", "Nobody knows whether this was done"):
        assert text.index(problem) < first_panel, problem
    assert "…x7Qd" in text and "He asked" in text
    for system in ("Apideck", "L4YERCAK3"):
        assert f"<dt>{system}" in text
    assert "not linked; it is off, so nothing new is read" in text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"expires_at": timezone.now() - timedelta(days=2)}, "…x7Qd expired"),
        ({"status": "revoked"}, "…x7Qd was revoked"),
        ({"status": "consumed", "consumed_at": timezone.now() - timedelta(minutes=1)}, "…x7Qd was used up"),
        ({}, ""),
    ],
)
def test_a_customer_who_cannot_sign_up_any_more_is_a_problem(
    desk: Client, customer: Customer, change: dict[str, Any], told: str
) -> None:
    Customer.objects.update(status="pending")
    SetupLink.objects.update(**change)
    text = page(desk)
    assert ("It needs a new one." in text) is bool(told) and told in text


def test_an_upstream_that_is_down_is_told_with_since_when(
    supervisor: Client, customer: Customer, settings: Any
) -> None:
    settings.KIRIM_BASE_URL, settings.KIRIM_API_KEY = "https://kirim.example/v1", "key"
    later, before = timezone.now() + timedelta(minutes=3), timezone.now() - timedelta(hours=5)
    UpstreamStateFactory(paused_until=later, pause_reason="it answered 503", last_success_at=before)
    text = page(supervisor)
    assert "Kirim cannot be asked now (paused)" in text and "it answered 503" in text and "5 h ago" in text


def test_a_page_costs_a_pinned_number_of_queries(
    supervisor: Client, past: Customer, django_assert_num_queries: Any
) -> None:
    page(supervisor)
    with django_assert_num_queries(18):
        page(supervisor)


def test_what_a_person_may_not_see_is_left_out_altogether(client: Client, past: Customer) -> None:
    assert client.get(PAGE).status_code == 302
    client.force_login(person("warehouse"))
    assert client.get(PAGE).status_code == 403
    viewer = person("viewer")
    client.force_login(viewer)
    text = page(client)
    assert "New setup link" not in text and "New note" not in text and "Winkel" in text
    group = viewer.groups.get()
    for codename in ("view_setuplink", "view_whatsappaccount", "view_supportcustomer", "view_remotewrite"):
        group.permissions.remove(group.permissions.get(codename=codename))
    text = page(client)
    for hidden in ("x7Qd", "Winkel", "Apideck", "Nobody knows", "What we did", "consumed"):
        assert hidden not in text, hidden
    assert "What changed there" in text


def test_the_record_and_the_list_lead_to_the_page_and_it_leads_back(supervisor: Client, customer: Customer) -> None:
    record = f"/admin/customers/customer/{customer.pk}/change/"
    assert PAGE in page(supervisor, record) and PAGE in page(supervisor, "/admin/customers/customer/")
    text = page(supervisor)
    assert record in text and f"/admin/customers/customer/{customer.pk}/activate/" in text
    assert supervisor.get("/customers/cus_nobody/").status_code == 404
    assert supervisor.post(PAGE).status_code == 405
