"""Pages as a test reads them: their markup with its spaces made one."""

import re
from html import unescape
from typing import Any

from django.test import Client


def text_of(answer: Any) -> str:
    """The page's markup; an entity stands as it was sent."""
    return " ".join(answer.content.decode().split())


def shown_in(answer: Any) -> str:
    """What a page that was found says, with entities as people read them."""
    assert answer.status_code == 200, answer.status_code
    return " ".join(unescape(answer.content.decode()).split())


def page_of(client: Client, url: str, status: int = 200) -> str:
    """What a page says that answers with ``status``."""
    answer = client.get(url)
    assert answer.status_code == status, (url, answer.status_code)
    return text_of(answer)


def reasons_off(page: str) -> dict[str, str]:
    """The buttons of a page that are off, each with the reason that it names; "" where that is not on the page."""
    offs = re.findall(r'<button[^>]* aria-describedby="([^"]+)" disabled>([^<]*)</button>', page)
    told = dict(re.findall(r'<(?:span|div)[^>]* id="([^"]+)"[^>]*>([^<]*)<', page))
    return {label: told.get(id, "") for id, label in offs}
