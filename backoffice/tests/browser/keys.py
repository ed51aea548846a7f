"""What a person does with the keyboard alone."""

from playwright.sync_api import Page

MOST_TABS = 80


def tab_to(page: Page, text: str) -> None:
    """Press Tab until what has this text is focused."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if (page.evaluate("document.activeElement.innerText") or "").strip() == text:
            return
    raise AssertionError(f"{text!r} is not reached with the Tab key")
