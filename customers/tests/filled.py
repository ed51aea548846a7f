"""Forms as a browser without scripts reads them from a page and sends them back."""

from html.parser import HTMLParser
from typing import Any

from django.http import QueryDict
from django.test import Client


class _Reader(HTMLParser):
    """The fields of the forms that write, in their order; what stands in a template is none."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: list[list[str]] = []
        self._is_in_form = False
        self._templates = 0
        self._select: str | None = None
        self._is_chosen = False  # the first option, until one says that it is selected
        self._text: str | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._is_in_form = "bo-form" in values.get("class", "") or "data-resubmit-s" in values
        if tag == "template":
            self._templates += 1
        if not self._is_in_form or self._templates:
            return
        if tag == "input" and (values.get("type") not in {"radio", "checkbox"} or "checked" in values):
            self.fields.append([values["name"], values.get("value", "on" if values.get("type") == "checkbox" else "")])
        if tag == "select":
            self.fields.append([values["name"], ""])
            self._select, self._is_chosen = values["name"], False
        if tag == "option" and self._select and ("selected" in values or not self._is_chosen):
            self.fields[-1][1], self._is_chosen = values.get("value", ""), True
        if tag == "textarea":
            self.fields.append([values["name"], ""])
            self._text = ""

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._text is not None:
            # A browser drops one line end at the start, and sends those that it keeps as CRLF.
            self.fields[-1][1] = self._text.removeprefix("\n").replace("\r\n", "\n").replace("\n", "\r\n")
            self._text = None
        if tag == "select":
            self._select = None
        if tag == "form":
            self._is_in_form = False
        if tag == "template":
            self._templates -= 1


def form_in(page: str, **typed: Any) -> QueryDict:
    """What the form on a page would send, with some fields typed anew; a list for a field that stands there often."""
    reader = _Reader()
    reader.feed(page)
    data = QueryDict(mutable=True)
    for name, value in reader.fields:
        data.appendlist(name, value)
    data.pop("csrfmiddlewaretoken", None)
    for name, value in typed.items():
        data.setlist(name.replace("__", "-"), value if isinstance(value, list) else [value])
    return data


def opened(client: Client, url: str, **typed: Any) -> QueryDict:
    """The form at ``url``, filled in."""
    answer = client.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return form_in(answer.content.decode(), **typed)


def send(client: Client, url: str, form: QueryDict, **more: Any) -> Any:
    """Submit it."""
    return client.post(
        url, form.urlencode(), content_type="application/x-www-form-urlencoded", follow=more.pop("follow", True), **more
    )
