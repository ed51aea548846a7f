"""What a person does a whole day with: the mouse, or the keyboard alone. A day is written once and done with each."""

import re
from typing import Protocol

from django.contrib.auth.models import Group, User
from playwright.sync_api import Locator, Page, expect

PASSWORD = "a-long-pass-phrase"
MOST_TABS = 120
NO_MOUSE = "addEventListener('pointerdown', () => { throw new Error('the mouse was used'); }, true);"
FOCUSED = "element => element === document.activeElement"
AT_THE_TOP = "element => document.activeElement === document.body && Boolean(element.closest('main'))"
IS_BEHIND = """element => document.activeElement !== document.body
    && Boolean(element.compareDocumentPosition(document.activeElement) & Node.DOCUMENT_POSITION_FOLLOWING)"""
BOTH = "element => [element, document.activeElement].map((one) => one.outerHTML.slice(0, 200))"


class Hand(Protocol):
    """Works the controls of a page."""

    page: Page

    def press(self, control: Locator) -> None:
        """Follow a link, press a button, open what opens."""

    def tick(self, box: Locator) -> None:
        """Tick a box that is not ticked, and the other way round."""

    def write(self, field: Locator, text: str) -> None:
        """Fill a field in, instead of what stands in it."""

    def choose(self, field: Locator, option: str) -> None:
        """Choose one of a list by what it is called."""

    def open_palette(self) -> None:
        """Open the search that lies over every page."""


class Mouse:
    """Points at each control; only what is written is typed."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, control: Locator) -> None:
        control.click()

    def tick(self, box: Locator) -> None:
        box.click()

    def write(self, field: Locator, text: str) -> None:
        field.click()
        field.fill(text)

    def choose(self, field: Locator, option: str) -> None:
        field.select_option(label=option)

    def open_palette(self) -> None:
        self.page.get_by_role("button", name="Search… Ctrl + K").click()


class Keys:
    """Goes to each control with the Tab key. A page that notices a mouse fails the test."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.add_init_script(NO_MOUSE)

    def reach(self, control: Locator) -> None:
        """Tab to the control, past the menu where the page was just opened, and backwards where it lies behind."""
        keys = self.page.keyboard
        expect(control).to_be_visible()
        self.page.wait_for_load_state()
        if control.evaluate(AT_THE_TOP):
            keys.press("Tab")  # to the skip link, where what had the focus has not just gone
            if self.page.locator("a[href='#content']").evaluate(FOCUSED):
                keys.press("Enter")
        step = "Shift+Tab" if control.evaluate(IS_BEHIND) else "Tab"
        for _ in range(MOST_TABS):
            if control.evaluate(FOCUSED):
                expect(control).to_be_in_viewport()
                return
            keys.press(step)
        raise AssertionError(f"not reached, where the focus is: {control.evaluate(BOTH)}")

    def press(self, control: Locator) -> None:
        self.reach(control)
        self.page.keyboard.press("Enter")

    def tick(self, box: Locator) -> None:
        self.reach(box)
        self.page.keyboard.press("Space")

    def write(self, field: Locator, text: str) -> None:
        self.reach(field)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def choose(self, field: Locator, option: str) -> None:
        self.reach(field)
        self.page.keyboard.type(option)  # a list goes to what begins with what is typed
        expect(field.locator("option:checked")).to_have_text(option)

    def open_palette(self) -> None:
        self.page.keyboard.press("Control+k")


HANDS: dict[str, type[Mouse] | type[Keys]] = {"mouse": Mouse, "keys": Keys}


def sign_in(hand: Hand, group: str) -> User:
    """A new member of the group types name and password into the log-in form."""
    page = hand.page
    user = User.objects.create_user(group.replace(" ", "-"), password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    page.goto("/")
    hand.write(page.get_by_label("Username"), user.username)
    hand.write(page.get_by_label("Password"), PASSWORD)
    hand.press(page.get_by_role("button", name="Log in"))
    expect(page.get_by_role("heading", name="Desk", exact=True)).to_be_visible()
    return user


def sign_out(hand: Hand, user: User) -> None:
    """Through the account menu; nothing is shown to who comes after."""
    page = hand.page
    hand.press(page.get_by_role("button", name=user.username))
    hand.press(page.get_by_role("dialog", name="Your account").get_by_role("button", name="Log out"))
    page.wait_for_url("**/admin/logout/")
    page.goto("/")
    expect(page.get_by_label("Password")).to_be_visible()


def open_from_menu(hand: Hand, name: str) -> None:
    """The page of that name, from the menu."""
    hand.press(hand.page.locator("#nav-sidebar").get_by_role("link", name=name, exact=True))
    expect(hand.page.get_by_role("heading", level=1)).to_contain_text(name)


def find_with_palette(hand: Hand, term: str) -> None:
    """Type into the palette and open the first that it finds."""
    page = hand.page
    hand.open_palette()
    palette = page.get_by_role("dialog", name="Search pages and records")
    box = palette.get_by_role("searchbox")
    expect(box).to_be_focused()
    page.keyboard.type(term)
    first = palette.get_by_role("listitem").first
    expect(first).to_contain_text(term)
    if isinstance(hand, Keys):
        page.keyboard.press("Enter")
    else:
        first.get_by_role("link").click()


def find_with_search(hand: Hand, term: str, name: str) -> None:
    """Open what the search page found for the term, by its name."""
    page = hand.page
    open_from_menu(hand, "Search")
    hand.write(page.get_by_role("searchbox", name="Search", exact=True), term)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=*")
    hand.press(page.get_by_role("main").get_by_role("link", name=name, exact=True).first)


def save_view(hand: Hand, name: str) -> None:
    """Save the list that is shown, and pin it to the menu."""
    page = hand.page
    hand.press(page.get_by_role("link", name="Save this view…"))
    hand.write(page.get_by_label("Name"), name)
    hand.tick(page.get_by_label("Pin it to my menu"))
    hand.press(page.get_by_role("button", name="Save", exact=True))
    expect(page.locator("#nav-sidebar").get_by_role("link", name=name)).to_be_visible()


def export_list(hand: Hand, told: str) -> None:
    """Ask for a file of the list that is shown, and go where the bell says that it is."""
    page = hand.page
    hand.press(page.get_by_role("link", name="Export…"))
    hand.press(page.get_by_role("button", name="Export", exact=True))
    expect(page.locator("#bell-count")).to_contain_text("unread notification")
    hand.press(page.get_by_role("button", name="Notifications"))
    panel = page.get_by_role("region", name="Latest notifications")
    hand.press(panel.get_by_role("button", name=f"Unread: {told}"))
    page.wait_for_url(re.compile("/exports/(#|$)"))
