"""The audit tells who read one of Afosto's objects again."""

from django.contrib.auth.models import User

from backoffice.tests.reads import each_reading_is_noted
from fulfilment.tests.syncing import Upstream


def test_each_reading_is_noted(afosto: Upstream, user: User) -> None:
    assert each_reading_is_noted("afosto", user) == 4
