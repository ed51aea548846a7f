"""Our webhook subscription at Afosto: made, repaired, replaced, and its secret printed once and kept nowhere."""

import logging
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from backoffice.models import RemoteWrite
from backoffice.tests.everywhere import every_table
from backoffice.tests.factories import person
from backoffice.tests.shell import Ended, command, run
from customers.tests.writing import look
from fulfilment.subscriptions import AfostoSubscriber
from fulfilment.tests import syncing
from fulfilment.tests.syncing import Upstream
from fulfilment.webhooks import AfostoInbox

pytestmark = pytest.mark.django_db
URL = "http://testserver/webhooks/afosto/"
EVENTS = list(AfostoInbox.events)
State = RemoteWrite.State


@pytest.fixture
def there(settings: Any) -> Iterator[Upstream]:
    with syncing.upstream(settings, lists=0, parcels=0) as there:
        yield there


def subscribe(*argv: str) -> Ended:
    return run(command("backoffice.management.commands.webhooks"), "subscribe", *argv)


def ours(there: Upstream) -> list[dict[str, Any]]:
    return [dict(row) for row in there.afosto.events.subscriptions if row["endpoint"] == URL]


def add(there: Upstream, events: Any = EVENTS) -> dict[str, Any]:
    return dict(there.afosto.events.add_subscription(URL, events))


def writes() -> list[tuple[str, str, str]]:
    return list(RemoteWrite.objects.order_by("planned_at").values_list("verb", "remote_id", "state"))


def secret_in(ended: Ended) -> str:
    found = re.fullmatch(r"AFOSTO_WEBHOOK_SECRET=(whs_\S+)\n", ended.out)
    assert found, ended
    return found[1]


def test_without_a_subscription_one_is_made_and_its_secret_printed_as_a_line_of_the_environment(
    there: Upstream, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    other = there.afosto.events.add_subscription("https://somebody.example/", EVENTS)
    with caplog.at_level(logging.DEBUG):
        ended = subscribe("afosto")
    (its,) = ours(there)
    assert (ended.code, secret_in(ended), its["events"]) == (0, its["secret"], EVENTS)
    assert writes() == [("create", str(its["id"]), State.CONFIRMED)]
    assert "shown only now" in ended.err
    for place in (ended.err, every_table(), caplog.text):
        assert its["secret"] not in place and other["secret"] not in place
    settings.AFOSTO_WEBHOOK_SECRET = its["secret"]
    again = subscribe("afosto")
    assert (again.code, again.out, again.err) == (0, "", f"Afosto delivers to {URL} as it should.\n")
    assert len(writes()) == 1


def test_with_json_the_secret_is_a_member_of_its_writes_line(there: Upstream) -> None:
    (line,) = subscribe("afosto", "--json").records
    assert (line["verb"], line["target"], line["state"]) == ("create", "afosto_subscription", "confirmed")
    assert line["secret"] == ours(there)[0]["secret"]


def test_one_that_lacks_events_is_repaired_and_keeps_what_others_added(there: Upstream, settings: Any) -> None:
    its = add(there, ["DELIVERED"])
    settings.AFOSTO_WEBHOOK_SECRET = f"whs_old,{its['secret']}"
    ended = subscribe("afosto", "--json")
    (row,) = ours(there)
    assert (ended.code, [line["verb"] for line in ended.records]) == (0, ["update"])
    assert row["events"] == ["DELIVERED", *EVENTS[:-1]] and row["id"] == its["id"]
    assert its["secret"] not in ended.out + ended.err + every_table()
    assert subscribe("afosto").out == "" and len(writes()) == 1


def test_one_whose_secret_is_not_set_here_is_replaced_the_new_one_first(there: Upstream, settings: Any) -> None:
    settings.AFOSTO_WEBHOOK_SECRET = "whs_of_nobody"
    old = add(there)
    refused = subscribe("afosto")
    assert (refused.code, writes()) == (2, []) and "--yes" in refused.err
    ended = subscribe("afosto", "--yes")
    (new,) = ours(there)
    assert (ended.code, secret_in(ended)) == (0, new["secret"])
    assert writes() == [("create", str(new["id"]), State.CONFIRMED), ("delete", str(old["id"]), State.CONFIRMED)]
    assert old["secret"] not in ended.out + ended.err + every_table()


def test_of_two_the_one_whose_secret_is_set_here_stays(there: Upstream, settings: Any) -> None:
    kept, other = add(there), add(there)
    settings.AFOSTO_WEBHOOK_SECRET = kept["secret"]
    assert "2 times" in AfostoSubscriber().trouble()
    assert subscribe("afosto", "--yes").code == 0
    assert [row["id"] for row in ours(there)] == [kept["id"]]
    assert writes() == [("delete", str(other["id"]), State.CONFIRMED)]


def test_one_whose_answer_was_lost_is_found_and_replaced_by_running_the_command_again(
    there: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    there.turn_on("drop", method="POST", path="/mes/webhooks/subscriptions", times=1)
    with caplog.at_level(logging.DEBUG):
        first = subscribe("afosto", "--yes")
        (lost,) = ours(there)
        second = subscribe("afosto", "--yes")
    (new,) = ours(there)
    assert (first.code, first.out, second.code) == (1, "", 0) and new["id"] != lost["id"]
    assert secret_in(second) == new["secret"]
    assert not RemoteWrite.objects.filter(secret_lost=True).exists()
    assert lost["secret"] not in second.err + caplog.text + every_table()


def test_while_it_is_not_known_what_became_of_one_no_other_is_made(there: Upstream) -> None:
    there.turn_on("fail", method="POST", path="/mes/webhooks/subscriptions", status=500, times=1)
    subscribe("afosto")
    again = subscribe("afosto", "--json")
    assert again.code == 1 and [line["state"] for line in again.records] == ["unknown"]
    look(RemoteWrite.objects.get())
    assert writes() == [("create", "", State.FAILED)] and ours(there) == []
    assert subscribe("afosto").code == 0 and len(ours(there)) == 1


@pytest.mark.parametrize(
    ("how", "code", "state"),
    [
        ({"kind": "down"}, 1, None),
        ({"kind": "fail", "method": "POST", "path": "/mes/*", "status": 400}, 3, State.REFUSED),
        ({"kind": "limit", "method": "POST", "path": "/mes/*"}, 1, State.FAILED),
        ({"kind": "fail", "method": "POST", "path": "/mes/*", "status": 500}, 1, State.UNKNOWN),
    ],
)
def test_nothing_is_printed_and_nothing_removed_when_it_cannot_be_made(
    there: Upstream, how: dict[str, Any], code: int, state: str | None
) -> None:
    old = add(there)
    there.turn_on(**how)
    ended = subscribe("afosto", "--yes")
    assert (ended.code, ended.out, ours(there)) == (code, "", [old])
    assert [made for _, _, made in writes()] == ([state] if state else [])
    assert ended.err and "Traceback" not in ended.err


def test_only_events_that_afosto_names_are_asked_for(there: Upstream, settings: Any) -> None:
    names = ["DELIVERED", "SOMETHING_ELSE"]

    def named(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/mes/webhooks/events"):
            return None
        return httpx.Response(200, json=[{"event": name} for name in names])

    there.watch = named
    assert subscribe("afosto").code == 0
    assert ours(there)[0]["events"] == ["DELIVERED"]
    names.remove("DELIVERED")
    ended = subscribe("afosto", "--yes")
    assert ended.code == 1 and "names none of the events" in ended.err and len(writes()) == 1


@pytest.mark.parametrize(("group", "code"), [("viewer", 3), ("warehouse", 3), ("supervisor", 0)])
def test_it_takes_the_permission(there: Upstream, group: str, code: int) -> None:
    assert subscribe("afosto", "--as", person(group).username).code == code
    assert len(ours(there)) == (code == 0)


def test_without_a_name_all_that_are_on_are_subscribed_to(there: Upstream, settings: Any) -> None:
    settings.KIRIM_API_KEY = ""
    assert secret_in(subscribe()) == ours(there)[0]["secret"]


def test_trouble_is_told_in_a_sentence(there: Upstream, settings: Any) -> None:
    trouble = AfostoSubscriber().trouble
    assert trouble() == f"Afosto has no subscription that delivers to {URL}."
    its = add(there, EVENTS[:1])
    assert "cannot be used" in trouble()
    settings.AFOSTO_WEBHOOK_SECRET = its["secret"]
    assert trouble() == "Our subscription at Afosto is not as it should be: events."
    there.afosto.events.subscriptions.change(str(its["id"]), events=EVENTS)
    assert trouble() == ""


def test_a_lost_change_and_a_lost_removal_are_settled_by_the_list(there: Upstream, settings: Any) -> None:
    its = add(there, ["DELIVERED"])
    settings.AFOSTO_WEBHOOK_SECRET = its["secret"]
    there.turn_on("drop", method="PUT")
    assert subscribe("afosto").code == 1
    there.turn_off("drop")
    write = RemoteWrite.objects.get()
    assert write.state == State.UNKNOWN and look(write).state == State.CONFIRMED
    settings.AFOSTO_WEBHOOK_SECRET = "whs_of_nobody"
    there.turn_on("drop", method="DELETE")
    subscribe("afosto", "--yes")
    there.turn_off("drop")
    removal = RemoteWrite.objects.get(verb="delete")
    assert (removal.state == State.CONFIRMED or look(removal).state == State.CONFIRMED) and its not in ours(there)


def test_a_list_that_is_cut_off_tells_no_secret(there: Upstream, caplog: pytest.LogCaptureFixture) -> None:
    its = add(there)

    def cut(request: httpx.Request) -> httpx.Response | None:
        if request.method != "GET" or not request.url.path.endswith("/subscriptions"):
            return None
        body = f'[{{"secret":"{its["secret"]}","id":1,'.encode()
        return httpx.Response(200, content=body, headers={"content-type": "application/json"})

    there.watch = cut
    with caplog.at_level(logging.DEBUG):
        ended = subscribe("afosto")
    assert ended.code == 1 and "answer outside the contract" in caplog.text
    assert its["secret"] not in ended.out + ended.err + caplog.text + every_table()
