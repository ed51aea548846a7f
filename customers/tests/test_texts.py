"""Texts of this app in other languages: amounts and numbers, pages whose attributes stay whole, and what is kept."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone, translation

from customers.contact_import import Plan, Row
from customers.money import shown_amount
from customers.redirects import MAX_CHARS, why_refused
from customers.services.links import why_inactive
from customers.tests.factories import CustomerFactory, SetupLinkFactory


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A request leaves its language behind in the thread."""
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("minor", "currency", "english", "german"),
    [
        (178500, "EUR", "EUR 1,785.00", "EUR 1.785,00"),
        (-5, "eur", "eur -0.05", "eur -0,05"),
        (1234567, "JPY", "JPY 1,234,567", "JPY 1.234.567"),
        (1234567, "KWD", "KWD 1,234.567", "KWD 1.234,567"),
        (10**17 + 1, "", "1,000,000,000,000,000.01", "1.000.000.000.000.000,01"),
        (None, "EUR", "–", "–"),
    ],
)
def test_amounts_are_written_as_their_reader_writes_them(
    minor: int | None, currency: str, english: str, german: str
) -> None:
    assert shown_amount(minor, currency) == english
    with translation.override("de"):
        assert shown_amount(minor, currency) == german


def test_a_refusal_becomes_text_where_it_is_shown() -> None:
    refusal = why_refused(f"https://shop.example/{'a' * MAX_CHARS}")
    assert str(refusal) == "It may have 2,048 characters at most."
    with translation.override("de"):
        assert "2.048" in str(refusal)


def test_what_is_kept_is_in_the_language_of_the_installation() -> None:
    plan = Plan([Row("", f"Contact {number}") for number in range(1_200)], [], [], [])
    with translation.override("de"):
        assert plan.selection == "1,200 contacts from a file"
        assert "1.200" in plan.in_words


@pytest.mark.django_db
def test_how_a_link_ended_is_a_whole_sentence() -> None:
    link = SetupLinkFactory(status="active", expires_at=timezone.now() + timedelta(days=1))
    assert not why_inactive(link)
    link.expires_at = timezone.now() - timedelta(days=1)
    assert str(why_inactive(link)) == f"It was expired already, on {link.expires_at:%Y-%m-%d %H:%M} UTC."
    link.status = "revoked"
    assert str(why_inactive(link)) == "It was revoked already."


@pytest.mark.parametrize("language", ["de", "nl"])
def test_pages_are_drawn_in_every_language(supervisor: Client, language: str) -> None:
    customer = CustomerFactory(pk=1_234_567)
    supervisor.cookies["django_language"] = language
    for page in (f"/customers/{customer.remote_id}/", "/identity/"):
        answer = supervisor.get(page)
        text = answer.content.decode()
        assert answer.status_code == 200 and f'lang="{language}"' in text
        assert "1.234.567" not in text and "1,234,567" not in text
