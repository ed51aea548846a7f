"""Setup links replaced on pages: new first, then the old revoked; what is half done is said and finished."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.models import RemoteWrite
from backoffice.sandbox import Sandbox, Switch
from backoffice.tests.reading import text_of
from customers import replacements
from customers.models import SetupLink
from customers.services.links import revocation_id
from customers.tests.linking import (
    LIST,
    REDIRECT,
    TOKEN,
    Counted,
    a_link,
    change_page,
    living,
    new_url,
    trouble,
    typed,
    url_of,
    write_of,
)
from customers.tests.writing import active_customer, create_link, look

pytestmark = pytest.mark.django_db

State = RemoteWrite.State


def replacing(link: SetupLink, **values: Any) -> tuple[str, dict[str, Any], UUID]:
    """Its address, a form, and the id of the revocation that follows."""
    form = typed(**values)
    return url_of("replace_setup_link", link), form, revocation_id(UUID(form["write_id"]))


def test_the_form_of_a_replacement_begins_with_the_old_links_values(desk: Client, sandbox: Sandbox) -> None:
    _, new = create_link(active_customer(), expires_in_hours=50, success_redirect_url=REDIRECT)
    assert new
    page = desk.get(url_of("replace_setup_link", new.link))
    shown = page.context["form"]
    assert (shown["lifetime"].value(), shown["hours"].value()) == ("own", 50)
    assert shown["success_redirect_url"].value() == REDIRECT
    assert "made first, then" in text_of(page)


def test_a_replacement_is_new_first_then_the_old_revoked_both_planned_before(
    desk: Client, sandbox: Sandbox, counted: Counted
) -> None:
    old = a_link()
    url, form, revocation = replacing(old, reason="Lost")
    planned: list[set[str]] = []
    counted.watch = lambda request: planned.append(
        set(RemoteWrite.objects.filter(reason="Lost").values_list("verb", flat=True))
    )
    before = living(sandbox, old.customer)
    counted.methods.clear()
    page = text_of(desk.post(url, form))
    old.refresh_from_db()
    assert planned[0] == {"create", "revoke"}
    assert counted.methods == ["GET", "POST", "DELETE", "GET"]
    assert TOKEN.search(page) and f"The old link {old} is revoked" in page and old.status == "revoked"
    made = write_of(form)
    assert (made.before["replaces"], made.state) == (old.remote_id, State.CONFIRMED)
    revoked = RemoteWrite.objects.get(pk=revocation)
    assert (revoked.follows_id, revoked.state, revoked.reason) == (made.pk, State.CONFIRMED, "Lost")
    assert living(sandbox, old.customer) == before - {old.remote_id} | {made.remote_id}
    again = text_of(desk.post(url, form, follow=True))
    assert "shown once" in again and f"The old link {old} is revoked" in again


def half_done(desk: Client, sandbox: Sandbox, switch: Switch) -> tuple[SetupLink, RemoteWrite, str]:
    """A replacement whose revocation came to nothing: the old link, that revocation, the reveal."""
    old = a_link()
    url, form, revocation = replacing(old)
    trouble(sandbox, switch)
    page = text_of(desk.post(url, form))
    sandbox.switches["kirim"].turn_off(switch.kind)
    return old, RemoteWrite.objects.get(pk=revocation), page


def test_a_half_done_replacement_is_said_everywhere_and_resumed(desk: Client, sandbox: Sandbox) -> None:
    old, revocation, page = half_done(desk, sandbox, Switch("down", method="DELETE"))
    assert TOKEN.search(page) and revocation.state == State.FAILED
    assert f"The old link {old} is not revoked: it still works" in page
    assert f'href="{url_of("revoke_setup_link", old)}"' in page
    for place in (change_page(old), change_page(old.customer), LIST, url_of("revoke_setup_link", old)):
        assert re.search("not revoked", text_of(desk.get(place))), place
    assert "Resume: revoke it" in text_of(desk.get(change_page(old)))
    resume = url_of("resume_setup_link", old)
    assert f'action="{resume}"' in text_of(desk.get(url_of("revoke_setup_link", old)))
    assert desk.get(resume).status_code == 405
    told = text_of(desk.post(resume, follow=True))
    old.refresh_from_db()
    revocation.refresh_from_db()
    assert "its replacement is complete" in told and (old.status, revocation.state) == ("revoked", State.CONFIRMED)
    assert not replacements.half_done().exists()
    for place in (change_page(old), change_page(old.customer), LIST):
        assert "not revoked" not in text_of(desk.get(place)), place
    assert "nothing to finish" in text_of(desk.post(resume, follow=True))


def test_resuming_that_fails_again_can_be_resumed_again(desk: Client, sandbox: Sandbox) -> None:
    old, revocation, _ = half_done(desk, sandbox, Switch("limit", method="DELETE"))
    trouble(sandbox, Switch("down"))
    told = text_of(desk.post(url_of("resume_setup_link", old), follow=True))
    assert "does not answer now" in told and "Resume: revoke it" in told
    sandbox.switches["kirim"].turn_off("down")
    desk.post(url_of("resume_setup_link", old))
    revocation.refresh_from_db()
    assert revocation.state == State.CONFIRMED and living(sandbox, old.customer).isdisjoint({old.remote_id})


def test_a_revocation_that_kirim_refused_is_not_repeated_but_can_be_made_anew(desk: Client, sandbox: Sandbox) -> None:
    old, revocation, page = half_done(desk, sandbox, Switch("fail", method="DELETE", status=403))
    assert revocation.state == State.REFUSED and "not revoked: it still works" in page
    told = text_of(desk.post(url_of("resume_setup_link", old), follow=True))
    assert "is not repeated" in told and f"Revoke {old}</button>" in told
    desk.post(url_of("revoke_setup_link", old), {"write_id": str(uuid4())})
    old.refresh_from_db()
    assert old.status == "revoked" and not replacements.half_done().exists()


def test_a_replacement_whose_create_failed_leaves_the_old_and_is_sent_again_whole(
    desk: Client, sandbox: Sandbox
) -> None:
    old = a_link()
    url, form, revocation = replacing(old)
    trouble(sandbox, Switch("down", method="POST"))
    page = text_of(desk.post(url, form))
    sandbox.switches["kirim"].turn_off("down")
    assert "does not answer now" in page and not TOKEN.search(page)
    assert RemoteWrite.objects.get(pk=revocation).state == State.FAILED
    assert old.remote_id in living(sandbox, old.customer)
    start = desk.get(f"{new_url(old.customer)}?again={form['write_id']}", follow=True)
    assert start.redirect_chain == [(f"{url}?again={form['write_id']}", 302)]
    page = text_of(desk.post(url, typed(again=form["write_id"])))
    assert TOKEN.search(page) and f"The old link {old} is revoked" in page
    assert {write_of(form).state, RemoteWrite.objects.get(pk=revocation).state} == {State.CONFIRMED}
    assert old.remote_id not in living(sandbox, old.customer)


def test_a_refused_create_of_a_replacement_revokes_nothing(desk: Client, sandbox: Sandbox) -> None:
    old = a_link()
    url, form, revocation = replacing(old)
    trouble(sandbox, Switch("fail", method="POST", status=422))
    assert "Kirim refused it" in text_of(desk.post(url, form))
    assert RemoteWrite.objects.get(pk=revocation).state == State.REFUSED
    assert old.remote_id in living(sandbox, old.customer)


def test_a_replacement_whose_answer_was_lost_leaves_no_living_link_out_of_sight(desk: Client, sandbox: Sandbox) -> None:
    old = a_link()
    url, form, _ = replacing(old)
    trouble(sandbox, Switch("drop", method="POST", times=1))
    page = text_of(desk.post(url, form, follow=True))
    assert "A link may exist" in page
    look(write_of(form))
    made = write_of(form)
    assert (made.state, made.secret_lost) == (State.CONFIRMED, True)
    assert {old.remote_id, made.remote_id} <= living(sandbox, old.customer)
    page = text_of(desk.get(change_page(old.customer)))
    assert "secret lost" in page and "not revoked yet" in page
    assert set(
        SetupLink.objects.filter(customer=old.customer, status="active").values_list("remote_id", flat=True)
    ) == (living(sandbox, old.customer))


def test_a_used_link_is_replaced_by_a_new_one_alone(desk: Client, sandbox: Sandbox, counted: Counted) -> None:
    old = a_link()
    sandbox.kirim.complete_onboarding(old.remote_id)
    desk.post(reverse("admin:refresh_customer", args=[old.customer.pk]))
    page = text_of(desk.get(url_of("replace_setup_link", old)))
    assert "consumed already" in page and "nothing to revoke" in page and "Make a new link</button>" in page
    url, form, revocation = replacing(old)
    counted.methods.clear()
    page = text_of(desk.post(url, form))
    assert TOKEN.search(page) and "was not revoked, as it could not be used any more" in page
    assert "DELETE" not in counted.methods and not RemoteWrite.objects.filter(pk=revocation).exists()


def test_an_old_link_used_meanwhile_is_told_on_the_reveal(desk: Client, sandbox: Sandbox) -> None:
    old = a_link()
    url, form, revocation = replacing(old)
    sandbox.kirim.complete_onboarding(old.remote_id)  # the mirror does not know yet
    page = text_of(desk.post(url, form))
    assert TOKEN.search(page) and f"The old link {old} was not revoked" in page and "consumed already, on" in page
    assert RemoteWrite.objects.get(pk=revocation).state == State.REFUSED
    assert not replacements.half_done().exists()
