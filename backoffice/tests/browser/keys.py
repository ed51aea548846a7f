"""What a person does with the keyboard alone, and with the history."""

from collections.abc import Callable

from playwright.sync_api import Error, Page

MOST_TABS = 80


def tab_to(page: Page, text: str) -> None:
    """Press Tab until what has this text is focused."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if (page.evaluate("document.activeElement.innerText") or "").strip() == text:
            return
    raise AssertionError(f"{text!r} is not reached with the Tab key")


def go(page: Page, step: Callable[[], object]) -> None:
    """Go a step of the history, and wait for what is shown then: a page, or Chromium's own that asks whether a form
    is to be sent again."""
    try:
        step()
    except Error as error:
        assert "ERR_CACHE_MISS" in str(error), error
        page.wait_for_url("chrome-error://**")
    page.wait_for_load_state()
