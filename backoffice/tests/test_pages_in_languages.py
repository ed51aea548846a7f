"""Every page speaks the language of who reads it: what reads the same in English is data, a name or the same word."""

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser

import pytest
from django.apps import apps
from django.conf import settings as configured
from django.contrib.auth.models import User
from django.db import connection
from django.utils import translation

from backoffice.tests.addresses import addresses, first_of_each
from backoffice.tests.browser.mirrored import four_upstreams, make_trouble
from backoffice.tests.factories import person
from backoffice.tests.test_languages import catalogue
from fulfilment.models import HandlingList, Parcel, Shipment

pytestmark = pytest.mark.django_db(transaction=True)

OTHERS = [code for code, _ in configured.LANGUAGES if code != "en"]
NO_PAGE = re.compile(r"/export/|/document/$|^/(healthz|readyz)|/jsi18n/|/logout/")
TOLD = ("title", "aria-label", "placeholder", "alt", "data-label", "data-empty", "data-confirm")
SILENT = {"script", "style", "code", "pre", "textarea", "svg"}
ICON = "material-symbols-outlined"
ENGLISH = re.compile(
    r"\b(the|is|are|not|with|from|and|this|by|has|was|were|which|that|it|what|nothing|yet|your|you|here|for|of|to|than"
    r"|none|never|at|on|an?)\b",
    re.IGNORECASE,
)
"""Words that hardly an English sentence does without."""
NO_TEXTS_OF_OURS = re.compile(r"^/admin/(auth/group|auth/user/\d|django_celery_beat)/")
"""Names of permissions, groups, time zones and periods."""


class Texts(HTMLParser):
    """Text nodes and told attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._silent: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.found |= {" ".join(values[name].split()) for name in TOLD if values.get(name)}
        if tag == "input" and values.get("type") in {"submit", "button"} and values.get("value"):
            self.found.add(values["value"])
        if tag in SILENT or ICON in (values.get("class") or ""):
            self._silent.append(tag)

    def handle_endtag(self, tag):
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()

    def handle_data(self, data):
        if not self._silent and data.strip():
            self.found.add(" ".join(data.split()))


def data() -> str:
    """All that the database holds: what a page shows of it is nobody's to translate."""
    values: list[str] = []
    with connection.cursor() as cursor:
        for model in apps.get_models():
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
            values += [" ".join(str(value).split()) for row in cursor.fetchall() for value in row if value is not None]
    return "\n".join(values)


def is_left(text: str, held: str, language: str) -> bool:
    """Whether a text that a page shows in two languages alike is one that it should have translated."""
    if text.removesuffix("…") in held or text in dict(configured.LANGUAGES).values():
        return False
    rest = text
    for name in names_in(held):
        rest = rest.replace(name, "")
    with translation.override(language):
        return bool(ENGLISH.search(rest)) or translation.gettext(text) != text and text not in said_in(language)


@cache
def names_in(held: str) -> list[str]:
    """What is kept that reads like English, as a customer who is called so: pages put it beside words of theirs."""
    return sorted({line for line in held.splitlines() if len(line) < 60 and ENGLISH.search(line)}, key=len)[::-1]


@cache
def said_in(language: str) -> set[str]:
    """Everything that the catalogue of the language says: "Open" is a Dutch word, too."""
    return set(catalogue(language).values())


def pages(client, walked: list[str], language: str) -> Iterator[tuple[str, set[str]]]:
    client.cookies[configured.LANGUAGE_COOKIE_NAME] = language
    for address in walked:
        answer = client.get(address)
        assert answer.status_code != 500, (address, language)
        if answer.status_code != 200 or answer.streaming:
            continue
        if "<html" in (page := answer.content.decode()):
            assert f'lang="{language}"' in page, address
            yield address, Texts(page).found


def test_every_page_speaks_the_language_of_its_reader(client, settings):
    with four_upstreams(settings) as sandbox:
        user = person("supervisor")
        note = make_trouble(sandbox, user)
        User.objects.filter(pk=user.pk).update(is_superuser=True)
        client.force_login(user)
        remote_ids = {
            "customers": note.customer.remote_id,
            "lists": HandlingList.objects.filter(is_finished=False, is_cancelled=False).earliest("pk").remote_id,
            "shipments": Shipment.objects.earliest("pk").remote_id,
            "parcels": Parcel.objects.earliest("pk").remote_id,
        }
        walked = sorted(
            address
            for address in set(addresses(first_of_each(), remote_ids))
            if not NO_PAGE.search(address) and not NO_TEXTS_OF_OURS.search(address)
        )
        english = dict(pages(client, walked, "en"))
        assert len(english) > 80
        held = data()
        left: dict[str, str] = {}
        for language in OTHERS:
            for address, texts in pages(client, walked, language):
                for text in texts & english.get(address, set()):
                    if is_left(text, held, language):
                        left.setdefault(f"{language}: {text}", address)
        told = "\n".join(f"{text}   ({address})" for text, address in sorted(left.items()))
        assert not left, f"{len(left)} texts\n{told}"
