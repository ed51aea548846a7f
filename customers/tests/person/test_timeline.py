"""The timeline of a customer: three kinds in one order, narrowed and paged."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from backoffice.models import RowChange
from backoffice.tests.factories import ChangeFactory, person
from customers.models import Customer, CustomerNote
from customers.person.timeline import Place
from customers.tests.person.conftest import ID, written
from customers.tests.person.test_page import PAGE, page


def entries(text: str) -> list[str]:
    return re.findall(r"<strong>(.*?)</strong>", text)


def test_all_kinds_stand_in_one_order_and_members_of_one_update_together(supervisor: Client, past: Customer) -> None:
    told = entries(page(supervisor))
    assert [one.partition(":")[0] for one in told] == ["Setup links", "Suspend customer", "Customers"]
    assert entries(page(supervisor, f"{PAGE}?kind=writes&system=kirim")) == ["Suspend customer"]
    assert len(entries(page(supervisor, f"{PAGE}?kind=changes"))) == 2
    assert "Nothing of this kind." in page(supervisor, f"{PAGE}?kind=notes")
    assert len(entries(page(supervisor, f"{PAGE}?kind=nonsense&system=nonsense&before=nonsense"))) == 3


def test_turning_pages_meets_every_entry_once_also_those_of_one_moment(
    supervisor: Client, customer: Customer, user: Any, django_assert_max_num_queries: Any
) -> None:
    moment = timezone.now() - timedelta(days=1)
    for number in range(23):
        written(planned_at=moment, reason=f"entry-{number}.")
        CustomerNote.objects.create(customer=customer, author=user, text=f"entry-{100 + number}.", written_at=moment)
        at = moment - timedelta(seconds=number % 3)
        ChangeFactory(remote_id=ID, member="name", after=f'"entry-{200 + number}."', changed_at=at)
    url, met, pages = PAGE, [], 0
    while url:
        with django_assert_max_num_queries(30):
            text = page(supervisor, url)
        met += re.findall(r"entry-\d+\.", text)
        if not pages:  # what comes meanwhile moves nothing
            CustomerNote.objects.create(customer=customer, author=user, text="later")
        older = re.search(r'href="(\?[^"]*before[^"]*)#timeline">older', text)
        url, pages = PAGE + older[1].replace("&amp;", "&") if older else "", pages + 1
    assert len(met) == len(set(met)) == 69 and pages == 3


@pytest.mark.parametrize(
    "text",
    ["", "~", "2026-01-01~notes~1", "0001-01-01T00:00:00+14:00~changes~1", f"2026-01-01~changes~{'9' * 40}", "x~y~z"],
)
def test_a_place_that_is_none_begins_at_the_newest(text: str) -> None:
    assert Place.read(text) is None


def test_masked_and_unknown_members_are_hidden_as_everywhere(viewer: Client, customer: Customer) -> None:
    ChangeFactory(remote_id=ID, member="brand_new", after='"for supervisors"')
    text = page(viewer)
    assert "brand_new" in text and "for supervisors" not in text
    RowChange.objects.update(resource="apideck.customers", member="tax_number", after='"NL123"')
    assert "NL123" not in page(viewer)


def test_somebody_who_may_see_no_kind_sees_no_entry(client: Client, past: Customer) -> None:
    somebody = person("viewer")
    client.force_login(somebody)
    group = somebody.groups.get()
    group.permissions.remove(*group.permissions.filter(codename__in=["view_remotewrite", "view_rowchange"]))
    group.permissions.remove(*group.permissions.filter(codename="view_customernote"))
    assert entries(page(client)) == []
