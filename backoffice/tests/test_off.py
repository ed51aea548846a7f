"""What is off says why, to eyes and to screen readers."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse

from backoffice.models import SyncRun
from backoffice.tests.factories import RunFactory
from backoffice.tests.reading import page_of

CONTROL = re.compile(r"<(?:button|input|select|textarea)\b(?:\"[^\"]*\"|[^>\"])*>")
TEMPLATES = [path for path in sorted((Path(django_settings.BASE_DIR) / "templates").rglob("*.html"))]


WITHOUT_OFF = {"_show_request.html", "pack.html"}
"""The button itself, and the screen that has no form while something is off."""


def turned_off(page: str) -> list[str]:
    """The tags of the controls that are off; a class of the theme may be called so, too."""
    return [tag for tag in CONTROL.findall(page) if re.search(r"\sdisabled[\s>]", re.sub(r'"[^"]*"', '""', tag))]


def off_without_a_reason(page: str) -> list[str]:
    """The tags that are off and name no reason that stands on the page."""
    ids = set(re.findall(r'\bid="([^"]+)"', page))
    named = [(tag, re.search(r'aria-describedby="([^"]+)"', tag)) for tag in turned_off(page)]
    return [tag for tag, reason in named if "aria-hidden" not in tag and not (reason and reason[1] in ids)]


def test_the_look_at_pages_finds_what_says_no_reason() -> None:
    assert off_without_a_reason('<button disabled>Send</button> <button disabled aria-describedby="gone">Send</button>')
    assert not off_without_a_reason('<button disabled aria-describedby="why">Send</button><p id="why">Off.</p>')


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_turns_something_off_without_naming_the_reason(path: Path) -> None:
    text = path.read_text()
    tags = [tag for tag in re.findall(r"<(?:button|input|select|textarea)\b.*", text) if " disabled" in tag]
    for tag in tags:
        own = tag.partition("</button>")[0]
        assert "aria-hidden" in own or "aria-describedby" in own, own
    is_named = 'aria-describedby="why-off"' in text or '{% include "backoffice/parts/_show_request.html" %}' in text
    if is_named and path.name not in WITHOUT_OFF:
        assert 'id="why-off"' in text


@pytest.mark.django_db
def test_a_run_says_why_it_cannot_be_started_again(supervisor: Client, settings: Any) -> None:
    run = RunFactory(resource="kirim.customers", state=SyncRun.State.FAILED)
    url = reverse("run", args=[run.pk])
    assert "Run again" in page_of(supervisor, url) and turned_off(page_of(supervisor, url)) == []
    settings.KIRIM_BASE_URL = ""
    page = page_of(supervisor, url)
    assert re.search(r'<button[^>]* disabled[^>]*>Run again</button> <span[^>]* id="why-off">[^<]*KIRIM_BASE_URL', page)
    assert off_without_a_reason(page) == []


@pytest.mark.django_db
def test_a_run_whose_rows_were_released_says_why_it_cannot_be_approved(supervisor: Client) -> None:
    held = RunFactory(resource="kirim.customers", state=SyncRun.State.PARTIAL, error="held", held=40)
    url = reverse("run", args=[held.pk])
    assert f'href="{reverse("approve_run", args=[held.pk])}"' in page_of(supervisor, url)
    newer = RunFactory(resource="kirim.customers", state=SyncRun.State.SUCCEEDED)
    page = page_of(supervisor, url)
    assert f"A later run, #{newer.pk}, has read everything again." in page
    assert off_without_a_reason(page) == [] and len(turned_off(page)) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("list_url", ["/admin/customers/customer/", "/admin/fulfilment/parcel/"])
def test_lists_say_why_their_buttons_are_off(supervisor: Client, settings: Any, list_url: str) -> None:
    settings.KIRIM_BASE_URL = settings.AFOSTO_BASE_URL = ""
    page = page_of(supervisor, list_url)
    assert "always shown: it leads to the record" in page
    assert len(turned_off(page)) >= 2 and off_without_a_reason(page) == []
