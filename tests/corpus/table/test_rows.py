import pickle

import attrs
import numpy as np
import pytest
from attrs import frozen

from engine.corpus.table.rows import Rows, to_line
from engine.errors import UserError


@frozen(kw_only=True)
class Thing:
    name: str
    number: int = 0


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "things.jsonl"
    path.write_text("".join(to_line(Thing(name=f"jó {n}", number=n)) for n in range(100)))
    return path


def numbers(rows):
    return [row.number for row in rows]


def test_rows_are_read_one_by_one_and_in_order(path):
    rows = Rows(path, Thing)
    assert len(rows) == 100
    assert rows[7] == Thing(name="jó 7", number=7)
    assert rows[-1].number == 99
    assert numbers(rows) == list(range(100))


def test_some_rows_are_a_table_too(path):
    some = Rows(path, Thing).only([5, 3, 99])
    assert numbers(some) == [5, 3, 99]
    assert numbers(some.only(np.array([2, 0]))) == [99, 5]
    assert numbers(Rows(path, Thing)[10:16:2]) == [10, 12, 14]
    assert some.numbers.tolist() == [5, 3, 99]


def test_they_equal_the_same_rows_however_they_are_held(path):
    assert Rows(path, Thing)[:2] == (Thing(name="jó 0"), Thing(name="jó 1", number=1))
    assert Rows(path, Thing) != ()


def test_they_can_be_handed_to_another_process(path):
    assert numbers(pickle.loads(pickle.dumps(Rows(path, Thing).only([4])))) == [4]


def test_defaults_are_not_written():
    assert to_line(Thing(name="a")) == '{"name": "a"}\n'
    assert attrs.asdict(Thing(name="a")) == {"name": "a", "number": 0}


def test_a_file_without_a_last_newline_has_its_last_row(path):
    path.write_text(path.read_text().removesuffix("\n"))
    assert len(Rows(path, Thing)) == 100
    assert Rows(path, Thing)[99].number == 99


def test_an_empty_file_has_no_rows(path):
    path.write_text("")
    assert list(Rows(path, Thing)) == []


@pytest.mark.parametrize("line", ["{", "[]", "7", '{"name": "a", "x": 1}', "[" * 100_000, "\x00"])
def test_a_damaged_row_is_named_when_it_is_asked_for(path, line):
    with path.open("a") as file:
        file.write(line + "\n")
    rows = Rows(path, Thing)
    assert rows[99].number == 99
    with pytest.raises(UserError, match=r"things.jsonl is damaged in line 101"):
        rows[100]
    with pytest.raises(UserError, match=r"things.jsonl is damaged in line 101"):
        list(rows)


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(UserError, match=r"gone.jsonl is missing. Run 'cantus ingest'"):
        Rows(tmp_path / "gone.jsonl", Thing)
