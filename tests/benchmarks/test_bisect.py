"""A slice of the campaign of `benchmarks.bisect`."""

from benchmarks.bisect.campaign import pieces, run_piece
from benchmarks.bisect.planted import NULL, PAIRS
from benchmarks.bisect.summary import summary


def test_strong_causes_are_found_and_nothing_else_is_accused():
    strong = PAIRS.index(next(pair for pair in PAIRS if pair.sizes == (3.0,)))
    together = PAIRS.index(next(pair for pair in PAIRS if pair.together))
    rows = [run_piece(12, pair, block=1, repeats=2) for pair in (strong, together, -1)]
    searches = [row["searches"] for row in rows]
    assert all(one["hit"] == 1 for one in searches[0])
    assert all(one["only_together"] and one["hit"] == 2 for one in searches[1])
    assert not any(one["wrong"] for found in searches for one in found)
    text = summary(rows)
    assert "| 12 | 8 lines, two only together: 3 | 100% | 100% (16% to 100%) |" in text
    assert "A line without effect was accused in 0.0% " in text


def test_the_campaign_has_twenty_pairs_of_four_to_sixteen_lines():
    assert len(PAIRS) == 20
    assert {pair.num_lines for pair in PAIRS} == {4, 6, 8, 12, 16}
    sizes = [size for pair in PAIRS for size in pair.sizes if size]
    assert (min(sizes), max(sizes)) == (0.5, 3.0)
    assert NULL.sizes == ()
    assert len({tuple(piece.items()) for piece in pieces()}) == len([*pieces()])
