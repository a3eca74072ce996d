import pytest

from engine.corpus.account.histogram import Bins


def bars(values, edges=(0, 1, 2.5)):
    bins = Bins(*edges)
    for value in values:
        bins.add(value)
    return bins.histogram("length", "s").bars


def test_every_value_is_counted_once():
    assert bars([-1, 0.5, 2, 99]) == [("≤ 0", 1), ("0 to 1", 1), ("1 to 2.5", 1), ("> 2.5", 1)]


@pytest.mark.parametrize(
    ("value", "place"), [(0, "≤ 0"), (1, "0 to 1"), (2.5, "1 to 2.5"), (float("-inf"), "≤ 0")]
)
def test_a_value_on_an_edge_is_counted_below_it(value, place):
    assert bars([value]) == [(place, 1)]


def test_empty_bars_are_shown_only_between_others():
    assert bars([-1, 2]) == [("≤ 0", 1), ("0 to 1", 0), ("1 to 2.5", 1)]


def test_nothing_counted_is_no_bar():
    assert bars([]) == []
