import numpy as np

from engine.corpus.keeper import Keeper
from engine.corpus.layouts import Candidate
from engine.corpus.limits import Limits
from engine.corpus.measure import measure_part
from engine.corpus.pack import ShardWriter
from engine.corpus.packed import PackedAudio

LIMITS = Limits(min_seconds=0.1, max_seconds=None, min_sample_rate_hz=8_000)


def keep(folder, *runs):
    """Measure runs of files one after the other, as workers do, and keep what they leave."""
    writer = ShardWriter(folder / "packed", 16_000)
    keeper = Keeper({16_000: writer})
    for number, names in enumerate(runs):
        candidates = [Candidate(path=name) for name in names]
        keeper.take(measure_part(folder, candidates, LIMITS, (16_000,), folder / str(number)))
    writer.finish()
    return keeper, PackedAudio.open(folder / "packed")


def test_clips_are_packed_in_order_and_part_files_are_deleted(tmp_path, tone):
    for number in range(3):
        tone(tmp_path / f"{number}.wav", hz=300 + 100 * number)
    keeper, packed = keep(tmp_path, ["0.wav"], ["1.wav", "2.wav"])
    assert [clip.path for clip in keeper.clips] == ["0.wav", "1.wav", "2.wav"]
    assert packed.ids == ("0", "1", "2")
    assert keeper.num_done == 3
    assert not list(tmp_path.glob("*.16000.pcm"))


def test_of_twins_the_first_stays_and_what_follows_is_not_shifted(tmp_path, tone):
    tone(tmp_path / "a.wav")
    tone(tmp_path / "b.wav", hz=900, level=0.25)
    (tmp_path / "twin.wav").write_bytes((tmp_path / "a.wav").read_bytes())
    keeper, packed = keep(tmp_path, ["a.wav"], ["twin.wav", "b.wav"])
    assert [(one.path, one.detail) for one in keeper.quarantined] == [("twin.wav", "a.wav")]
    assert packed.ids == ("a", "b")
    assert np.abs(packed.read(1)).max() < 0.26 * 32768
