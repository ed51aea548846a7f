"""The browser of the kernel's tests."""

from backoffice.tests.browser.conftest import browser, context, groups, page, shoot, sign_in

__all__ = ["browser", "context", "groups", "page", "shoot", "sign_in"]
