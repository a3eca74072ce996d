import gzip
import json

import pytest

from engine.corpus.layouts.json_objects import read_objects
from engine.corpus.layouts.lines import read_text_lines
from engine.errors import UserError

ROWS = [{"number": number, "text": "ő}{][\n" * (number % 50)} for number in range(2_000)]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_objects_a_line_are_read_with_their_lines(tmp_path, pack):
    path = tmp_path / "a.jsonl"
    path.write_bytes(pack("".join(json.dumps(row) + "\n" for row in ROWS).encode()))
    assert list(read_objects(path)) == list(enumerate(ROWS, start=1))


@pytest.mark.parametrize("indent", [None, 1])
def test_an_array_of_objects_is_read(tmp_path, indent):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(ROWS, indent=indent, ensure_ascii=False), encoding="utf-8-sig")
    read = list(read_objects(path))
    assert [row for _, row in read] == ROWS
    assert [line for line, _ in read[:2]] == ([1, 1] if indent is None else [2, 6])


def test_the_line_of_a_fault_far_down_is_named(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS) + "{'a': 1}\n")
    with pytest.raises(UserError, match="line 2001: this is no whole JSON object"):
        list(read_objects(path))


def test_an_object_that_does_not_end_is_not_read_for_ever(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "' + "a" * 1_000_000)
    with pytest.raises(UserError, match="line 1: this is no whole JSON object"):
        next(read_objects(path, at_most=100_000))


def test_a_line_that_does_not_end_is_not_read_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.corpus.layouts.lines.MAX_LINE", 1 << 20)
    (tmp_path / "metadata.csv").write_bytes(b"a|b\n" + b"a" * (1 << 21))
    with pytest.raises(UserError, match="line 2 is longer than 1 MiB"):
        list(read_text_lines(tmp_path / "metadata.csv"))
