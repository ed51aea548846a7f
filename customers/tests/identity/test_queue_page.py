"""The queue, the section on records' pages, and what is decided there."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.tests.factories import person
from customers.identity.links import records_of
from customers.models import IdentityDecision, IdentityLink

State = IdentityLink.State


@pytest.fixture
def pair(people):
    """A suggested one."""
    people.customer("Toko <b>Melati</b>", "a@example.com", phone="+6281200000001")
    people.recipient("Melati", "A@example.com", phone="+31201234567")
    people.suggest()
    return IdentityLink.objects.get()


def page_of(client, address="/identity/", **data):
    answer = client.get(address, data)
    assert answer.status_code == 200
    return answer.content.decode()


def post(client, name, key, **data):
    answer = client.post(reverse(name, args=[key]), data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_queue_shows_both_sides_with_what_is_equal_and_what_differs(desk, people, pair):
    strong = people.contact("Toko <b>Melati</b>", "a@example.com", "0812 0000 0001")
    people.change(strong, phone="+62 812 0000 0001")
    for _ in range(2):
        people.recipient("Family", phone="+6281200000001")
    people.suggest()
    page = page_of(desk)
    assert page.index(strong.remote_id) < page.index(pair.remote_id)
    assert "Toko &lt;b&gt;Melati&lt;/b&gt;" in page and "<b>Melati" not in page
    assert '<mark class="id-equal">a@example.com</mark>' in page
    assert "<bdi>+31201234567</bdi>" in page
    for told in ("same e-mail", "same phone, shared by 2", "names differ", "same name", "Afosto recipient"):
        assert told in page
    assert 'action="/identity/' in page and "csrfmiddlewaretoken" in page


def test_filters_narrow_and_pages_follow(desk, people):
    one, two = people.customer("One", "a@example.com"), people.customer("Two", "b@example.com", phone="+31205555555")
    for n in range(11):
        people.contact("One", "a@example.com")  # shared, with an equal name
        people.contact(f"x{n}", "b@example.com")  # shared, with another name
    people.recipient("Two", "b@example.com", "+31205555555")  # strong, and nobody else's
    people.recipient("", phone="020 555 5555")
    people.suggest()

    def count(**data):
        return page_of(desk, **data).count('class="bo-card id-pair"')

    assert IdentityLink.objects.count() == 24
    assert (count(), count(page=2)) == (20, 4)
    assert "page 2 of 2" in page_of(desk, page=2)
    assert (count(system="afosto.contacts"), count(strength="strong")) == (2, 1)
    assert (count(strength="fair"), count(strength="weak")) == (11, 12)
    assert (count(shared="no"), count(shared="yes", system="afosto.contacts")) == (1, 1)
    people.change(two, email="nobody@example.com")
    people.suggest()
    assert (count(shared="yes"), count(system="layercake.contacts")) == (13, 11)
    assert "No pair fits" in page_of(desk, state="rejected")
    assert "there is not" in page_of(desk, strength="nonsense")
    assert one.identity_links.count() == 11


def test_an_empty_queue_says_what_to_do(desk, people):
    assert "No customer is mirrored yet" in page_of(desk)
    people.customer()
    assert "Nothing waits" in page_of(desk)


def test_the_queue_costs_as_many_queries_for_twenty_pairs_as_for_one(desk, people, pair):
    def queries():
        page_of(desk)
        with CaptureQueriesContext(
            connection,
        ) as caught:
            page_of(desk)
        return len(caught)

    one = queries()
    for n in range(10):
        people.recipient(f"r{n}", "a@example.com")
    people.suggest()
    assert queries() == one <= 14


def test_confirm_undo_reject_and_unlink_by_plain_forms(desk, pair):
    page = post(desk, "confirm_identity", pair.pk, seen="suggested", next="/identity/?state=confirmed")
    name = records_of([pair])[pair.resource, pair.record_id]
    assert f"{name} are the same customer." in page and "confirmed" in page
    assert IdentityDecision.objects.get().door == "page"
    assert f"<bdi>{name}</bdi>" in page_of(desk).partition("You confirmed")[2]
    assert f"{name} are suggested" in post(desk, "undo_identity", IdentityDecision.objects.get().pk)
    assert "Rejected:" in post(desk, "reject_identity", pair.pk, seen="suggested", reason="another shop")
    page = page_of(desk, state="rejected")
    assert "another shop" in page and "Link after all" in page
    post(desk, "confirm_identity", pair.pk, seen="rejected")
    assert "Unlinked:" in post(desk, "unlink_identity", pair.pk)
    pair.refresh_from_db()
    assert pair.state == State.REJECTED
    assert "Nothing was undone" in post(desk, "undo_identity", IdentityDecision.objects.earliest("pk").pk)


def test_what_was_decided_or_withdrawn_meanwhile_is_told(desk, people, pair):
    post(desk, "reject_identity", pair.pk, seen="suggested")
    assert "Nothing was changed" in post(desk, "confirm_identity", pair.pk, seen="suggested")
    assert "not suggested any more" in post(desk, "confirm_identity", pair.pk + 1000, seen="suggested")
    assert "no such decision" in post(desk, "undo_identity", 10**6)
    assert IdentityDecision.objects.count() == 1


def test_a_second_link_is_asked_for_once_more_with_its_reason(desk, people, pair):
    second = people.recipient("Toko", "a@example.com")
    people.suggest()
    second = people.link(pair.customer, second)
    post(desk, "confirm_identity", pair.pk, seen="suggested")
    page = post(desk, "confirm_identity", second.pk, seen="suggested", next="/identity/?system=afosto.contacts")
    assert "Nothing is linked yet" in page and pair.remote_id in page
    assert 'value="/identity/?system=afosto.contacts"' in page
    post(desk, "confirm_identity", second.pk, seen="suggested", knowingly="yes", reason="two accounts")
    second.refresh_from_db()
    assert (second.state, second.reason) == (State.CONFIRMED, "two accounts")


def test_who_may_only_look_finds_no_buttons_and_who_may_not_nothing(client, pair):
    client.force_login(person("viewer"))
    page = page_of(client)
    assert pair.remote_id in page or "Melati" in page
    assert "/confirm/" not in page and "Keys:" not in page
    assert client.post(reverse("confirm_identity", args=[pair.pk])).status_code == 403
    assert client.get(reverse("confirm_identity", args=[pair.pk])).status_code == 405
    client.force_login(person("warehouse"))  # it does not see customers
    assert client.get("/identity/").status_code == 403
    narrow = person()
    for name in ("view_identitylink", "view_customer", "link_identity"):
        narrow.user_permissions.add(Permission.objects.get(codename=name))
    client.force_login(narrow)
    assert "Melati</a>" not in page_of(client)  # not of a system that he may not see
    assert client.post(reverse("confirm_identity", args=[pair.pk])).status_code == 403
    assert not IdentityDecision.objects.exists()


def test_the_way_back_is_one_of_our_own_pages(desk, pair):
    answer = desk.post(reverse("reject_identity", args=[pair.pk]), {"next": "https://evil.example/"})
    assert answer["Location"] == "/identity/"


def test_pages_of_both_sides_show_the_link_and_what_can_be_done(desk, client, people, pair):
    pages = {
        "customer": reverse("admin:customers_customer_change", args=[pair.customer_id]),
        "recipient": reverse("admin:fulfilment_recipient_change", args=[pair.record_id]),
    }
    for name, address in pages.items():
        page = page_of(desk, address)
        assert "Same person elsewhere" in page, name
        assert reverse("confirm_identity", args=[pair.pk]) in page
    page = post(desk, "confirm_identity", pair.pk, seen="suggested", next=pages["recipient"])
    assert "Linked:" in page and "Unlink" in page and "Undo" in page
    others = (people.contact("C"), people.support("S"), people.organization("O"))
    for row in others:
        address = reverse(f"admin:customers_{row._meta.model_name}_change", args=[row.pk])
        assert "No customer has its e-mail" in page_of(desk, address)
    client.force_login(person("warehouse"))  # it knows recipients, not whose customers they are
    page = page_of(client, pages["recipient"])
    assert "Same person elsewhere" not in page and pair.customer.remote_id not in page and "Toko" not in page
