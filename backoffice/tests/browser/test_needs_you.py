"""What needs a person, in a browser: by keyboard alone, in a narrow window, in the dark."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from backoffice.models import RemoteWrite
from backoffice.sandbox import Sandbox, Switch
from backoffice.tests.factories import DriftFactory, RejectedFactory, RunFactory
from customers.tests.kirim import sync
from customers.tests.writing import active_customer, create_link, look, write
from customers.verbs import kirim as verbs

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

State = RemoteWrite.State


@pytest.fixture
def trouble(sandbox: Sandbox) -> Sandbox:
    """One of everything that can wait."""
    for resource in ("kirim.customers", "kirim.accounts", "kirim.setup_links"):
        sync(resource)
    switches = sandbox.switches["kirim"]
    switches.turn_on(Switch("drop", method="POST", times=1))
    lost, _ = create_link(active_customer(), expires_in_hours=24)
    look(lost, after_s=0)
    switches.turn_on(Switch("drop", method="PATCH"))
    write(verbs.SUSPEND_CUSTOMER, active_customer(), reason="unpaid since May")
    switches.turn_off("drop")
    switches.turn_on(Switch("down"))
    write(verbs.ARCHIVE_CUSTOMER, active_customer(), reason="left us")
    switches.turn_off("down")
    write(verbs.CREATE_CUSTOMER, sends={"name": "x" * 201, "email": "nonsense"})
    RunFactory(state="partial", error="held", held=43)
    RejectedFactory()
    DriftFactory()
    return sandbox


def assert_fits(page: Page) -> None:
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wider) <= 0, "the page is wider than its window"


def test_an_unknown_write_is_settled_by_keyboard_in_a_narrow_window(
    trouble: Sandbox, sign_in: Callable[..., Page], shoot: Callable[[Page, str], None]
) -> None:
    page = sign_in("supervisor")
    page.goto("/needs-you/")
    expect(page.get_by_role("heading", name="Nobody knows whether they were done")).to_be_visible()
    shoot(page, "needs-you")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 800})
    page.reload()
    assert_fits(page)
    shoot(page, "needs-you-narrow-dark")
    page.get_by_text("Settle it by hand", exact=True).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("its own dashboard shows it suspended")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Suspend customer is confirmed now, by your word.")).to_be_visible()
    assert RemoteWrite.objects.get(verb="suspend").state == State.CONFIRMED
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto("/admin/backoffice/remotewrite/")
    shoot(page, "writes")
    page.get_by_role("link", name="Suspend customer").click()
    expect(page.get_by_role("heading", name="Requests")).to_be_visible()
    shoot(page, "write")
    page.set_viewport_size({"width": 390, "height": 800})
    assert_fits(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_role("link", name=active_customer_name(), exact=True).first.click()
    expect(page.get_by_role("heading", name="What we did")).to_be_visible()
    shoot(page, "history")


def active_customer_name() -> str:
    from customers.models import Customer

    return Customer.objects.get(remote_id=RemoteWrite.objects.get(verb="suspend").remote_id).name
