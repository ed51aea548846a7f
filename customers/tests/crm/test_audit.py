"""The audit tells who read a record of the CRM again."""

from django.contrib.auth.models import User

from backoffice.tests.reads import each_reading_is_noted
from customers.tests.crm.layercake import FakeLayercake


def test_each_reading_is_noted(mirrored: FakeLayercake, user: User) -> None:
    assert each_reading_is_noted("layercake", user) == 4
