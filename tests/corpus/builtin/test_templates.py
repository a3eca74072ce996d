import pytest

from engine.corpus.builtin.templates import fill_templates
from engine.errors import UserError

ROWS = [
    ("sentence", "{day} és {day}: {city}?"),
    ("sentence", "jó napot!"),
    ("day", "kedden"),
    ("day", "szerdán"),
    ("city", "Pécs"),
    ("city", "Eger"),
    ("city", "Győr"),
]


def test_each_template_has_different_sentences_with_a_capital_and_no_slot_left():
    made = fill_templates(ROWS, at_most=100, table="voice.tsv")
    assert len(set(made)) == len(made) == 7
    assert {"Kedden és kedden: Eger?", "Szerdán és szerdán: Győr?", "Jó napot!"} < set(made)


def test_at_most_so_many_are_made_and_always_the_same():
    made = fill_templates(ROWS, at_most=4, table="voice.tsv")
    assert len(made) == 5
    assert made == fill_templates(ROWS, at_most=4, table="voice.tsv")


def test_sentences_stay_when_other_templates_are_added():
    more = [("sentence", "{city} {day}."), *ROWS]
    assert fill_templates(more, at_most=4, table="voice.tsv")[4:] == fill_templates(ROWS, at_most=4, table="voice.tsv")


def test_a_slot_that_no_row_fills_is_named():
    with pytest.raises(UserError, match=r"voice.tsv: .* asks for \{hour\}, and no row has .* are: city, day\."):
        fill_templates([*ROWS, ("sentence", "{hour} van")], at_most=4, table="voice.tsv")


def test_a_table_without_templates_is_refused():
    with pytest.raises(UserError, match="no row of slot 'sentence'"):
        fill_templates(ROWS[2:], at_most=4, table="voice.tsv")
