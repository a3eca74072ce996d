from functools import partial

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


filled = partial(fill_templates, table="voice.tsv")


def test_each_template_has_different_sentences_with_a_capital_and_no_slot_left():
    made = filled(ROWS, at_most=100)
    assert len(set(made)) == len(made) == 7
    assert {"Kedden és kedden: Eger?", "Szerdán és szerdán: Győr?", "Jó napot!"} < set(made)


def test_at_most_so_many_are_made_and_always_the_same():
    made = filled(ROWS, at_most=4)
    assert len(made) == 5
    assert made == filled(ROWS, at_most=4)


def test_sentences_stay_when_other_templates_are_added():
    more = [("sentence", "{city} {day}."), *ROWS]
    assert filled(more, at_most=4)[4:] == filled(ROWS, at_most=4)


def test_a_slot_that_no_row_fills_is_named():
    with pytest.raises(
        UserError, match=r"voice.tsv: .* for \{hour\}, and no row has .* are: city, day\."
    ):
        filled([*ROWS, ("sentence", "{hour} van")], at_most=4)


def test_a_table_without_templates_is_refused():
    with pytest.raises(UserError, match="no row of slot 'sentence'"):
        filled(ROWS[2:], at_most=4)
