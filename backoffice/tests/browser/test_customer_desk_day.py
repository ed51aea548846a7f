"""A day of the customer desk in a real browser, from sign-in to sign-out; and that a viewer can do none of it."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from backoffice.models import RemoteWrite
from backoffice.sandbox import Sandbox, Switch
from backoffice.tests.browser.keys import go
from customers.models import Customer, SetupLink
from customers.tests.kirim import sync

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[..., Page]
Shoot = Callable[[Page, str], None]
State = RemoteWrite.State
VERB_PAGES = ("update_customer", "suspend_customer", "activate_customer", "archive_customer", "create_setup_link")
LINK_PAGES = ("replace_setup_link", "revoke_setup_link", "setup_link_redirects")


def sync_all() -> None:
    for resource in ("kirim.customers", "kirim.accounts", "kirim.setup_links"):
        sync(resource)


def test_a_day_of_the_customer_desk(sandbox: Sandbox, sign_in: SignIn, shoot: Shoot) -> None:
    sync_all()
    switches = sandbox.switches["kirim"]
    page = sign_in("customer desk")

    # A new customer, and a link for it.
    page.get_by_role("link", name="Customers", exact=True).first.click()
    page.get_by_role("link", name="New customer").click()
    page.get_by_label("Name").fill("Toko Pagi")
    page.get_by_label("E-mail").fill("halo@pagi.example")
    page.get_by_role("button", name="Create at Kirim").last.click()
    expect(page.get_by_text("Toko Pagi was created at Kirim.")).to_be_visible()
    customer = Customer.objects.get(name="Toko Pagi")
    page.get_by_role("link", name="New setup link").click()
    page.get_by_role("button", name="Create and show the link").click()
    secret = page.get_by_label("Setup link", exact=True)
    expect(secret).to_have_value(re.compile("^https://"))
    url = secret.input_value()
    link = SetupLink.objects.get(customer=customer)
    shoot(page, "day-reveal")

    # Back does not show it again, nor send it again.
    page.get_by_role("link", name="Done: to the customer").click()
    go(page, page.go_back)
    assert url not in page.content()
    assert SetupLink.objects.filter(customer=customer).count() == 1

    # The customer lost it: replaced, and the old one is dead.
    page.goto(reverse("admin:customers_customer_change", args=[customer.pk]))
    page.get_by_role("link", name=re.compile("^Replace")).first.click()
    page.get_by_role("button", name=re.compile("^Make a new link and revoke")).click()
    expect(page.get_by_label("Setup link", exact=True)).to_have_value(re.compile("^https://"))
    link.refresh_from_db()
    assert link.status == "revoked"
    assert [row["status"] for row in sandbox.kirim.links.newest(customer.remote_id)] == ["active", "revoked"]

    # A colleague changed the same member meanwhile: the person chooses.
    page.goto(reverse("admin:update_customer", args=[customer.pk]))
    page.get_by_label("Name").fill("Toko Pagi Baru")
    sandbox.kirim.customers.change(customer.remote_id, name="Toko Pagi Indah")
    page.get_by_role("button", name="Save at Kirim").last.click()
    page.get_by_label("Name: yours").check()
    shoot(page, "day-conflict")
    page.get_by_role("button", name="Save at Kirim").click()
    expect(page.get_by_text("Toko Pagi Baru was changed at Kirim.")).to_be_visible()
    assert sandbox.kirim.customers.get(customer.remote_id)["name"] == "Toko Pagi Baru"

    # Many are suspended at once.
    page.goto(f"{reverse('admin:customers_customer_changelist')}?status=active")
    chosen = list(Customer.objects.filter(status="active")[:3])
    for number in range(len(chosen)):
        page.locator("input.action-select").nth(number).check()
    page.locator("select[name=action]").select_option("suspend")
    page.get_by_role("button", name="Run").click()
    page.get_by_role("button", name="Suspend 3 customers").click()
    expect(page.get_by_text("All of 3 confirmed.")).to_be_visible()
    assert {sandbox.kirim.customers.get(row.remote_id)["status"] for row in chosen} == {"suspended"}

    # One answer was lost: nobody sends it again, looking finds out.
    switches.turn_on(Switch("drop", method="PATCH"))
    page.goto(reverse("admin:suspend_customer", args=[customer.pk]))
    page.get_by_role("button", name=re.compile("Suspend")).last.click()
    expect(page.get_by_text("Nobody can say yet").first).to_be_visible()
    switches.turn_off("drop")
    page.get_by_role("link", name=re.compile("Needs you")).click()
    shoot(page, "day-needs-you")
    asked = RemoteWrite.objects.get(state=State.UNKNOWN).attempts.count()
    page.get_by_role("button", name="Look now").click()
    expect(page.get_by_text(re.compile("Kirim shows what was sent")).first).to_be_visible()
    settled = RemoteWrite.objects.get(remote_id=customer.remote_id, verb="suspend")
    assert (settled.state, settled.attempts.count()) == (State.CONFIRMED, asked)

    # All of it stands in the customer's history.
    page.goto(reverse("admin:customers_customer_change", args=[customer.pk]))
    history = page.locator(".bo-card", has=page.get_by_role("heading", name="What we did"))
    for what in ("Suspend", "Edit", "Revoke", "Create setup link", "Create"):
        expect(history.get_by_role("link", name=what, exact=True).first).to_be_visible()
    shoot(page, "day-history")
    assert not RemoteWrite.objects.exclude(actor=User.objects.get(username="customer-desk")).exists()

    with page.expect_navigation():
        page.locator("form[action$='/logout/']").first.evaluate("form => form.submit()")
    page.goto("/")
    expect(page.get_by_label("Password")).to_be_visible()


def test_a_viewer_can_do_none_of_it(sandbox: Sandbox, sign_in: SignIn) -> None:
    sync_all()
    link = SetupLink.objects.filter(status="active", customer__isnull=False).exclude(customer__name="").earliest("pk")
    customer = link.customer
    assert customer
    before = {row["id"]: row["status"] for row in sandbox.kirim.customers}
    page = sign_in("viewer")
    page.goto(reverse("admin:customers_customer_changelist"))
    expect(page.get_by_role("link", name="New customer")).to_have_count(0)
    expect(page.locator("input.action-select")).to_have_count(0)
    page.goto(reverse("admin:customers_customer_change", args=[customer.pk]))
    expect(page.get_by_role("heading", name=customer.name, exact=True).last).to_be_visible()
    buttons = page.locator(".bo-page").get_by_role("button")
    assert [name for name in buttons.all_inner_texts() if name != "copy"] == []
    verbs = re.compile("^(Edit|Suspend|Archive|New setup link|Replace|Revoke)")
    expect(page.locator(".bo-page").get_by_role("link", name=verbs)).to_have_count(0)
    addresses = [reverse("admin:create_customer")]
    addresses += [reverse(f"admin:{name}", args=[customer.pk]) for name in VERB_PAGES]
    addresses += [reverse(f"admin:{name}", args=[link.pk]) for name in LINK_PAGES]
    for address in addresses:
        answer = page.goto(address)
        assert answer and answer.status == 403, address
        expect(page.get_by_role("heading", name="You may not do this")).to_be_visible()
    assert not RemoteWrite.objects.exists()
    assert {row["id"]: row["status"] for row in sandbox.kirim.customers} == before
