import contextlib
import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import UserError
from engine.evaluation.clip_table import ClipTable, read_clip_table, write_clip_table
from engine.evaluation.digests import as_digests

ODD_IDS = ("a/b", "tab\there", 'quote"d', "line\nend", "\\", "\udce9t\u00e9", "\u2028", "#x", " ")


def table(ids=ODD_IDS, **figures):
    digests = as_digests(hashlib.sha256(bytes([n])).hexdigest() for n in range(len(ids)))
    return ClipTable(tuple(ids), digests, {k.replace("_", "/", 1): v for k, v in figures.items()})


def test_ids_digests_and_figures_come_back_as_they_were(tmp_path):
    errors = np.linspace(0.0, 1.0, len(ODD_IDS)) / 3
    write_clip_table(tmp_path / "clips.tsv", table(best_error=errors), "a remark")
    found = read_clip_table(tmp_path / "clips.tsv")
    assert found.ids == ODD_IDS
    assert np.array_equal(found.digests, table().digests)
    assert np.allclose(found.figures["best/error"], errors, rtol=1e-8)


def test_a_person_can_read_it(tmp_path):
    write_clip_table(tmp_path / "clips.tsv", table(["yes/1"], best_error=np.array([0.25])), "why")
    remark, titles, row = (tmp_path / "clips.tsv").read_text().splitlines()
    assert remark == "# why"
    assert titles.split("\t") == ["sha256", "id", "best/error"]
    assert row.split("\t")[1:] == ["yes/1", "0.25"]


@pytest.mark.parametrize(
    "damage",
    [
        "zz\ta",
        "ab\ta",
        "0" * 64,
        "0" * 64 + "\ta\t1",
        "0" * 64 + '\t"',
        "\udcff\ta",
        "x",
        "0" * 64 + "\t\\ud800",
    ],
)
def test_a_damaged_line_is_named(tmp_path, damage):
    path = tmp_path / "clips.tsv"
    path.write_bytes(("sha256\tid\n" + damage + "\n").encode("utf-8", "surrogateescape"))
    with pytest.raises(UserError, match=r"clips.tsv is damaged in line 2"):
        read_clip_table(path)


def test_a_remark_with_a_line_end_stays_a_remark(tmp_path):
    write_clip_table(tmp_path / "clips.tsv", table(["a"]), "first: odd\nname \x1b[31m")
    assert read_clip_table(tmp_path / "clips.tsv").ids == ("a",)
    assert (tmp_path / "clips.tsv").read_text().startswith("# first: odd\\nname \\x1b[31m\n")


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=200))
def test_arbitrary_bytes_are_a_table_or_an_error_in_words(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "arbitrary.tsv"
    for start in (b"", b"sha256\tid\n", b"sha256\tid\tx\n" + b"0" * 64 + b"\ta\t"):
        path.write_bytes(start + content)
        with contextlib.suppress(UserError):
            read_clip_table(path)
