import hashlib

import numpy as np
import pytest

from engine.errors import UserError
from engine.evaluation.digests import as_digests, keys, shared_rows
from engine.evaluation.lineage import read_ancestors, write_lineage


def clips(*numbers):
    return as_digests(hashlib.sha256(str(number).encode()).hexdigest() for number in numbers)


def test_a_model_names_what_it_and_all_before_it_were_trained_on(tmp_path):
    write_lineage(tmp_path / "base", ["a", "b"], clips(1, 2), {})
    write_lineage(tmp_path / "child", ["c"], clips(3), read_ancestors(tmp_path / "base"))
    found = read_ancestors(tmp_path / "child")
    assert {name: keys(digests) for name, digests in found.items()} == {
        "base": keys(clips(1, 2)),
        "child": keys(clips(3)),
    }
    assert (tmp_path / "base/lineage/training_ids.txt").read_text() == "a\nb\n"


def test_a_recipe_that_comes_twice_in_a_line_is_the_union_of_both(tmp_path):
    write_lineage(tmp_path / "a", ["x"], clips(2), {"a": clips(1), "b": clips(3)})
    found = read_ancestors(tmp_path / "a")
    assert sorted(keys(found["a"])) == sorted(keys(clips(1, 2)))


def test_a_model_without_lineage_says_how_to_get_one(tmp_path):
    with pytest.raises(UserError, match="dvc repro -f base"):
        read_ancestors(tmp_path / "base")


@pytest.mark.parametrize("content", [b"", b"x", b"\x93NUMPY"])
def test_a_damaged_lineage_is_an_error(tmp_path, content):
    write_lineage(tmp_path / "base", ["a"], clips(1), {})
    (tmp_path / "base/lineage/training.npy").write_bytes(content)
    with pytest.raises(UserError, match="is damaged"):
        read_ancestors(tmp_path / "base")


def test_an_array_of_objects_is_never_unpickled(tmp_path):
    write_lineage(tmp_path / "base", ["a"], clips(1), {})
    np.save(tmp_path / "base/lineage/training.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(UserError, match="is damaged"):
        read_ancestors(tmp_path / "base")


def test_shared_clips_are_found_among_a_hundred_thousand():
    many = np.random.default_rng(0).integers(0, 256, (100_000, 32), np.uint8)
    few = np.concatenate([clips(1, 2, 3), many[77_777:77_778]])
    assert shared_rows(few, many) == [3]
    assert shared_rows(few, many[:0]) == []


def test_what_is_no_digest_is_refused():
    for word in ("", "00", "zz" * 32, " " + "0" * 63, "0" * 66):
        with pytest.raises(UserError, match="SHA-256"):
            as_digests([word])
