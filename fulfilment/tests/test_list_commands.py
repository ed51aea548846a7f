"""The commands of lists and shipments that only read, what may be typed, and what is asked before it is done."""

import json
from io import StringIO
from typing import Any

import pytest

from backoffice.models import RemoteWrite
from backoffice.tests.factories import person
from fulfilment.models import HandlingList, Shipment
from fulfilment.tests.list_writes import CASES, lists, shipments
from fulfilment.tests.syncing import Upstream

pytestmark = pytest.mark.django_db


class Terminal(StringIO):
    """A standard input that a person types into."""

    def isatty(self) -> bool:
        return True


def test_lists_are_listed_shown_and_read_again(afosto: Upstream) -> None:
    everything = lists("list", "--json")
    assert everything.code == 0 and len(everything.records) == HandlingList.objects.count()
    row = HandlingList.objects.filter(state="open").first()
    assert row is not None
    for argv in (
        ["--state", "open", "--location", row.location_remote_id, "--sub", ""],
        ["--search", row.number.lower()],
    ):
        found = lists("list", "--json", *argv)
        assert row.remote_id in {record["remote_id"] for record in found.records}
    assert lists("list", "--state", "no such state").err == "No mirrored handling list fits.\n"
    assert "1 of 3 handling lists" in lists("list", "--limit", "1").err
    shown = lists("show", row.remote_id, "--json").records[0]
    assert (shown["number"], shown["state"], shown["shipment_ids"]) == (row.number, "open", row.shipment_ids)
    assert sum(len(line["ids"]) for line in shown["lines"]) == row.piece_count
    assert f"0 of {len(shown['lines'][0]['ids'])} × {shown['lines'][0]['sku']}" in lists("show", row.remote_id).out
    afosto.afosto.pick(row.remote_id)
    assert lists("show", row.remote_id, "--json").records[0]["state"] == "open"
    again = lists("refresh", row.remote_id, "--json")
    assert (again.code, again.records[0]["state"]) == (0, "finished")
    made = afosto.afosto.new_list(afosto.afosto.new_shipment({"MUG-BLK-300": 1})["id"])
    assert "manage.py handling_list fetch" in lists("refresh", made["id"]).err
    assert lists("fetch", made["id"], "--json").records[0]["number"] == made["number"]
    gone = lists("fetch", "no-such-list")
    assert gone.code == 3 and "knows no handling list 'no-such-list'" in gone.err


def test_shipments_are_listed_shown_and_read_again(afosto: Upstream) -> None:
    everything = shipments("list", "--json", "--all")
    assert everything.code == 0 and len(everything.records) == Shipment.objects.count()
    row = Shipment.objects.filter(state="on a list").first()
    assert row is not None
    piece = afosto.afosto.pieces.of_shipment(row.remote_id)[0]
    for argv in (["--state", "on a list"], ["--list", row.list_remote_id], ["--search", piece["id"]]):
        found = shipments("list", "--json", *argv)
        assert row.remote_id in {record["remote_id"] for record in found.records}
    shown = shipments("show", row.remote_id, "--json").records[0]
    assert piece["id"] in {its["id"] for its in shown["pieces"]} and shown["backorders"] == []
    assert "secret" not in json.dumps(shown)
    assert f"{piece['sku']} at {piece['position']} · listed" in shipments("show", row.remote_id).out
    afosto.afosto.planning.cancel(row.remote_id)
    assert shipments("refresh", row.remote_id, "--json").records[0]["state"] == "cancelled"
    unread = afosto.afosto.new_shipment({"MUG-BLK-300": 2})["id"]
    assert shipments("fetch", unread, "--json").records[0]["piece_count"] == 2
    Shipment.objects.filter(remote_id=unread).update(detail=None)
    assert f"manage.py shipment refresh {unread}" in shipments("show", unread).err


def test_an_empty_mirror_says_how_to_fill_it() -> None:
    assert "manage.py sync afosto.handling_lists" in lists("list").err
    assert "manage.py sync afosto.shipments" in shipments("list").err


def test_reading_takes_the_permission_to_see_and_reading_again_that_to_refresh(afosto: Upstream) -> None:
    person("viewer", username="vera")
    person(username="nemo")
    for run, row in ((lists, HandlingList.objects.first()), (shipments, Shipment.objects.first())):
        assert row is not None
        assert run("show", row.remote_id, "--as", "vera").code == 0
        for verb in ("refresh", "fetch"):
            assert run(verb, row.remote_id, "--as", "vera").code == 3
        for argv in (["list"], ["show", row.remote_id]):
            ended = run(*argv, "--as", "nemo")
            assert (ended.code, ended.out) == (3, "")
    assert afosto.calls == []


def test_words_from_afosto_command_no_terminal(afosto: Upstream) -> None:
    HandlingList.objects.update(number="\x1b[2JPL\n1", sub="\u202eevil")
    Shipment.objects.update(number="\x1b[2JSH\n1")
    for ended in (lists("list"), lists("show", HandlingList.objects.latest("pk").remote_id), shipments("list")):
        assert "\x1b" not in ended.out and "\u202e" not in ended.out and "\\x1b[2J" in ended.out


WRONG = [
    (lists, ["create"]),
    (lists, ["create", "--shipment", "S", "--due", "tomorrow"]),
    (lists, ["assign", "L"]),
    (lists, ["mark_handled", "L"]),
    (lists, ["delete", "L", "--reason", "no terminal, no --yes"]),
    (shipments, ["set_backorders", "S"]),
    (shipments, ["set_backorders", "S", "--sku", "A"]),
    (shipments, ["set_overage", "S", "--sku", "A", "--quantity", "-1"]),
    (shipments, ["set_overage", "S", "--items", "[]"]),
    (shipments, ["set_overage", "S", "--items", '[{"sku": "A", "quantity": true}]']),
    (shipments, ["set_overage", "S", "--items", '[{"sku": "A", "quantity": 1}, {"sku": "A", "quantity": 2}]']),
    (shipments, ["set_overage", "S", "--items", '[{"sku": "A", "quantity": 1}]', "--sku", "B"]),
    (shipments, ["cancel", "S", "--yes", "--write", "no-uuid"]),
]


@pytest.mark.parametrize(("run", "argv"), WRONG, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_what_cannot_be_meant_is_wrong_usage_and_plans_nothing(run: Any, argv: list[str], capsys: Any) -> None:
    at = "2026-01-01T00:00:00Z"
    HandlingList.objects.create(remote_id="L", payload={}, payload_hash=b"", synced_at=at)
    Shipment.objects.create(remote_id="S", payload={}, payload_hash=b"", synced_at=at)
    assert run(*argv).code == 2
    assert not RemoteWrite.objects.exists()


def test_deleting_and_cancelling_ask_a_person_first_and_a_no_sends_nothing(afosto: Upstream, monkeypatch: Any) -> None:
    row = HandlingList.objects.filter(state="open").first()
    shipment = Shipment.objects.filter(state="open").first()
    assert row is not None and shipment is not None
    for run, argv in ((lists, ["delete", row.remote_id]), (shipments, ["cancel", shipment.remote_id])):
        assert run(*argv).code == 2  # without a reason
        monkeypatch.setattr("sys.stdin", Terminal("no\n"))
        ended = run(*argv, "--reason", "made twice")
        assert ended.code == 3 and "for good? [y/N]" in ended.err
    assert not RemoteWrite.objects.exists() and afosto.calls == []
    monkeypatch.setattr("sys.stdin", Terminal("yes\n"))
    assert lists("delete", row.remote_id, "--reason", "made twice").code == 0
    assert RemoteWrite.objects.get().reason == "made twice"


def test_every_verb_of_an_object_that_is_not_here_says_how_to_get_it(afosto: Upstream) -> None:
    for case in CASES:
        if case.name == "create":
            continue
        argv = [case.name, "not-here", *_MORE.get(case.name, [])]
        ended = case.run(*argv)
        assert ended.code == 1 and f"manage.py {case.target} fetch not-here" in ended.err, argv
    assert not RemoteWrite.objects.exists() and afosto.calls == []


_MORE = {
    "assign": ["--sub", "U"],
    "mark_handled": ["--piece", "P"],
    "delete": ["--yes"],
    "set_method": ["--method", "M"],
    "set_backorders": ["--sku", "A", "--quantity", "1"],
    "set_overage": ["--sku", "A", "--quantity", "1"],
    "set_missing": ["--piece", "P"],
    "cancel": ["--yes"],
}
