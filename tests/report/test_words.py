import pytest

from engine.report.words import duration, figure


@pytest.mark.parametrize(
    ("value", "text"),
    [(83777, "83,777"), (1.0, "1"), (0.0033812, "0.003381"), (7.5, "7.5"), (None, "no number")],
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
