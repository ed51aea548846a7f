"""What a scan puts into the open box."""

from fulfilment.pieces import Piece
from fulfilment.stations import pack
from fulfilment.stations.scanning import Verdict

PIECES = [
    Piece("m1", "MUG", reference="REF-1"),
    Piece("m2", "MUG", is_handled=True),
    Piece("t1", "TRAY", position="B2", is_handled=True),
    Piece("b1", "BOWL", is_handled=True, is_boxed=True),
    Piece("g1", "GLASS", is_missing=True),
]


def test_a_scan_puts_the_next_piece_in_picked_ones_first_until_none_is_left() -> None:
    first = pack.read("mug", PIECES, set())
    assert (first.verdict, first.piece) == (Verdict.TAKEN, "m2")
    second = pack.read("MUG", PIECES, {"m2"})
    assert (second.verdict, second.piece, second.sentence) == (Verdict.TAKEN, "m1", "In the box: 2 × MUG.")
    third = pack.read("MUG", PIECES, {"m1", "m2"})
    assert (third.verdict, third.piece) == (Verdict.AGAIN, "")


def test_a_piece_is_found_by_its_id_its_reference_or_shelf_and_sku() -> None:
    assert pack.read("REF-1", PIECES, set()).piece == "m1"
    assert pack.read("m1", PIECES, set()).piece == "m1"
    assert pack.read("B2 TRAY", PIECES, set()).piece == "t1"
    again = pack.read("m1", PIECES, {"m1"})
    assert (again.verdict, again.sentence) == (Verdict.AGAIN, "That piece of MUG is in the box already.")


def test_what_does_not_belong_into_the_box_stops_the_work() -> None:
    for scan, words in (("SPOON", "does not belong"), ("BOWL", "in a parcel already"), ("GLASS", "missing")):
        found = pack.read(scan, PIECES, set())
        assert (found.verdict, found.piece) == (Verdict.WRONG, ""), scan
        assert words in found.sentence
    assert pack.read("  ", PIECES, set()).verdict is Verdict.NOTED
