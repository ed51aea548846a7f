"""``writes`` at its door: what is listed and shown to whom, settling, and sending again."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from backoffice.errors import NotInThisState
from backoffice.models import RemoteWrite
from backoffice.tests.factories import person
from backoffice.writes import settle as settling
from backoffice.writes.sending import settle_unsent
from customers.tests.write_commands import KEYS, World, customers, links, writes
from customers.tests.writing import later

pytestmark = pytest.mark.django_db

State = RemoteWrite.State


def only(*codenames: str) -> User:
    user: User = person(username="ayu")
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


def lost_suspension(world: World) -> str:
    """A write that Kirim did and whose answer never came; its id."""
    world.trouble("drop", method="PATCH")
    id: str = customers("suspend", world.customer, "--json").records[0]["write"]
    world.calm()
    return id


def failed_suspension(world: World) -> str:
    world.trouble("down", method="PATCH")
    id: str = customers("suspend", world.customer, "--reason", "unpaid", "--json").records[0]["write"]
    world.calm()
    return id


# -- list and show ----------------------------------------------------------------------------------------------------


def test_the_list_prints_a_verbs_keys_the_newest_first(world: World) -> None:
    customers("suspend", world.customer)
    links("create", world.customer)
    listed = writes("list", "--json")
    assert (listed.code, listed.err) == (0, "")
    assert [list(record) for record in listed.records] == [KEYS] * 2
    assert [record["verb"] for record in listed.records] == ["create", "suspend"]
    plain = writes("list").out.splitlines()
    assert len(plain) == 2 and world.customer in plain[1] and "confirmed" in plain[1]


def test_the_list_can_be_narrowed_down(world: World) -> None:
    customers("suspend", world.customer)
    customers("suspend", world.customer)  # refused: it is suspended already
    links("create", world.customer)
    assert [record["state"] for record in writes("list", "--state", "refused", "--json").records] == ["refused"]
    assert [record["verb"] for record in writes("list", "--target", "setup_link", "--json").records] == ["create"]
    cut = writes("list", "--limit", "1")
    assert len(cut.out.splitlines()) == 1 and "1 of 3 writes" in cut.err
    assert writes("list", "--state", "unknown").err == "No write fits.\n"


@pytest.mark.parametrize(
    "argv",
    [(), ("list", "--state", "lost"), ("list", "--target", "cat"), ("list", "--limit", "0"), ("show",), ("show", "7"),
     ("settle", "x"), ("send_again",)],
)  # fmt: skip
def test_wrong_usage_is_exit_2(argv: tuple[str, ...]) -> None:
    assert writes(*argv).code == 2


def test_show_tells_all_of_a_write_and_its_attempts(world: World) -> None:
    id = lost_suspension(world)
    (record,) = writes("show", id, "--json").records
    assert list(record)[: len(KEYS)] == KEYS
    assert (record["sends"], record["before"]) == ({"status": "suspended"}, {"status": "active"})
    assert (record["actor"], record["door"], record["upstream"]) == (None, "command", "kirim")
    assert [attempt["outcome"] for attempt in record["attempts"]] == ["lost"] * 3
    plain = writes("show", id)
    assert "attempt 3" in plain.out and "no whole answer" in plain.out
    assert f"writes settle {id}" in plain.err


def test_what_is_not_there_is_a_sentence(world: World) -> None:
    id = uuid4()
    for verb in ("show", "settle", "send_again"):
        ended = writes(verb, str(id))
        assert (ended.code, ended.out, ended.err) == (1, "", f"There is no write {id}.\n")


def test_remote_text_neither_breaks_a_line_nor_commands_the_terminal(world: World) -> None:
    customers("suspend", world.customer)
    RemoteWrite.objects.update(error="\x1b[2J\r\nevil\x9b", request_id="\x1b]0;x\x07")
    write = RemoteWrite.objects.get()
    for ended in (writes("list"), writes("show", str(write.pk)), writes("list", "--json")):
        assert not any(character in ended.out + ended.err for character in "\x1b\r\x9b\x07")
    assert len(writes("list").out.splitlines()) == 1


def test_people_see_writes_to_what_they_may_see(world: World) -> None:
    customers("suspend", world.customer)
    links("create", world.customer)
    link_write = RemoteWrite.objects.get(target="setup_link")
    user = only("view_customer")
    refused = writes("list", "--as", "ayu")
    assert (refused.code, refused.out) == (3, "") and "backoffice.view_remotewrite" in refused.err
    user.user_permissions.add(Permission.objects.get(codename="view_remotewrite"))
    assert [record["target"] for record in writes("list", "--as", "ayu", "--json").records] == ["customer"]
    hidden = writes("show", str(link_write.pk), "--as", "ayu", "--json")
    assert (hidden.code, hidden.out) == (1, "") and "that you may see" in hidden.err
    person("viewer", username="vera")
    assert len(writes("list", "--as", "vera", "--json").records) == 2


# -- settling ---------------------------------------------------------------------------------------------------------


def test_settling_looks_and_sends_nothing(world: World) -> None:
    id = lost_suspension(world)
    count = len(world.sent())
    settled = writes("settle", "--json")
    assert [list(record) for record in settled.records] == [KEYS]
    assert (settled.code, settled.records[0]["write"], settled.records[0]["state"]) == (0, id, "confirmed")
    assert len(world.sent()) == count
    nothing = writes("settle")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "No write is unknown.\n")


def test_settling_looks_whenever_it_is_asked_to(world: World) -> None:
    id = lost_suspension(world)
    RemoteWrite.objects.update(next_look_at=timezone.now() + timedelta(hours=5))
    assert writes("settle").code == 0
    assert RemoteWrite.objects.get(pk=id).state == State.CONFIRMED


def test_what_stays_unknown_is_exit_1_with_what_looking_found(world: World) -> None:
    lost_suspension(world)
    world.trouble("down")
    settled = writes("settle")
    assert settled.code == 1 and "unknown" in settled.out
    assert "Looking did not work" in RemoteWrite.objects.get().remark
    world.calm()
    assert writes("settle").code == 0


def test_only_the_named_are_settled_and_those_that_have_an_end_are_shown(world: World) -> None:
    id = lost_suspension(world)
    other = customers("create", "--name", "x", "--json").records[0]["write"]
    shown = writes("settle", other, "--json")
    assert (shown.code, shown.records[0]["state"]) == (0, "confirmed")
    assert RemoteWrite.objects.get(pk=id).state == State.UNKNOWN
    both = writes("settle", other, id, "--json")
    assert (both.code, [record["write"] for record in both.records]) == (0, [other, id])


def test_what_is_being_sent_is_told_and_found_lost_after_a_minute(world: World) -> None:
    id = lost_suspension(world)
    RemoteWrite.objects.update(state=State.SENT, sent_at=timezone.now(), before={"status": "active"})
    early = writes("settle")
    assert (early.code, early.out) == (1, "") and "being sent" in early.err
    assert writes("settle", id).code == 1
    with later(61):
        assert writes("settle").code == 0
    assert RemoteWrite.objects.get(pk=id).state == State.CONFIRMED


def test_a_write_that_was_planned_and_never_sent_is_failed_and_can_be_sent(world: World) -> None:
    id = failed_suspension(world)
    RemoteWrite.objects.update(state=State.PLANNED, waits_since=timezone.now() - timedelta(seconds=61))
    assert writes("send_again", id).code == 0
    assert world.there(world.customer)["status"] == "suspended"


@pytest.mark.parametrize(
    ("permissions", "may"),
    [(["view_remotewrite"], False), (["activate_customer"], False), (["suspend_customer"], True),
     (["settle_remotewrite"], True)],
)  # fmt: skip
def test_settling_takes_the_verbs_permission_or_that_to_settle(permissions: list[str], may: bool, world: World) -> None:
    id = lost_suspension(world)
    only(*permissions)
    world.asked.clear()
    ended = writes("settle", id, "--as", "ayu")
    assert (ended.code, bool(ended.out)) == ((0, True) if may else (3, False))
    if not may:
        assert "backoffice.settle_remotewrite" in ended.err
        assert world.asked == []


def test_what_others_have_to_settle_is_counted_and_left_alone(world: World) -> None:
    id = lost_suspension(world)
    only("activate_customer")
    world.asked.clear()
    ended = writes("settle", "--as", "ayu")
    assert (ended.code, ended.out) == (1, "")
    assert "1 more are unknown, and for others to settle" in ended.err
    assert world.asked == []
    assert RemoteWrite.objects.get(pk=id).state == State.UNKNOWN


def test_a_viewer_settles_nothing_even_where_nothing_is_unknown(world: World) -> None:
    person("viewer", username="vera")
    assert writes("settle", "--as", "vera").code == 3
    person("customer desk", username="dewi")
    assert writes("settle", "--as", "dewi").code == 0


# -- sending again ----------------------------------------------------------------------------------------------------


def test_a_failed_write_is_sent_again_as_a_new_attempt_on_the_same_write(world: World) -> None:
    id = failed_suspension(world)
    before = RemoteWrite.objects.get().attempts.count()
    ended = writes("send_again", id)
    assert ended.code == 0 and ended.out == f"Suspend customer {world.customer}: done.\n"
    write = RemoteWrite.objects.get()
    assert (str(write.pk), write.state, write.reason) == (id, State.CONFIRMED, "unpaid")
    assert write.attempts.count() == before + 1
    assert world.there(world.customer)["status"] == "suspended"


@pytest.mark.parametrize("state", [State.CONFIRMED, State.REFUSED, State.UNKNOWN, State.SENT, State.PLANNED])
def test_nothing_but_a_failed_write_is_sent_again(state: str, world: World) -> None:
    id = failed_suspension(world)
    RemoteWrite.objects.update(state=state)
    world.asked.clear()
    ended = writes("send_again", id, "--json")
    assert (ended.code, ended.out) == (3, "")
    assert f"It is {state}" in ended.err
    assert world.asked == []


def test_whoever_did_not_send_a_write_does_not_speak_for_whoever_does(world: World) -> None:
    id = failed_suspension(world)
    RemoteWrite.objects.update(state=State.PLANNED, sent_at=None)
    stale = RemoteWrite.objects.get()
    RemoteWrite.objects.update(state=State.SENT, sent_at=timezone.now())  # by another process, just now
    settling.leave(stale)
    settle_unsent(stale, NotInThisState("no"))
    assert RemoteWrite.objects.get(pk=id).state == State.SENT


def test_a_write_that_fails_again_says_how_to_go_on(world: World) -> None:
    id = failed_suspension(world)
    world.trouble("down")
    ended = writes("send_again", id, "--json")
    assert (ended.code, ended.records[0]["state"]) == (1, "failed")
    assert f"writes send_again {id}" in ended.err


def test_sending_again_takes_the_verbs_permission(world: World) -> None:
    id = failed_suspension(world)
    user = only("view_remotewrite", "settle_remotewrite", "activate_customer")
    world.asked.clear()
    ended = writes("send_again", id, "--as", "ayu")
    assert (ended.code, ended.out) == (3, "") and "customers.suspend_customer" in ended.err
    assert world.asked == []
    user.user_permissions.add(Permission.objects.get(codename="suspend_customer"))
    assert writes("send_again", id, "--as", "ayu").code == 0


def test_a_link_sent_again_prints_its_url_once(world: World) -> None:
    world.trouble("down", method="POST")
    id = links("create", world.customer, "--json").records[0]["write"]
    world.calm()
    ended = writes("send_again", id)
    assert ended.code == 0
    assert ended.out.startswith("https://") and len(ended.out.splitlines()) == 1
    assert "shown this once" in ended.err
    assert not RemoteWrite.objects.get(pk=id).secret_lost
