import hashlib
import io
import json

import numpy as np
import pytest

from engine.corpus.measure.fingerprint import Fingerprint
from engine.errors import UserError
from engine.evaluation.audio import SPAN, ClipAudio
from engine.evaluation.digests import as_digests, keys, shared_rows
from engine.evaluation.lineage import read_ancestors, write_lineage
from engine.evaluation.sound.landmarks import Fingerprints
from engine.evaluation.sound.remark import remarks_on_sound
from tests.made_sounds import RATE_HZ, syllables


def digests(*numbers):
    return as_digests(hashlib.sha256(str(number).encode()).hexdigest() for number in numbers)


def clips(*numbers, start=0.0):
    spans = np.array([(number, start, start + 1) for number in numbers], SPAN)
    return ClipAudio(digests(*numbers), spans)


def write(folder, trained, ancestors):
    ids = [f"clip {row}" for row in range(len(trained.digests))]
    write_lineage(folder, ids, trained, ancestors)


def test_a_model_names_what_it_and_all_before_it_were_trained_on(tmp_path):
    write_lineage(tmp_path / "base", ["a", "b"], clips(1, 2), {})
    write_lineage(tmp_path / "child", ["c"], clips(3), read_ancestors(tmp_path / "base"))
    found = read_ancestors(tmp_path / "child")
    assert {name: keys(trained.digests) for name, trained in found.items()} == {
        "base": keys(digests(1, 2)),
        "child": keys(digests(3)),
    }
    assert np.array_equal(found["base"].spans, clips(1, 2).spans)
    assert (tmp_path / "base/lineage/training_ids.txt").read_text() == "a\nb\n"


def test_a_recipe_that_comes_twice_in_a_line_is_the_union_of_both(tmp_path):
    write(tmp_path / "a", clips(2), {"a": clips(1), "b": clips(3)})
    found = read_ancestors(tmp_path / "a")
    assert sorted(keys(found["a"].digests)) == sorted(keys(digests(1, 2)))
    assert sorted(found["a"].spans["file"]) == [1, 2]


def test_a_model_without_lineage_says_how_to_get_one(tmp_path):
    with pytest.raises(UserError, match="dvc repro -f base"):
        read_ancestors(tmp_path / "base")


def npy(header, data=b"x" * 56):
    padded = header.encode()
    padded += b" " * (64 - (len(padded) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded + data


def put(model, content):
    """Content in place of the training clips, with a list of files that says it belongs there."""
    (model / "lineage/training.npy").write_bytes(content)
    listed = {"training.npy": hashlib.sha256(content).hexdigest()}
    (model / "lineage/files.json").write_text(json.dumps(listed))


def array(rows, **more):
    content = io.BytesIO()
    np.save(content, rows, **more)
    return content.getvalue()


ROWS = np.zeros(2, [("digest", np.uint8, (32,)), ("span", SPAN)])
NO_SECONDS = ROWS.copy()
NO_SECONDS["span"]["stop"] = np.nan


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        b"\x93NUMPY",
        npy("{[]:1}"),
        npy("{'descr':'|u1','fortran_order':False,'shape':(100000000000000000000000,32)}"),
        npy("{'descr':'|u1','fortran_order':True,'shape':(True,32)}"),
        npy("{'descr':" + "(" * 200 + "}"),
        npy("{'descr':None,'fortran_order':False,'shape':(1,32)}"),
        npy("{'descr':'|O','fortran_order':False,'shape':(1,)}"),
        array(np.array([{}], object), allow_pickle=True),
        array(digests(1)),
        array(NO_SECONDS),
        array(ROWS.reshape(1, 2)),
    ],
)
def test_what_is_no_lineage_is_an_error_and_never_unpickled(tmp_path, content):
    write(tmp_path / "base", clips(1), {})
    put(tmp_path / "base", content)
    with pytest.raises(UserError, match=r"training.npy is damaged. Train that .* -f base"):
        read_ancestors(tmp_path / "base")


def test_other_bytes_than_were_written_are_noticed(tmp_path):
    write(tmp_path / "base", clips(1), {})
    write(tmp_path / "other", clips(2), {})
    (tmp_path / "other/lineage/training.npy").replace(tmp_path / "base/lineage/training.npy")
    with pytest.raises(UserError, match=r"training.npy is damaged"):
        read_ancestors(tmp_path / "base")


@pytest.mark.parametrize("name", ["ancestors/old.npy", "training.npy", "files.json"])
def test_a_missing_file_is_noticed(tmp_path, name):
    write(tmp_path / "base", clips(1), {"old": clips(2)})
    (tmp_path / "base/lineage" / name).unlink()
    with pytest.raises(UserError, match=rf"{name} is missing, so the clips"):
        read_ancestors(tmp_path / "base")


@pytest.mark.parametrize("listed", ["[]", "{", '{"../../x": "0"}', '{"training.npy": 1}'])
def test_a_hostile_list_of_files_is_an_error_in_words(tmp_path, listed):
    write(tmp_path / "base", clips(1), {})
    (tmp_path / "base/lineage/files.json").write_text(listed)
    with pytest.raises(UserError, match=r"is damaged|is missing"):
        read_ancestors(tmp_path / "base")


def test_shared_clips_are_found_among_a_hundred_thousand():
    many = np.random.default_rng(0).integers(0, 256, (100_000, 32), np.uint8)
    few = np.concatenate([digests(1, 2, 3), many[77_777:77_778]])
    assert shared_rows(few, many) == [3]
    assert shared_rows(few, many[:0]) == []


def test_what_is_no_digest_is_refused():
    for word in ("", "00", "zz" * 32, " " + "0" * 63, "0" * 66):
        with pytest.raises(UserError, match="SHA-256"):
            as_digests([word])


def sounding(*seeds):
    """Clips whose fingerprints are known."""
    tables = []
    for number, seed in enumerate(seeds):
        fingerprint = Fingerprint(RATE_HZ)
        fingerprint.add(syllables(seed))
        tables.append(fingerprint.finish())
        tables[-1]["clip"] = 10 * number  # the rows of a corpus of which these are a few
    known = Fingerprints(np.concatenate(tables), 10 * np.arange(len(seeds)))
    return ClipAudio(clips(*seeds).digests, clips(*seeds).spans, known)


def test_a_model_keeps_what_its_training_sounds_like(tmp_path):
    write(tmp_path / "base", sounding(1, 2), {})
    write(tmp_path / "child", sounding(3), read_ancestors(tmp_path / "base"))
    found = read_ancestors(tmp_path / "child")
    known = sounding(1, 2).fingerprints
    assert np.array_equal(
        found["base"].fingerprints.landmarks["codes"], known.landmarks["codes"][:, :1]
    )
    assert found["base"].fingerprints.rows.tolist() == [0, 1]


def test_evaluation_clips_that_sound_like_an_ancestors_training_are_named(tmp_path):
    write(tmp_path / "base", sounding(1, 2, 3), {})
    write(tmp_path / "older", clips(4), {})
    ancestors = {**read_ancestors(tmp_path / "base"), **read_ancestors(tmp_path / "older")}
    said = remarks_on_sound(["x", "y"], sounding(7, 2).fingerprints, ancestors)
    of_base, of_older = said
    assert of_base.startswith("1 of the 2 evaluation clips sound like clips that base was trained")
    assert "(first: y)" in of_base
    assert of_older.startswith("older was trained before fingerprints existed")
    assert [*remarks_on_sound(["x"], sounding(7).fingerprints, {"base": ancestors["base"]})] == []
    assert [*remarks_on_sound(["x"], None, ancestors)] == []


def test_a_recipe_that_comes_twice_keeps_what_both_sound_like(tmp_path):
    write(tmp_path / "a", sounding(2), {"a": sounding(1, 5)})
    assert read_ancestors(tmp_path / "a")["a"].fingerprints.rows.tolist() == [0, 1, 2]


def test_fingerprints_that_were_changed_or_deleted_are_named(tmp_path):
    write(tmp_path / "base", sounding(1), {})
    path = tmp_path / "base/lineage/sound/training.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"sound/training.npy is damaged.*dvc repro -f base"):
        read_ancestors(tmp_path / "base")
    path.unlink()
    with pytest.raises(UserError, match=r"sound/training.npy is missing"):
        read_ancestors(tmp_path / "base")
