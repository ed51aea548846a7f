"""What a scan means on the pick screen: right, repeated, wrong; by SKU, by piece, by shelf."""

import pytest

from fulfilment.stations import pick
from fulfilment.stations.pick import Stop
from fulfilment.stations.scanning import Verdict

MUGS = Stop(
    ids=("m1", "m2", "m3"), sku="MUG-BLK-300", position="A3.12", rank=1, sorting_label="K1", shipment_id="s1",
    references={"m2": "REF-2"},
)  # fmt: skip
POT = Stop(ids=("p1",), sku="TEAPOT-1L", position="B1.04", rank=2, sorting_label="K1", shipment_id="s1")
MORE_MUGS = Stop(ids=("m9",), sku="MUG-BLK-300", position="C7", rank=3, sorting_label="K2", shipment_id="s2")
WALK = [MUGS, POT, MORE_MUGS]


def with_(stop: Stop, **values: object) -> Stop:
    return Stop(**{**{name: getattr(stop, name) for name in stop.__dataclass_fields__}, **values})


def verdict(scan: str, stops: list[Stop] = WALK, expected: Stop = MUGS) -> Verdict:
    return pick.read(scan, stops, expected).verdict


@pytest.mark.parametrize(
    ("scan", "piece"),
    [
        ("MUG-BLK-300", "m1"),
        ("mug-blk-300", "m1"),  # Caps Lock at the scanner
        (" MUG-BLK-300\t\r", "m1"),
        ("m3", "m3"),
        ("REF-2", "m2"),
        ("ref-2", "m2"),
        ("A3.12 MUG-BLK-300", "m1"),
        ("A3.12/MUG-BLK-300", "m1"),
        ("A3.12MUG-BLK-300", "m1"),
    ],
)
def test_the_expected_line_is_taken_by_sku_piece_reference_or_shelf_and_sku(scan: str, piece: str) -> None:
    found = pick.read(scan, WALK, MUGS)
    assert (found.verdict, found.piece) == (Verdict.TAKEN, piece)


def test_each_scan_of_a_sku_takes_the_next_piece_and_a_piece_in_hand_is_not_taken_twice() -> None:
    one_done = with_(MUGS, handled_ids=frozenset({"m1"}), in_hand=frozenset({"m2"}))
    assert pick.read("MUG-BLK-300", [one_done, POT], one_done).piece == "m3"
    assert one_done.counted == 2


def test_a_wrong_scan_names_what_was_expected_and_marks_nothing() -> None:
    for scan in ("TEAPOT-1L", "NEVER-HEARD-OF", "B1.04", "p1", "MUG-BLK", "A3.12MUG"):
        found = pick.read(scan, WALK, MUGS)
        assert (found.verdict, found.piece) == (Verdict.WRONG, "")
        assert "Expected: MUG-BLK-300 at A3.12" in found.sentence, scan
        assert "Nothing was sent" in found.sentence
    assert "comes later" in pick.read("TEAPOT-1L", WALK, MUGS).sentence
    assert "not on this list" in pick.read("NEVER-HEARD-OF", WALK, MUGS).sentence
    assert "Wrong shelf" in pick.read("B1.04", WALK, MUGS).sentence


def test_the_right_shelf_alone_is_noted_and_an_empty_scan_does_no_harm() -> None:
    assert verdict("a3.12") is Verdict.NOTED
    assert verdict(" \t ") is Verdict.NOTED


def test_a_repeated_scan_of_what_is_complete_is_harmless() -> None:
    done = with_(MUGS, handled_ids=frozenset(MUGS.ids))
    stops = [done, POT, MORE_MUGS]
    for scan in ("MUG-BLK-300", "m1", "A3.12 MUG-BLK-300"):
        found = pick.read(scan, stops, POT)
        assert (found.verdict, found.piece) == (Verdict.AGAIN, ""), scan
        assert "3 of 3 done already" in found.sentence
    half = with_(MUGS, handled_ids=frozenset({"m1"}))
    assert verdict("m1", [half, POT], half) is Verdict.AGAIN


def test_a_piece_that_is_marked_as_missing_stops_the_work() -> None:
    short = with_(MUGS, missing_ids=frozenset({"m2"}))
    assert verdict("m2", [short], short) is Verdict.WRONG


def test_spelling_decides_between_skus_that_differ_in_case_only() -> None:
    upper, lower = with_(POT, ids=("u",), sku="AB"), with_(POT, ids=("l",), sku="ab")
    assert pick.read("AB", [upper, lower], lower).verdict is Verdict.WRONG
    assert pick.read("ab", [upper, lower], lower).piece == "l"


def test_the_walk_goes_on_after_the_chosen_line_and_returns_for_what_was_skipped() -> None:
    assert pick.current(WALK) is MUGS
    assert pick.current(WALK, "p1") is POT
    pot_done = with_(POT, handled_ids=frozenset({"p1"}))
    assert pick.current([MUGS, pot_done, MORE_MUGS], "p1") is MORE_MUGS
    last_done = with_(MORE_MUGS, missing_ids=frozenset({"m9"}))
    assert pick.current([MUGS, pot_done, last_done], "m9") is MUGS
    all_done = with_(MUGS, handled_ids=frozenset({"m1", "m2"}), in_hand=frozenset({"m3"}))
    assert pick.current([all_done, pot_done, last_done]) is None
    assert pick.current(WALK, "a line that is gone") is MUGS


def test_hostile_scans_are_cut_and_never_match_what_has_no_code() -> None:
    bare = Stop(ids=("x1",))
    found = pick.read("\x00\x1b[31m" + "A" * 5_000, [bare], bare)
    assert found.verdict is Verdict.WRONG
    assert len(found.sentence) < 200
    assert "\x1b" not in found.sentence
