"""The one page that shows the URL of a new setup link: the direct answer to the form, kept by nobody on the way."""

from dataclasses import dataclass, field
from typing import Any

import segno
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

# The browser keeps no copy, and no request that begins here tells an address. A POST from a page without referrer has
# the origin "null", which no form of ours accepts: so the page has links only, and no menu, as its log-out is a form.
HEADERS = {"Cache-Control": "no-store", "Pragma": "no-cache", "Referrer-Policy": "no-referrer"}


@dataclass(frozen=True)
class Secret:
    """What the template draws. Django logs whole contexts while debugging; there this shows nothing."""

    setup_url: str = field(repr=False)

    @property
    def is_odd(self) -> bool:
        """Whether it is no address that one hands over without a second look."""
        return not self.setup_url.startswith("https://")

    @property
    def qr_code(self) -> SafeString:
        """An inline SVG, made here; empty where the text is longer than a QR code holds."""
        try:
            code = segno.make(self.setup_url, error="m", micro=False)
        except segno.DataOverflowError:
            return SafeString("")
        return mark_safe(code.svg_inline(scale=5, border=4, dark="#000", light="#fff"))  # noqa: S308  paths only


def reveal(request: HttpRequest, setup_url: str, context: dict[str, Any]) -> HttpResponse:
    """The page. It is drawn at once, so that nothing outlives this call with the URL in it."""
    shown = {**context, "secret": Secret(setup_url), "is_nav_sidebar_enabled": False}
    return HttpResponse(render_to_string("customers/link_reveal.html", shown, request), headers=HEADERS)
