"""What needs a person, of Kirim: writes that end in every way, links whose URL is lost, half-done replacements."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from backoffice.client import PERSON as PATIENT
from backoffice.models import RemoteWrite
from backoffice.sandbox import Sandbox, Switch
from backoffice.tests.factories import person
from backoffice.tests.reading import page_of, text_of
from backoffice.writes.carry_out import carry_out
from backoffice.writes.plan import plan
from customers.models import Customer, SetupLink
from customers.replacements import plan_revocation
from customers.services import SetupLinkService
from customers.tests.writing import OPERATOR, active_customer, create_link, later, look, write
from customers.verbs import kirim as verbs

pytestmark = pytest.mark.django_db

State = RemoteWrite.State
NEEDS = "/needs-you/"


def as_role(client: Client, role: str) -> Client:
    client.force_login(person(role))
    return client


def post(client: Client, write: RemoteWrite, what: str, **data: str) -> str:
    answer = client.post(f"/needs-you/writes/{write.pk}/{what}/", {"next": NEEDS, **data}, follow=True)
    assert answer.status_code == 200, answer.status_code
    write.refresh_from_db()
    return text_of(answer)


def unknown_suspension(sandbox: Sandbox) -> RemoteWrite:
    """A suspension whose answers were all lost; Kirim did it."""
    sandbox.switches["kirim"].turn_on(Switch("drop", method="PATCH"))
    lost = write(verbs.SUSPEND_CUSTOMER, active_customer(), reason="unpaid since May")
    sandbox.switches["kirim"].turn_off("drop")
    assert lost.state == State.UNKNOWN
    return lost


def failed_suspension(sandbox: Sandbox) -> RemoteWrite:
    """A suspension that never reached Kirim."""
    sandbox.switches["kirim"].turn_on(Switch("down"))
    failed = write(verbs.SUSPEND_CUSTOMER, active_customer())
    sandbox.switches["kirim"].turn_off("down")
    assert failed.state == State.FAILED
    return failed


def section_of(page: str, name: str) -> str:
    """One section of the page, from its heading to its end; "" where it is not there."""
    _, begin, rest = page.partition(f'<section class="bo-card" id="{name}"')
    return begin + rest.partition("</section>")[0] if begin else ""


# -- unknown ----------------------------------------------------------------------------------------------------------


def test_an_unknown_write_says_what_was_sent_by_whom_and_what_looking_found(sandbox: Sandbox, desk: Client) -> None:
    lost = unknown_suspension(sandbox)
    RemoteWrite.objects.filter(pk=lost.pk).update(
        remark="Kirim shows another state.", looks=2, looked_at=timezone.now()
    )
    customer = Customer.objects.get(remote_id=lost.remote_id)
    shown = section_of(page_of(desk, NEEDS), "unknown")
    for words in (
        "Suspend", customer.name, "the operator", "a command", "unpaid since May", "suspended",
        "Kirim shows another state.", "Looked for 2 times", "The next look is", "Look now", str(lost.pk),
    ):  # fmt: skip
        assert words in shown, words


def test_looking_now_settles_what_kirim_did(sandbox: Sandbox, desk: Client) -> None:
    lost = unknown_suspension(sandbox)
    page = post(desk, lost, "look")
    assert (lost.state, lost.attempts.count()) == (State.CONFIRMED, 3)
    assert "It was done. Kirim" in page
    assert section_of(page, "unknown") == ""


def test_a_look_that_fails_says_so_and_when_the_next_comes(sandbox: Sandbox, desk: Client) -> None:
    lost = unknown_suspension(sandbox)
    sandbox.switches["kirim"].turn_on(Switch("fail", status=503))
    page = post(desk, lost, "look")
    assert lost.state == State.UNKNOWN
    assert "Nobody can say yet. Looking did not work. Kirim does not answer now." in page
    assert "It is looked for again in" in page and "Traceback" not in page


def test_looking_for_what_is_settled_already_changes_nothing(sandbox: Sandbox, desk: Client) -> None:
    done = write(verbs.SUSPEND_CUSTOMER, active_customer())
    page = post(desk, done, "look")
    assert "It is confirmed already, so there is nothing to look for." in page
    assert done.looks == 0


def test_a_write_whose_process_died_shows_before_any_worker_found_it(sandbox: Sandbox, desk: Client) -> None:
    gone, _ = plan(verbs.SUSPEND_CUSTOMER, OPERATOR, remote_id=active_customer().remote_id)
    sent = {"state": State.SENT, "sent_at": timezone.now(), "before": {"status": "active"}}
    RemoteWrite.objects.filter(pk=gone.pk).update(**sent)
    assert section_of(page_of(desk, NEEDS), "unknown") == ""  # it may still be under way
    with later(61):
        assert "Whoever sent it ended without an answer." in section_of(page_of(desk, NEEDS), "unknown")
        assert still_is(gone, State.SENT)
        post(desk, gone, "look")
    assert gone.state == State.FAILED


def still_is(write: RemoteWrite, state: str) -> bool:
    return RemoteWrite.objects.get(pk=write.pk).state == state


def test_only_a_supervisor_settles_by_hand_and_not_without_a_reason(sandbox: Sandbox, client: Client) -> None:
    lost = unknown_suspension(sandbox)
    url = f"/needs-you/writes/{lost.pk}/settle/"
    as_role(client, "customer desk")
    assert "Settle it by hand" not in page_of(client, NEEDS)
    assert client.post(url, {"was_done": "yes", "reason": "I saw it"}).status_code == 403

    supervisor = person("supervisor")
    client.force_login(supervisor)
    assert "It was not done" in section_of(page_of(client, NEEDS), "unknown")
    page = post(client, lost, "settle", was_done="yes", reason="  ")
    assert "Say how you know" in page and lost.state == State.UNKNOWN
    page = post(client, lost, "settle", reason="typed but <undecided>")
    assert "Say whether it was done." in page and "typed but &lt;undecided&gt;" in page
    page = post(client, lost, "settle", was_done="maybe", reason="x")
    assert "Say whether it was done." in page and lost.state == State.UNKNOWN

    page = post(client, lost, "settle", was_done="no", reason="the dashboard shows it active")
    assert lost.state == State.FAILED
    assert f"Settled by hand by {supervisor}: the dashboard shows it active" in lost.error
    assert "Suspend customer is failed now, by your word." in page
    assert "It is failed already; nothing was changed." in post(client, lost, "settle", was_done="yes", reason="late")
    assert lost.state == State.FAILED


# -- failed -----------------------------------------------------------------------------------------------------------


def test_a_failed_write_is_sent_again_as_an_attempt_on_the_same_write(sandbox: Sandbox, desk: Client) -> None:
    failed = failed_suspension(sandbox)
    tried = failed.attempts.count()
    assert "Send again" in section_of(page_of(desk, NEEDS), "failed")
    page = post(desk, failed, "again")
    assert (failed.state, failed.attempts.count()) == (State.CONFIRMED, tried + 1)
    assert "Suspend customer: done." in page
    assert RemoteWrite.objects.count() == 1
    assert "It is confirmed; only what is proven not done (failed) can be sent again." in post(desk, failed, "again")
    assert failed.attempts.count() == tried + 1


def test_what_fails_again_comes_back_even_if_it_had_been_dismissed(sandbox: Sandbox, desk: Client) -> None:
    failed = failed_suspension(sandbox)
    post(desk, failed, "dismiss")
    assert failed.dismissed_by is not None and section_of(page_of(desk, NEEDS), "failed") == ""
    sandbox.switches["kirim"].turn_on(Switch("down"))
    page = post(desk, failed, "again")
    assert failed.state == State.FAILED and "Nothing was done." in page
    assert str(failed.pk) in section_of(page, "failed")


def test_nothing_is_sent_to_another_installation_than_it_was_meant_for(
    sandbox: Sandbox, desk: Client, settings: Any
) -> None:
    failed, lost = failed_suspension(sandbox), unknown_suspension(sandbox)
    RemoteWrite.objects.update(identity="https://other.example/v1")
    page = post(desk, failed, "again")
    assert "It was meant for https://other.example/v1, which is not configured now. Nothing was sent." in page
    assert failed.state == State.FAILED
    lost.refresh_from_db()
    look(lost)
    assert (lost.state, lost.looks) == (State.UNKNOWN, 1)
    assert "nobody can look there" in lost.remark


def test_an_upstream_that_is_off_turns_the_buttons_off_and_says_why(
    sandbox: Sandbox, desk: Client, settings: Any
) -> None:
    failed_suspension(sandbox)
    settings.KIRIM_API_KEY = ""
    shown = section_of(page_of(desk, NEEDS), "failed")
    assert "disabled>Send again" in shown and "Kirim is off: set KIRIM_API_KEY." in shown
    assert "/again/" not in shown


def test_a_failed_link_is_made_on_its_own_page_and_never_in_passing(sandbox: Sandbox, desk: Client) -> None:
    customer = active_customer()
    sandbox.switches["kirim"].turn_on(Switch("down"))
    failed, _ = create_link(customer, expires_in_hours=24)
    sandbox.switches["kirim"].turn_off("down")
    shown = section_of(page_of(desk, NEEDS), "failed")
    assert f"/new/{customer.pk}/?again={failed.pk}" in shown and "Send again" not in shown
    before = RemoteWrite.objects.get(pk=failed.pk).attempts.count()
    assert "is done on its own page, as its answer is shown only there" in post(desk, failed, "again")
    assert (failed.state, failed.attempts.count()) == (State.FAILED, before)
    made, new = create_link(customer, expires_in_hours=48)  # done anew, with another lifetime
    assert new and made.state == State.CONFIRMED
    assert section_of(page_of(desk, NEEDS), "failed") == ""


# -- refused ----------------------------------------------------------------------------------------------------------


def test_a_refused_write_shows_for_a_week_and_can_be_dismissed(sandbox: Sandbox, desk: Client) -> None:
    refused = write(verbs.CREATE_CUSTOMER, sends={"name": "x" * 201})
    shown = section_of(page_of(desk, NEEDS), "refused")
    assert refused.error and "Dismiss" in shown and "Send again" not in shown
    with later(8 * 24 * 3600):
        desk.force_login(person("customer desk"))
        assert section_of(page_of(desk, NEEDS), "refused") == ""
    desk.force_login(person("customer desk"))
    page = post(desk, refused, "dismiss")
    assert "Dismissed: 1." in page and section_of(page, "refused") == ""
    assert refused.state == State.REFUSED and refused.dismissed_at
    assert "Nothing was dismissed" in post(desk, refused, "dismiss")


def test_a_refusal_that_was_made_good_on_the_same_object_needs_nobody(sandbox: Sandbox, desk: Client) -> None:
    customer = active_customer()
    write(verbs.UPDATE_CUSTOMER, customer, sends={"email": "nonsense"}, before={"email": customer.email})
    assert section_of(page_of(desk, NEEDS), "refused")
    done = write(
        verbs.UPDATE_CUSTOMER, customer, sends={"email": "right@shop.example"}, before={"email": customer.email}
    )
    assert done.state == State.CONFIRMED
    assert section_of(page_of(desk, NEEDS), "refused") == ""


# -- setup links ------------------------------------------------------------------------------------------------------


def test_a_link_whose_url_is_lost_waits_until_it_is_replaced_or_revoked(sandbox: Sandbox, desk: Client) -> None:
    sandbox.switches["kirim"].turn_on(Switch("drop", method="POST", times=1))
    made, _ = create_link(active_customer(), expires_in_hours=24)
    look(made, after_s=0)
    assert made.secret_lost
    link = SetupLink.objects.get(remote_id=made.remote_id)
    shown = section_of(page_of(desk, NEEDS), "links-lost")
    for words in (f"…{link.token_last4}", f"/{link.pk}/replace/", f"/{link.pk}/revoke/", "Replace this link"):
        assert words in shown, words
    write(verbs.REVOKE_LINK, link)
    assert section_of(page_of(desk, NEEDS), "links-lost") == ""


def test_a_lost_link_that_is_not_mirrored_here_is_not_forgotten(sandbox: Sandbox, desk: Client) -> None:
    sandbox.switches["kirim"].turn_on(Switch("drop", method="POST", times=1))
    made, _ = create_link(active_customer())
    look(made, after_s=0)
    SetupLink.objects.filter(remote_id=made.remote_id).delete()
    shown = section_of(page_of(desk, NEEDS), "links-lost")
    assert "not mirrored here yet" in shown and "Replace this link" not in shown


def half_done_replacement(sandbox: Sandbox) -> tuple[SetupLink, RemoteWrite]:
    """A link that was replaced while Kirim took no revocation."""
    customer = active_customer()
    _, new = create_link(customer)
    assert new
    sandbox.switches["kirim"].turn_on(Switch("limit", method="DELETE", path="*"))
    creation, _ = plan(verbs.CREATE_LINK, OPERATOR, owner_remote_id=customer.remote_id)
    revocation = plan_revocation(new.link, creation, OPERATOR)
    carry_out(creation, PATIENT, lambda api: SetupLinkService(api).replace(new.link, creation, revocation))
    sandbox.switches["kirim"].turn_off("limit")
    creation.refresh_from_db()
    revocation.refresh_from_db()
    assert (creation.state, revocation.state) == (State.CONFIRMED, State.FAILED)
    return new.link, revocation


def test_a_half_done_replacement_is_resumed_and_is_counted_once(sandbox: Sandbox, desk: Client) -> None:
    link, revocation = half_done_replacement(sandbox)
    page = page_of(desk, NEEDS)
    assert section_of(page, "failed") == ""
    assert "Resume: revoke the old link" in section_of(page, "links-half-done")
    assert "which is confirmed" in section_of(page, "links-half-done")
    desk.post(f"/admin/customers/setuplink/{link.pk}/resume/")
    revocation.refresh_from_db()
    link.refresh_from_db()
    assert (revocation.state, link.status) == (State.CONFIRMED, "revoked")
    assert section_of(page_of(desk, NEEDS), "links-half-done") == ""


def test_a_half_done_replacement_needs_nobody_once_the_old_link_is_over_or_it_was_dismissed(
    sandbox: Sandbox, desk: Client
) -> None:
    link, revocation = half_done_replacement(sandbox)
    with later(31 * 24 * 3600):
        desk.force_login(person("customer desk"))
        assert section_of(page_of(desk, NEEDS), "links-half-done") == ""
    desk.force_login(person("customer desk"))
    assert section_of(post(desk, revocation, "dismiss"), "links-half-done") == ""
    link.refresh_from_db()
    assert (revocation.state, link.status) == (State.FAILED, "active")


def test_a_revocation_is_never_sent_before_the_new_link_is_there(sandbox: Sandbox, desk: Client) -> None:
    customer = active_customer()
    _, new = create_link(customer)
    assert new
    sandbox.switches["kirim"].turn_on(Switch("down"))
    creation, _ = plan(verbs.CREATE_LINK, OPERATOR, owner_remote_id=customer.remote_id)
    revocation = plan_revocation(new.link, creation, OPERATOR)
    carry_out(creation, PATIENT, lambda api: SetupLinkService(api).replace(new.link, creation, revocation))
    sandbox.switches["kirim"].turn_off("down")
    shown = section_of(page_of(desk, NEEDS), "failed")
    assert str(creation.pk) in shown and f'id="write-{revocation.pk}"' not in shown
    with later(61):
        assert "It follows write" in post(desk, revocation, "again")
    assert revocation.attempts.count() == 0
    assert sandbox.kirim.links.get(new.link.remote_id)["status"] == "active"


# -- who sees what ----------------------------------------------------------------------------------------------------


def test_a_viewer_sees_what_waits_and_can_do_none_of_it(sandbox: Sandbox, client: Client) -> None:
    lost, failed = unknown_suspension(sandbox), failed_suspension(sandbox)
    as_role(client, "viewer")
    page = page_of(client, NEEDS)
    assert str(lost.pk) in section_of(page, "unknown") and str(failed.pk) in section_of(page, "failed")
    for words in ("Look now", "Send again", "Dismiss", "Settle it by hand"):
        assert words not in section_of(page, "unknown") + section_of(page, "failed"), words
    for what in ("look", "again", "settle", "dismiss"):
        for one in (lost, failed):
            data = {"was_done": "yes", "reason": "mine"}
            assert client.post(f"/needs-you/writes/{one.pk}/{what}/", data).status_code == 403, what
    assert client.get(f"/needs-you/writes/{lost.pk}/settle/").status_code == 403
    lost.refresh_from_db()
    failed.refresh_from_db()
    assert (lost.state, lost.looks, failed.state, failed.dismissed_at) == (State.UNKNOWN, 0, State.FAILED, None)


def test_the_warehouse_learns_of_no_write_to_a_customer(sandbox: Sandbox, client: Client) -> None:
    failed = failed_suspension(sandbox)
    as_role(client, "warehouse")
    assert "Nothing waits for you" in page_of(client, NEEDS)
    assert client.post(f"/needs-you/writes/{failed.pk}/again/").status_code == 404
    failed.refresh_from_db()
    assert failed.state == State.FAILED


def test_a_get_neither_changes_nor_asks_anything(sandbox: Sandbox, desk: Client, settings: Any) -> None:
    lost = unknown_suspension(sandbox)
    settings.REMOTE_TRANSPORT = None  # the network, which no test may reach
    page_of(desk, NEEDS)
    for what in ("look", "again", "dismiss"):
        assert desk.get(f"/needs-you/writes/{lost.pk}/{what}/").status_code == 405
    lost.refresh_from_db()
    assert (lost.state, lost.looks) == (State.UNKNOWN, 0)


def test_after_a_click_the_person_is_sent_to_no_strangers_page(sandbox: Sandbox, desk: Client) -> None:
    lost = unknown_suspension(sandbox)
    for stranger in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        answer = desk.post(f"/needs-you/writes/{lost.pk}/look/", {"next": stranger})
        assert answer["Location"] == f"/admin/backoffice/remotewrite/{lost.pk}/change/"
