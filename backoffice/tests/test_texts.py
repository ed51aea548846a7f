"""Sentences are in the language of whoever reads them, and in the installation's where they are kept."""

import pytest
from django.utils import translation
from django.utils.functional import lazystr
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice import upstreams
from backoffice.badges import RUN_TONES, Vocabulary, in_words, word
from backoffice.errors import NotConfigured, NotInThisState
from backoffice.models import Notification, SyncRun
from backoffice.models.writes import RemoteWrite
from backoffice.notify import tell
from backoffice.sync import runs
from backoffice.tests.factories import RunFactory, person
from backoffice.texts import capital, number_lazy, percent, source, together, written
from backoffice.writes.plan import Actor, plan
from backoffice.writes.sending import settle, settle_unsent
from customers.tests.factories import CustomerFactory
from customers.verbs import kirim as verbs

State = RemoteWrite.State
MONTH = _("January")  # Django brings it in all languages: "Januar", "januari"
MANY = format_lazy("{month} {count}", month=MONTH, count=number_lazy(1234))


@pytest.fixture
def german(settings):
    """An installation that keeps German, while whoever acts reads Dutch."""
    settings.LANGUAGE_CODE = "de"
    with translation.override("nl"):
        yield


def planned() -> RemoteWrite:
    actor = Actor(person("supervisor", is_superuser=True), RemoteWrite.Door.PAGE)
    return plan(verbs.SUSPEND_CUSTOMER, actor, remote_id=CustomerFactory().remote_id)[0]


def test_a_lazy_sentence_is_read_in_the_language_of_the_moment_with_its_numbers():
    with translation.override("de"):
        assert str(MANY) == "Januar 1.234"
    with translation.override("en"):
        assert str(MANY) == "January 1,234"
        assert together(["A", "B"]) == "A and B" and percent(0.1) == "10%"


def test_what_is_the_same_everywhere_stays_as_it_stands_in_the_code(german):
    assert source(MONTH) == "January" and written(MONTH) == "Januar" and capital(MONTH) == "Januari"


@pytest.mark.django_db
def test_what_became_of_a_write_is_kept_in_the_language_of_the_installation(german):
    write = planned()
    settle(write, State.UNKNOWN, error=MANY, remark=MONTH)
    assert (write.error, write.remark) == ("Januar 1.234", "Januar")


@pytest.mark.django_db
def test_so_is_why_nothing_of_it_was_sent(german):
    write = planned()
    settle_unsent(write, NotInThisState(MANY))
    assert (write.state, write.error) == (State.REFUSED, "Januar 1.234")


@pytest.mark.django_db
def test_so_are_the_end_of_a_run_and_what_somebody_is_told(german):
    run = RunFactory(state=SyncRun.State.RUNNING)
    runs.finish(run, SyncRun.State.FAILED, MANY)
    tell(person().pk, Notification.Kind.RUN, "thing", MANY, "/")
    assert run.error == "Januar 1.234" == Notification.objects.get().sentence


@pytest.mark.django_db
def test_an_error_says_it_to_each_reader_in_his_language(settings):
    settings.KIRIM_API_KEY = ""
    with pytest.raises(NotConfigured) as raised, translation.override("de"):
        upstreams.base_url("kirim")
    assert str(raised.value) == "Kirim is off: set KIRIM_API_KEY. `doctor` says more."
    error = lazystr(NotInThisState(MONTH))
    with translation.override("de"):
        assert str(error) == "Januar"


def test_a_badge_shows_what_its_vocabulary_says_of_a_word():
    months = Vocabulary({"jan": "good", "feb": "bad"}, {"jan": MONTH})
    with translation.override("de"):
        assert ">Januar<" in word("jan", months) and ">feb<" in word("feb", months)
        assert str(in_words("jan", months)) == "Januar" and in_words("mar", months) == "mar"
    assert ">unknown: mar<" in word("mar", months)
    assert ">partial<" in word(SyncRun.State.PARTIAL, RUN_TONES)
