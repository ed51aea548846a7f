"""Addresses: our own pages', and which of those that remotes send may become a link."""

import re
from functools import cache

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

_WEB = re.compile(r"https?://[^\s/?#\\@\x00-\x1f\x7f]+([/?#][^\s\x00-\x1f\x7f]*)?", re.IGNORECASE)


@cache
def page(name: str) -> str:
    """The address of a page of ours that takes no argument. Every page links to some fifty of them: worked out once."""
    return reverse(name)


def is_web_address(text: str) -> bool:
    """Whether a text is an http or https address and nothing else; one that carries a name or password is not taken."""
    return _WEB.fullmatch(text) is not None


def outward(url: str, text: str) -> SafeString:
    """A link to another site that tells it nothing of ours; only its text where the address is none of the web."""
    if not is_web_address(url):
        return format_html("{}", text or url)
    return format_html('<a href="{}" rel="noopener noreferrer" target="_blank">{}</a>', url, text or url)
