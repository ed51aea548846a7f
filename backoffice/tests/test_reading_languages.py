"""What people read in their own language, and what is kept in that of the installation. German is Django's own here."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import translation

from backoffice.admin.headings import heading
from backoffice.admin.paging import label
from backoffice.admin.selecting import ConfirmForm
from backoffice.models import AuditEntry, words
from backoffice.tests.factories import RejectedFactory, person, superuser
from backoffice.tests.reading import page_of
from backoffice.times import spell
from backoffice.writes.verbs import VERBS


@pytest.mark.django_db
def test_an_edit_is_noted_in_the_language_of_the_installation_whoever_made_it(client: Client) -> None:
    someone = person("viewer")
    client.force_login(superuser())
    client.cookies["django_language"] = "de"
    form = {"username": someone.username, "is_active": "on", "is_staff": "on", "first_name": "Ada"}
    joined = {"limits-TOTAL_FORMS": "0", "limits-INITIAL_FORMS": "0"}
    assert client.post(f"/admin/auth/user/{someone.pk}/change/", form | joined).status_code == 302
    assert AuditEntry.objects.get(verb="change", kind="user").detail.startswith("Changed First name")
    with translation.override("de"):
        assert "geändert" in LogEntry.objects.get().get_change_message()


@pytest.mark.parametrize("typed", ["1234", "1,234", "1.234", "1 234", "1’234"])
def test_the_number_of_rows_is_typed_as_people_write_numbers(typed: str) -> None:
    assert not _confirmed(typed).errors.get("typed")
    assert _confirmed(f"{typed}5").errors["typed"] == ["There are 1,234 rows. Type that number."]


def _confirmed(typed: str) -> ConfirmForm:
    data: dict[str, Any] = {"typed": typed, "digest": "d", "reason": "why"}
    return ConfirmForm(data, verb=VERBS["customer", "archive"], count=1234)


def test_numbers_are_grouped_as_their_reader_groups_them() -> None:
    assert spell(timedelta(days=1234)) == "1,234 d" and label(-1234) == "1,234 from the end"
    with translation.override("de"):
        assert spell(timedelta(days=1234)).startswith("1.234") and label(1234) == "1.234"


def test_names_that_rows_keep_are_words_to_their_reader() -> None:
    assert words.deed("sync_templates", words.counted("account", 1_234)) == "sync templates 1,234 accounts"
    assert (words.noun("user"), words.noun("setup_link"), words.noun("")) == ("user", "setup link", "")
    with translation.override("de"):
        assert words.noun("user") == "Benutzer"


def test_headers_of_files_are_names_of_columns_in_english_and_words_in_other_languages() -> None:
    assert (heading("remote_id"), heading("name")) == ("remote_id", "name")
    with translation.override("de"):
        assert heading("name") == "Name"


@pytest.mark.django_db
def test_what_waits_is_counted_in_the_menu_in_every_language(supervisor: Client) -> None:
    RejectedFactory()
    for language in ("en", "de"):
        supervisor.cookies["django_language"] = language
        menu = page_of(supervisor, "/admin/backoffice/syncrun/").partition('id="nav-sidebar-apps"')[2]
        item = menu.partition('href="/needs-you/"')[2].partition("</a>")[0]
        assert item.endswith("> 1 </span>"), item
