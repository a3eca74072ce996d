import hashlib
import json
import pickle

import numpy as np
import pytest

from engine.corpus.store.pack import PackWriter
from engine.corpus.store.packed import PackedAudio
from engine.errors import UserError

SHARDS = ([np.arange(100, dtype="<i2"), np.arange(-250, 0, dtype="<i2")], [np.array([7], "<i2")])
CLIPS = [clip for shard in SHARDS for clip in shard]


@pytest.fixture
def folder(tmp_path):
    """Three clips in two shards: 700 bytes and 2."""
    writer = PackWriter(tmp_path / "16000", 16_000)
    for shard in SHARDS:
        samples = np.concatenate(shard)
        (tmp_path / "kept.pcm").write_bytes(samples.tobytes())
        writer.add_shard(tmp_path / "kept.pcm", samples.nbytes, sha256(samples.tobytes()))
        (tmp_path / "kept.pcm").unlink()
        offset = 0
        for clip in shard:
            writer.add_clip(offset, len(clip))
            offset += len(clip)
    writer.finish()
    return tmp_path / "16000"


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def shard_file(folder, number):
    facts = json.loads((folder / "index.json").read_text())
    return folder / facts["shards"][number]["name"]


def rewrite_table(folder, change):
    """Change the table and make its checksum right again, as an attacker would."""
    rows = np.fromfile(folder / "index.i64", "<i8").reshape(-1, 3)
    change(rows)
    rows.tofile(folder / "index.i64")
    facts = json.loads((folder / "index.json").read_text())
    facts["table_sha256"] = sha256(rows.tobytes())
    (folder / "index.json").write_text(json.dumps(facts))


def test_clips_are_read_back_in_order(folder):
    packed = PackedAudio.open(folder)
    assert len(packed) == 3
    assert packed.lengths.tolist() == [100, 250, 1]
    assert packed.lengths.dtype == np.int64
    assert packed.sample_rate_hz == 16_000
    for index, samples in enumerate(CLIPS):
        assert np.array_equal(packed.read(index), samples)


def test_a_shard_is_named_by_its_content(folder):
    assert {path.stem for path in folder.glob("*.pcm")} == {
        sha256(np.concatenate(shard).tobytes())[:16] for shard in SHARDS
    }


def test_any_part_of_a_clip_is_read_and_a_stop_beyond_its_end_is_the_end(folder):
    packed = PackedAudio.open(folder)
    assert packed.read(0, 10, 13).tolist() == [10, 11, 12]
    assert packed.read(0, 98, 500).tolist() == [98, 99]
    assert len(packed.read(0, 50, 50)) == 0


def test_reading_gives_a_view_that_cannot_be_written(folder):
    with pytest.raises(ValueError, match="read-only"):
        PackedAudio.open(folder).read(0)[0] = 1


def test_it_can_be_handed_to_another_process(folder):
    packed = PackedAudio.open(folder)
    packed.read(0)
    copy = pickle.loads(pickle.dumps(packed))
    assert np.array_equal(copy.read(1), CLIPS[1])


def test_a_shard_cut_short_is_named(folder):
    shard = shard_file(folder, 0)
    shard.write_bytes(shard.read_bytes()[:-2])
    with pytest.raises(UserError, match=rf"{shard.name} is damaged: 698 of 700 bytes"):
        PackedAudio.open(folder)


def test_a_missing_shard_is_named(folder):
    shard_file(folder, 1).unlink()
    with pytest.raises(UserError, match=r"pcm is damaged: 0 of 2 bytes"):
        PackedAudio.open(folder)


def test_verify_finds_a_changed_byte(folder):
    shard = shard_file(folder, 0)
    content = bytearray(shard.read_bytes())
    PackedAudio.open(folder).verify()
    content[3] ^= 1
    shard.write_bytes(content)
    with pytest.raises(UserError, match=rf"{shard.name} is damaged: its checksum"):
        PackedAudio.open(folder).verify()


@pytest.mark.parametrize("content", [b"\x00", b"", b"[]", b"{}", b"[" * 100_000])
def test_damaged_facts_are_an_error_in_words(folder, content):
    (folder / "index.json").write_bytes(content)
    with pytest.raises(UserError, match="its index cannot be read"):
        PackedAudio.open(folder)


@pytest.mark.parametrize("cut", [1, 8, 24, 72])
def test_a_table_cut_short_is_refused(folder, cut):
    table = folder / "index.i64"
    table.write_bytes(table.read_bytes()[:-cut])
    with pytest.raises(UserError, match="its table of clips is not the one"):
        PackedAudio.open(folder)


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [(0, 0, 2), (0, 0, -1), (1, 1, -5), (1, 2, 251), (2, 1, 1), (2, 2, -1), (0, 2, 2**62)],
)
def test_a_table_that_points_outside_the_shards_is_refused(folder, row, column, value):
    def change(rows):
        rows[row, column] = value

    rewrite_table(folder, change)
    with pytest.raises(UserError, match="samples that no shard holds"):
        PackedAudio.open(folder)


@pytest.mark.parametrize("name", ["../16000/x.pcm", "/etc/passwd", "a/b.pcm", "", "a\0b", 7, None])
def test_a_shard_outside_the_folder_is_refused(folder, name):
    facts = json.loads((folder / "index.json").read_text())
    facts["shards"][0]["name"] = name
    (folder / "index.json").write_text(json.dumps(facts))
    with pytest.raises(UserError, match="damaged"):
        PackedAudio.open(folder)
