import io
import json
import pickle

import numpy as np
import pytest

from engine.corpus.pack import ShardWriter
from engine.corpus.packed import PackedAudio
from engine.errors import UserError

CLIPS = {
    "a": np.arange(100, dtype="<i2"),
    "b/c": np.arange(-250, 0, dtype="<i2"),
    "d": np.array([7], dtype="<i2"),
}


@pytest.fixture
def folder(tmp_path):
    """Three clips in shards of at most 300 bytes: 200 bytes, 500, 2."""
    writer = ShardWriter(tmp_path / "16000", 16_000, shard_bytes=300)
    for name, samples in CLIPS.items():
        writer.append(name, io.BytesIO(samples.tobytes()), len(samples))
    writer.finish()
    return tmp_path / "16000"


def test_clips_are_read_back_in_order(folder):
    packed = PackedAudio.open(folder)
    assert packed.ids == tuple(CLIPS)
    assert packed.lengths.tolist() == [100, 250, 1]
    assert packed.lengths.dtype == np.int64
    assert packed.sample_rate_hz == 16_000
    for index, samples in enumerate(CLIPS.values()):
        assert np.array_equal(packed.read(index), samples)


def test_a_clip_is_never_cut_between_shards(folder):
    sizes = [path.stat().st_size for path in sorted(folder.glob("*.pcm"))]
    assert sizes == [200, 500, 2]


def test_any_part_of_a_clip_is_read_and_a_stop_beyond_its_end_is_the_end(folder):
    packed = PackedAudio.open(folder)
    assert packed.read(0, 10, 13).tolist() == [10, 11, 12]
    assert packed.read(0, 98, 500).tolist() == [98, 99]
    assert len(packed.read(0, 50, 50)) == 0


def test_reading_gives_a_view_that_cannot_be_written(folder):
    with pytest.raises(ValueError, match="read-only"):
        PackedAudio.open(folder).read(0)[0] = 1


def test_it_can_be_handed_to_another_process(folder):
    copy = pickle.loads(pickle.dumps(PackedAudio.open(folder)))
    assert np.array_equal(copy.read(1), CLIPS["b/c"])


def test_a_shard_cut_short_is_named(folder):
    shard = folder / "00001.pcm"
    shard.write_bytes(shard.read_bytes()[:-2])
    with pytest.raises(UserError, match=r"00001.pcm is damaged: 498 of 500 bytes"):
        PackedAudio.open(folder)


def test_a_missing_shard_is_named(folder):
    (folder / "00002.pcm").unlink()
    with pytest.raises(UserError, match=r"00002.pcm is damaged: 0 of 2 bytes"):
        PackedAudio.open(folder)


def test_verify_finds_a_changed_byte(folder):
    shard = folder / "00000.pcm"
    content = bytearray(shard.read_bytes())
    PackedAudio.open(folder).verify()
    content[3] ^= 1
    shard.write_bytes(content)
    with pytest.raises(UserError, match=r"00000.pcm is damaged: its checksum"):
        PackedAudio.open(folder).verify()


@pytest.mark.parametrize("name", ["index.npy", "index.json"])
def test_a_damaged_index_is_an_error_in_words(folder, name):
    (folder / name).write_bytes(b"\x00")
    with pytest.raises(UserError, match="its index cannot be read"):
        PackedAudio.open(folder)


def test_an_index_of_other_clips_is_refused(folder):
    facts = json.loads((folder / "index.json").read_text())
    facts["ids"].pop()
    (folder / "index.json").write_text(json.dumps(facts))
    with pytest.raises(UserError, match="disagrees with its list of clips"):
        PackedAudio.open(folder)
