"""Saved views: kept, shared, pinned, opened, and the columns that a list shows."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.models import SavedView
from backoffice.tests.factories import RunFactory, person
from backoffice.tests.reading import page_of
from customers.tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db

LIST = reverse("admin:customers_customer_changelist")
RUNS = reverse("admin:backoffice_syncrun_changelist")


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def save(client: Client, query: str, name: str = "Mine", of: str = "customers.customer", **posted):
    url = reverse("save_view", query={"list": of, "query": query})
    return client.post(url, {"name": name, **posted})


def group(name: str) -> str:
    return str(Group.objects.get(name=name).pk)


def headers(page: str) -> list[str]:
    return re.findall(r"column-(\w+)", page.partition("<tbody")[0])


# -- columns ----------------------------------------------------------------------------------------------------------


def test_a_list_shows_the_columns_that_its_address_names_and_always_the_first(viewer):
    CustomerFactory(name="Warung")
    everything = headers(page_of(viewer, LIST))
    assert headers(page_of(viewer, f"{LIST}?columns=shown_email")) == [everything[0], "shown_email"]
    assert headers(page_of(viewer, f"{LIST}?columns={everything[0]}")) == everything[:1]
    assert headers(page_of(viewer, f"{LIST}?columns=nothing-like-it")) == everything
    page = page_of(viewer, f"{LIST}?columns=shown_name&columns=shown_email&q=War")
    assert headers(page) == [everything[0], "shown_email"]
    assert 'name="columns" value="shown_name.shown_email"' in page  # the search and the filters keep both
    assert f"({len(everything) - 2} hidden)" in page


def test_the_order_stays_where_columns_are_left_out(supervisor):
    for name, email in (("B", "1@example.org"), ("A", "2@example.org")):
        CustomerFactory(name=name, email=email)
    whole = headers(page_of(supervisor, LIST))
    place = whole.index("shown_email") + 1  # after the box that selects a row
    page = page_of(supervisor, f"{LIST}?columns=shown_name&o=-{place}")
    assert page.index(">A<") < page.index(">B<")  # by a column that is not shown
    page = page_of(supervisor, f"{LIST}?columns=shown_name.shown_email&o=-{place}")
    assert f"o={place}" in page and page.index(">A<") < page.index(">B<")  # its header leads to the other direction


def test_every_list_can_leave_out_columns_and_be_saved(supervisor):
    from django.contrib import admin

    lists = [one for one in admin.site._registry.values() if hasattr(one, "url_lookups")]
    request = supervisor.get("/").wsgi_request
    lists = [one for one in lists if one.has_view_permission(request)]
    assert len(lists) > 15
    for one in lists:
        url = reverse(f"admin:{one.opts.app_label}_{one.opts.model_name}_changelist")
        page = page_of(supervisor, f"{url}?columns=x")
        assert "Save this view" in page, url
        assert save(supervisor, "o=1", name="Mine", of=one.opts.label_lower).status_code == 302, url
    assert SavedView.objects.count() == len(lists)


# -- saving and opening -----------------------------------------------------------------------------------------------


def test_a_view_keeps_search_filters_order_and_columns_and_opens_them(desk):
    CustomerFactory(name="Warung", status="pending")
    page = page_of(desk, f"{LIST}?q=war&status=pending&o=-1&columns=shown_name.shown_email&p=1")
    url = re.search(r'href="([^"]*views/new/[^"]*)"', page)[1].replace("&amp;", "&")
    answer = desk.post(url, {"name": "Pending warungs"})
    view = SavedView.objects.get()
    assert answer["Location"] == f"/views/{view.pk}/"
    assert parse_qs(view.query) == {"q": ["war"], "status": ["pending"]}
    opened = desk.get(answer["Location"])["Location"]
    assert urlsplit(opened).path == LIST
    asked = parse_qs(urlsplit(opened).query)
    shown = {"columns": ["shown_email.shown_name"], "view": [str(view.pk)]}
    assert asked == {"q": ["war"], "status": ["pending"], "o": ["-1"], **shown}
    page = page_of(desk, opened)
    assert f'<a href="/views/{view.pk}/" aria-current="page">Pending warungs</a>' in page
    assert headers(page) == ["shown_name", "shown_email"] and "Update “Pending" not in page


def test_an_order_is_kept_by_the_columns_name_whatever_box_stands_before_it(supervisor, client):
    CustomerFactory()
    whole = headers(page_of(supervisor, LIST))
    save(supervisor, f"o=-{whole.index('shown_email') + 1}", groups=[group("viewer")])
    view = SavedView.objects.get()
    assert view.order == ["-shown_email"]
    other = signed_in(person("viewer"))  # has no actions, so no box
    asked = parse_qs(urlsplit(other.get(f"/views/{view.pk}/")["Location"]).query)
    assert asked["o"] == [f"-{whole.index('shown_email')}"]


def test_what_is_shown_now_takes_the_place_of_what_a_view_kept(desk):
    save(desk, "status=pending")
    view = SavedView.objects.get()
    page = page_of(desk, f"{LIST}?status=active&view={view.pk}")
    assert "Update “Mine”" in page
    desk.post(f"/views/{view.pk}/update/", {"query": "status=active&columns=shown_email&view=3&p=2"})
    view.refresh_from_db()
    assert (view.query, view.columns) == ("status=active", ["shown_email"])


def test_a_view_that_asks_for_what_its_list_lost_opens_with_a_sentence(desk):
    user = desk.get("/").wsgi_request.user
    view = SavedView.objects.create(
        owner=user, list_label="customers.customer", name="Old", query="status=pending&region=asia&payload__x=1",
        order=["-shown_name", "colour"], columns=["shown_email", "shape"],
    )  # fmt: skip
    CustomerFactory(name="Warung", status="pending")
    answer = desk.get(f"/views/{view.pk}/", follow=True)
    page = answer.content.decode()
    assert answer.status_code == 200 and "Warung" in page
    assert "asks for what this list does not have any more (payload__x, region, colour, shape)" in page


def test_a_view_of_a_list_that_is_gone_is_not_shown_and_opens_nothing(desk):
    user = desk.get("/").wsgi_request.user
    view = SavedView.objects.create(owner=user, list_label="customers.nothing", name="Gone list")
    view.pinned_by.add(user)
    assert desk.get(f"/views/{view.pk}/").status_code == 404
    assert "Gone list" not in page_of(desk, "/views/") + page_of(desk, "/")


def test_a_secret_is_stored_by_no_way(desk):
    token = "Ab3dEf6hIj9lMn2pQr5tUv8x"
    link = f"https://kirim.example/setup/{token}"
    save(desk, f"q={link}", name=f"L {token}")
    view = SavedView.objects.get()
    desk.post(f"/views/{view.pk}/update/", {"query": f"q={token}&status={token}"})
    view.refresh_from_db()
    assert token not in view.query + view.name
    desk.post(f"/views/{view.pk}/edit/", {"name": token})
    view.refresh_from_db()
    assert token not in view.name and "…" in view.name


@pytest.mark.parametrize("name", ["", " ", "x" * 61])
def test_a_view_needs_a_name_that_can_be_kept(desk, name):
    answer = save(desk, "q=x", name=name)
    assert answer.status_code == 200 and "Give it" in answer.content.decode()
    assert not SavedView.objects.exists()


def test_a_name_is_given_once_for_a_list_and_a_query_too_long_is_refused(desk):
    save(desk, "q=x")
    assert "has that name already" in save(desk, "q=y").content.decode()
    assert "too long to be kept" in save(desk, "q=" + "y" * 2001, name="Other").content.decode()
    assert SavedView.objects.count() == 1
    save(desk, "q=x", name="Second")
    second = SavedView.objects.get(name="Second")
    answer = desk.post(f"/views/{second.pk}/edit/", {"name": "Mine"})
    assert "has that name already" in answer.content.decode()


def test_nobody_keeps_more_than_a_hundred(desk):
    user = desk.get("/").wsgi_request.user
    SavedView.objects.bulk_create(
        SavedView(owner=user, list_label="customers.customer", name=str(number)) for number in range(100)
    )
    assert "Delete one that you do not need" in save(desk, "").content.decode()


# -- who sees which ---------------------------------------------------------------------------------------------------


def test_a_view_is_its_owners_until_it_is_shared_with_a_group_of_his(desk):
    save(desk, "q=x", name="My own view")
    view = SavedView.objects.get()
    other = signed_in(person("customer desk"))
    assert other.get(f"/views/{view.pk}/").status_code == 404
    assert "My own view" not in page_of(other, LIST) + page_of(other, "/views/")
    refused = desk.post(f"/views/{view.pk}/edit/", {"name": "My own view", "groups": [group("viewer")]})
    assert "You can share it with groups that you are in" in refused.content.decode()
    desk.post(f"/views/{view.pk}/edit/", {"name": "My own view", "groups": [group("customer desk")]})
    assert "My own view" in page_of(other, LIST) and "My own view" in page_of(other, "/views/")
    assert other.get(f"/views/{view.pk}/").status_code == 302


def test_who_only_sees_a_view_changes_nothing_of_it(desk):
    save(desk, "q=x", groups=[group("customer desk")])
    view = SavedView.objects.get()
    other = signed_in(person("customer desk"))
    page = page_of(other, f"{LIST}?q=y&view={view.pk}")
    assert "Update “" not in page and "Edit view" not in page and "Pin to my menu" in page
    for verb in ("edit", "update", "delete"):
        assert other.post(f"/views/{view.pk}/{verb}/", {"name": "Theirs", "query": "q=z"}).status_code == 403
    view.refresh_from_db()
    assert (view.name, view.query) == ("Mine", "q=x")


def test_a_supervisor_shares_with_any_group_and_keeps_shared_views_in_order(supervisor, desk):
    save(supervisor := signed_in(person("supervisor")), "q=x", name="For all", groups=[group("viewer")])
    other = signed_in(person("viewer"))
    assert "For all" in page_of(other, LIST)
    save(desk, "q=y", name="Of the desk", groups=[group("customer desk")])
    view = SavedView.objects.get(name="Of the desk")
    view.owner.delete()
    assert "somebody who left" in page_of(supervisor, "/views/")
    supervisor.post(f"/views/{view.pk}/edit/", {"name": "Kept", "groups": [group("customer desk"), group("viewer")]})
    assert "Kept" in page_of(other, LIST)
    supervisor.post(f"/views/{view.pk}/delete/")
    assert not SavedView.objects.filter(pk=view.pk).exists()


def test_a_view_of_a_list_that_the_person_may_not_see_is_not_shown(desk):
    warehouse = person("warehouse")
    view = SavedView.objects.create(owner=warehouse, list_label="customers.customer", name="Not for you")
    view.pinned_by.add(warehouse)
    client = signed_in(warehouse)
    assert client.get(f"/views/{view.pk}/").status_code == 404
    assert "Not for you" not in page_of(client, "/") + page_of(client, "/views/")
    assert client.get(reverse("save_view", query={"list": "customers.customer"})).status_code == 403
    assert save(client, "q=x", name="Mine").status_code == 403
    assert desk.get(reverse("save_view", query={"list": "auth.user"})).status_code == 404


def test_all_changes_are_posts_with_a_token(desk):
    save(desk, "q=x")
    view = SavedView.objects.get()
    for verb in ("update", "pin", "delete"):
        assert desk.get(f"/views/{view.pk}/{verb}/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(view.owner)
    for verb in ("edit", "update", "pin", "delete"):
        assert strict.post(f"/views/{view.pk}/{verb}/", {"name": "x"}).status_code == 403
    assert strict.post(reverse("save_view", query={"list": "customers.customer"}), {"name": "y"}).status_code == 403
    assert SavedView.objects.get().name == "Mine"


# -- the menu ---------------------------------------------------------------------------------------------------------


def test_a_pinned_view_stands_in_the_menu_of_who_pinned_it_until_it_is_unpinned(desk):
    save(desk, "q=x", name="<b>Mine</b>", pin="on", groups=[group("customer desk")])
    view = SavedView.objects.get()
    page = page_of(desk, "/")
    assert "Pinned" in page and "&lt;b&gt;Mine&lt;/b&gt;" in page and "<b>Mine</b>" not in page
    other = signed_in(person("customer desk"))
    assert f'href="/views/{view.pk}/"' not in page_of(other, "/")
    other.post(f"/views/{view.pk}/pin/", {"pinned": "yes"})
    assert f'href="/views/{view.pk}/"' in page_of(other, "/")
    desk.post(f"/views/{view.pk}/pin/", {"pinned": "no"})
    assert f'href="/views/{view.pk}/"' not in page_of(desk, "/")
    assert f'href="/views/{view.pk}/"' in page_of(other, "/")
    desk.post(f"/views/{view.pk}/edit/", {"name": "Not shared any more"})
    assert f'href="/views/{view.pk}/"' not in page_of(other, "/")


def test_saved_views_cost_one_query_a_page_at_most_however_many_there_are(desk):
    def cost(url: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            page_of(desk, url)
        return len([query for query in queries if 'FROM "backoffice_savedview" ' in query["sql"]])

    RunFactory()
    assert [cost(url) for url in ("/", LIST, RUNS, "/search/")] == [0, 1, 1, 0], "nothing is pinned"
    for number in range(8):
        save(desk, f"q={number}", name=f"View {number}", pin="on")
    view = SavedView.objects.first()
    assert [cost(url) for url in ("/", LIST, RUNS, f"{LIST}?q=x&view={view.pk}")] == [1, 1, 1, 1]
