import pytest

from engine.terminal.columns import aligned, cell


def test_columns_are_as_wide_as_their_widest_cell():
    assert aligned([("", "left"), ("name", "x")]) == ["      left", "name  x"]
    assert aligned([]) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (True, "true"),
        (3, "3"),
        (0.1 + 0.2, "0.3"),
        (1e-8, "1e-08"),
        ("text", "text"),
        ([1, [0.5, "a"]], "[1, [0.5, a]]"),
    ],
)
def test_values_are_written_shortly(value, text):
    assert cell(value) == text


def test_a_long_value_is_cut_so_that_rows_stay_readable():
    assert cell("because " * 20) == ("because " * 20)[:57] + "..."
    assert len(cell(["excellent"] * 20)) == 60
