import pytest

from engine.report.words import duration, figure, figure_beside


@pytest.mark.parametrize(
    ("value", "text"),
    [(83777, "83,777"), (1.0, "1"), (0.0033812, "0.003381"), (7.5, "7.5"), (None, "not finite")],
)
def test_figures_have_four_digits_and_whole_ones_all_of_theirs(value, text):
    assert figure(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.26, "1.3 s"),
        (42.4, "42 s"),
        (59.9, "1 min 0 s"),
        (130, "2 min 10 s"),
        (7260, "2 h 1 min"),
    ],
)
def test_durations_have_two_units(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [
        (1.23456, 2.0, "1.235"),
        (4.00004, 4.0, "4.00004"),
        (4.0, 4.0, "4"),
        (0.95000001, 0.95, "0.95000001"),
    ],
)
def test_a_figure_beside_a_limit_shows_on_which_side_it_lies(value, limit, text):
    assert figure_beside(value, (limit, None)) == text
