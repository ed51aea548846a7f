"""The words of states as people read them, and what a reader in another language gets."""

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy

from backoffice.badges import Vocabulary
from customers import states
from customers.forms.links import NewLinkForm, RedirectsForm

VOCABULARIES = (states.CUSTOMER, states.ACCOUNT, states.LINK, states.SUPPORT)


@pytest.mark.parametrize("words", VOCABULARIES)
def test_every_state_has_a_label_that_is_the_word_itself_in_english(words):
    assert isinstance(words, Vocabulary)
    assert {word: str(label) for word, label in words.labels.items()} == {word: word for word in words}


@pytest.mark.parametrize("words", VOCABULARIES)
def test_a_label_is_in_the_language_of_whoever_reads_it(words):
    lazy = type(gettext_lazy(""))
    assert all(isinstance(label, lazy) for label in words.labels.values())


def test_a_number_in_a_sentence_is_written_as_its_reader_writes_it():
    with translation.override("de"):
        assert "2.048" in str(RedirectsForm().fields["success_redirect_url"].help_text)
    assert "2,048" in str(RedirectsForm().fields["success_redirect_url"].help_text)


def test_the_lifetimes_that_a_form_sends_are_the_same_in_every_language():
    with translation.override("de"):
        german = [str(value) for value, _ in NewLinkForm().fields["lifetime"].choices]
    assert german == [str(value) for value, _ in NewLinkForm().fields["lifetime"].choices]
    assert german[-1] == "own"
