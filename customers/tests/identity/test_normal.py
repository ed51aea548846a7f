"""Values spelt so that two spellings of the same are equal."""

import pytest

from customers.identity import normal


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        (" Jan@Example.COM ", "jan@example.com"),
        ("JAN+Shop@example.com", "jan+shop@example.com"),
        ("j.an@gmail.com", "j.an@gmail.com"),
        ("jan@example.com.", "jan@example.com"),
        ("info@Bücher.example", "info@xn--bcher-kva.example"),
        ("info@xn--bcher-kva.example", "info@xn--bcher-kva.example"),
        ("jose\u0301@example.com", "josé@example.com"),
        ("\uff4a\uff41\uff4e@example.com", "jan@example.com"),
        ("STRASSE@straße.example", "strasse@strasse.example"),
        (f"{'a' * 242}@example.com", f"{'a' * 242}@example.com"),
    ],
)
def test_spellings_of_one_address_are_equal(text, spelt):
    assert normal.email(text) == spelt


@pytest.mark.parametrize(
    "text",
    [
        None, "", "jan", "@example.com", "jan@", "jan@localhost", "a b@example.com", "a@b@example.com",
        "Jan <jan@example.com>", "a@example.com, b@example.com", "jan@exa..mple.com", f"jan@{'x' * 64}.example",
        f"{'a' * 243}@example.com", "\ufffd",
    ],
)  # fmt: skip
def test_what_is_no_address_is_none(text):
    assert normal.email(text) is None


@pytest.mark.parametrize(
    ("text", "country", "spelt"),
    [
        ("+31 20 123 45 67", None, "+31201234567"),
        ("+31 (0)20 1234567", None, "+31201234567"),
        ("020-1234567", None, "+31201234567"),
        ("0031201234567", None, "+31201234567"),
        ("0812-0000-0001", "ID", "+6281200000001"),
        ("0812 0000 0001", " id ", "+6281200000001"),
        ("+62 812 0000 0001", "NL", "+6281200000001"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("020 1234567", "XX", "+31201234567"),
        ("tel:+31-20-1234567", None, "+31201234567"),
        ("\u0660\u0662\u0660 \u0661\u0662\u0663\u0664\u0665\u0666\u0667", None, "+31201234567"),
        ("+31 20 1234567 ext. 12", None, "+31201234567x12"),
    ],
)
def test_spellings_of_one_number_are_equal(text, country, spelt):
    assert normal.phone(text, country) == spelt


@pytest.mark.parametrize("text", [None, "", "-", "call me", "12", "+999123456789", "0" * 65, "+31 20 12345678901234"])
def test_what_is_no_number_is_none(text):
    assert normal.phone(text) is None


def test_national_numbers_are_read_in_the_country_that_is_set(settings):
    settings.PHONE_REGION = "ID"
    assert normal.phone("0812 0000 0001") == "+6281200000001"


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("José de Vries", "de jose vries"),
        ("VRIES, de  Jose\u0301", "de jose vries"),
        ("Søren Łukasz", "lukasz soren"),
        ("O'Brien-Smith", "brien o smith"),
        ("山田 太郎", "太郎 山田"),
        ("x" * 300, "x" * 255),
        ("", None), (None, None), (" - ", None), ("___", None),
    ],
)  # fmt: skip
def test_names_are_folded(text, folded):
    assert normal.name(text) == folded
