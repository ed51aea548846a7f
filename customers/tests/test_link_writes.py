"""Setup links at a Kirim that loses answers: no living link is lost from sight, and no URL is kept."""

import pytest

from backoffice.models import RemoteWrite
from backoffice.sandbox import Sandbox, Switch
from customers.models import Customer, SetupLink
from customers.tests.writing import active_customer, create_link, look, write
from customers.verbs import kirim as verbs

pytestmark = pytest.mark.django_db

State = RemoteWrite.State


def living(sandbox: Sandbox, customer: Customer) -> set[str]:
    return {row["id"] for row in sandbox.kirim.links.newest(customer.remote_id) if row["status"] == "active"}


def test_a_new_link_is_handed_over_once_and_known_by_its_last_four(sandbox: Sandbox) -> None:
    customer = active_customer()
    made, new = create_link(customer, expires_in_hours=24)
    assert made.state == State.CONFIRMED and new is not None
    assert new.setup_url.startswith("https://")
    assert new.setup_url.endswith(new.link.token_last4)
    assert new.link.remote_id in living(sandbox, customer)
    assert new.setup_url not in str(made.__dict__) + str(new)


def test_a_link_whose_answer_was_lost_is_found_and_marked_as_one_without_secret(sandbox: Sandbox) -> None:
    customer = active_customer()
    before = living(sandbox, customer)
    sandbox.switches["kirim"].turn_on(Switch("drop", method="POST", times=1))
    made, new = create_link(customer, expires_in_hours=24)
    assert (made.state, new) == (State.UNKNOWN, None)
    look(made, after_s=0)
    assert (made.state, made.secret_lost) == (State.CONFIRMED, True)
    assert living(sandbox, customer) == before | {made.remote_id}


def test_a_link_that_was_not_made_is_proven_absent(sandbox: Sandbox) -> None:
    sandbox.switches["kirim"].turn_on(Switch("fail", method="POST", status=503, times=1))
    made, _ = create_link(active_customer())
    assert look(made, after_s=0).state == State.UNKNOWN
    assert look(made).state == State.FAILED


def test_revoking_a_consumed_link_tells_when_it_was_consumed(sandbox: Sandbox) -> None:
    _, new = create_link(active_customer())
    assert new
    sandbox.kirim.complete_onboarding(new.link.remote_id)
    revoked = write(verbs.REVOKE_LINK, new.link)
    new.link.refresh_from_db()
    assert (revoked.state, revoked.status, new.link.status) == (State.REFUSED, 409, "consumed")
    assert f"consumed already, on {new.link.consumed_at:%Y-%m-%d %H:%M} UTC" in revoked.error


def test_a_revocation_whose_first_answer_was_lost_is_confirmed_by_the_list(sandbox: Sandbox) -> None:
    _, new = create_link(active_customer())
    assert new
    sandbox.switches["kirim"].turn_on(Switch("drop", method="DELETE", times=1))
    revoked = write(verbs.REVOKE_LINK, new.link)
    assert (revoked.state, revoked.attempts.count()) == (State.CONFIRMED, 2)
    assert SetupLink.objects.get(pk=new.link.pk).status == "revoked"
