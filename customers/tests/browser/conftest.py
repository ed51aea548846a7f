"""The browser of the kernel's tests, and people in several systems."""

from backoffice.tests.browser.conftest import browser, context, groups, page, shoot, sign_in
from customers.tests.identity.conftest import People, people

__all__ = ["People", "browser", "context", "groups", "page", "people", "shoot", "sign_in"]
