"""The pages that stand alone, such as those of errors."""

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.tests.factories import person

pytestmark = pytest.mark.django_db


def test_an_error_page_names_its_icon_so_that_no_browser_asks_for_one_that_is_not_there(client: Client) -> None:
    client.force_login(person("viewer"))
    answer = client.get(reverse("admin:create_customer"))
    assert answer.status_code == 403
    assert '<link rel="icon" href="data:,">' in answer.content.decode()
    assert "img-src 'self' data:" in answer["Content-Security-Policy"]


def test_the_box_of_the_palette_says_what_it_finds_in_words_of_staff(client: Client) -> None:
    client.force_login(person("viewer"))
    page = client.get("/").content.decode()
    assert "Search…" in page and "opencommand" in page
    assert "apps and models" not in page


def test_the_form_of_a_new_customer_does_not_speak_of_metadata_that_it_has(client: Client) -> None:
    client.force_login(person("customer desk"))
    page = client.get(reverse("admin:create_customer")).content.decode()
    assert "64 KiB at most" in page and "replaces all metadata" not in page
