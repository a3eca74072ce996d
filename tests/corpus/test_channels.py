"""Recordings whose channels become a clip each."""

import hashlib

import numpy as np
import pytest
import soundfile
from attrs import evolve

from engine.corpus import Corpus, ingest
from engine.corpus.account.explain import explain_clip
from engine.corpus.integrity import require_intact
from engine.corpus.table.manifest import Clip
from engine.errors import UserError
from engine.evaluation.audio import ClipAudio, rows_sharing_audio
from engine.recipe.dataset import CorpusClips
from engine.recipe.params import Work
from engine.split.columns import columns_of
from engine.split.split_clips import split_around, split_clips

RATE = 16_000


def voice(seed, seconds=0.5):
    return 0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))


@pytest.fixture
def write(project):
    """Writes channels as a file of the corpus: write('a.wav', left, right)."""

    def write(name, *channels):
        path = project.root / "data" / "words" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.stack(channels, axis=1), RATE)
        return path

    return write


@pytest.fixture
def split_up(project, source):
    """Ingests with channels split: split_up(at_most_bad=0.5)."""

    def run(**settings):
        chosen = source(channels="split", **settings)
        return ingest("words", chosen, project, work=Work(num_workers=1))

    return run


def ids(corpus):
    return [clip.id for clip in corpus.manifest.clips]


def quarantined(corpus):
    return [(one.path, one.reason, one.detail) for one in corpus.manifest.quarantined]


def test_each_channel_is_a_clip_and_one_channel_stays_as_it_is(write, split_up):
    write("mono.wav", voice(0))
    path = write("stereo.wav", voice(1), voice(2))
    corpus = split_up()
    assert ids(corpus) == ["mono", "stereo_channel1", "stereo_channel2"]
    assert [clip.channel for clip in corpus.manifest.clips] == [None, 0, 1]
    samples, _ = soundfile.read(path, dtype="int16")
    packed = corpus.packed(RATE)
    assert np.array_equal(packed.read(1), samples[:, 0])
    assert np.array_equal(packed.read(2), samples[:, 1])


def test_without_the_setting_channels_are_averaged(write, project, source):
    write("stereo.wav", voice(1), voice(2))
    corpus = ingest("words", source(), project, work=Work(num_workers=1))
    assert ids(corpus) == ["stereo"]
    assert corpus.settings.get("channels", "mix") == "mix"


def test_a_silent_channel_is_quarantined_alone(write, split_up):
    write("a.wav", voice(0), 0 * voice(0))
    corpus = split_up(at_most_bad=0.5)
    assert ids(corpus) == ["a_channel1"]
    ((path, reason, detail),) = quarantined(corpus)
    assert (path, reason) == ("a.wav", "silent")
    assert detail.startswith("channel 2: peak")
    assert "mean" not in detail


def test_two_channels_that_are_the_same_leave_one_clip(write, split_up):
    write("a.wav", voice(0), voice(0))
    corpus = split_up(at_most_bad=0.5)
    assert ids(corpus) == ["a_channel1"]
    assert quarantined(corpus) == [("a.wav", "duplicate of", "channel 2: a.wav")]


def test_an_unreadable_file_is_quarantined_once(write, split_up, project):
    write("a.wav", voice(0), voice(1))
    (project.root / "data" / "words" / "b.wav").write_bytes(b"RIFF nothing")
    corpus = split_up(at_most_bad=0.5)
    assert [path for path, _, _ in quarantined(corpus)] == ["b.wav"]


def test_ids_stay_apart_whatever_files_are_called(write, split_up):
    write("a.wav", voice(0), voice(1))
    write("a_channel2.wav", voice(2))
    found = ids(split_up())
    assert sorted(found) == ["a_channel1", "a_channel2", "a_channel2_2"]


def test_parts_and_pauses_are_cut_in_each_channel(write, split_up, project):
    write("a.wav", voice(0, 2.0), voice(1, 2.0))
    rows = '{"audio_filepath": "a.wav", "offset": 0.5, "duration": 0.5, "text": "one"}\n'
    (project.root / "data" / "words" / "manifest.json").write_text(rows)
    corpus = split_up()
    assert ids(corpus) == ["a_00000500_channel1", "a_00000500_channel2"]
    assert [clip.text for clip in corpus.manifest.clips] == ["one", "one"]
    samples, _ = soundfile.read(project.root / "data" / "words" / "a.wav", dtype="int16")
    assert np.array_equal(corpus.packed(RATE).read(1), samples[8_000:16_000, 1])


def test_long_recordings_are_cut_in_each_channel(write, split_up):
    write("a.wav", voice(0, 2.0), voice(1, 2.0))
    corpus = split_up(segment="silence", min_seconds=0.3, max_seconds=1.0)
    assert {name[:10] for name in ids(corpus)} == {"a_channel1", "a_channel2"}
    assert corpus.packed(RATE).lengths.sum() == 2 * 2 * RATE


def test_what_became_of_a_channel_can_be_asked(write, split_up, project):
    write("a.wav", voice(0), voice(1))
    split_up()
    said = explain_clip(project.corpus("words"), "a_channel2")
    assert "channel 2 of 2 channels" in said
    assert "became 2 clips" in explain_clip(project.corpus("words"), "a.wav")


def test_a_change_of_the_setting_is_noticed_before_training(write, split_up, project, source):
    write("a.wav", voice(0), voice(1))
    split_up()
    assert Corpus.open(project.corpus("words")).settings["channels"] == "split"
    require_intact("words", source(channels="split"), project)
    with pytest.raises(UserError, match=r"corpora\.words\.channels in params\.toml changed"):
        require_intact("words", source(), project)


# ---- two channels of one recording are nearly the same audio ----


def stereo(number):
    known = Clip(
        id=f"{number}_channel1",
        path=f"{number}.wav",
        sha256=hashlib.sha256(f"{number} left".encode()).hexdigest(),
        file_sha256=hashlib.sha256(f"{number}".encode()).hexdigest(),
        num_frames=RATE,
        sample_rate_hz=RATE,
        num_channels=2,
        channel=0,
        peak=0.5,
        rms_dbfs=-20.0,
    )
    right = hashlib.sha256(f"{number} right".encode()).hexdigest()
    return [known, evolve(known, id=f"{number}_channel2", sha256=right, channel=1)]


@pytest.mark.parametrize("how", ["speaker_disjoint", "random"])
def test_channels_of_a_recording_stay_on_one_side(how):
    clips = [clip for number in range(40) for clip in stereo(number)]
    rule = CorpusClips(corpus="words", split=how, eval_share=0.3)
    found = split_clips(columns_of(clips), rule, seed=1)
    sides = [{clips[row].path for row in rows} for rows in (found.train, found.evaluation)]
    assert not sides[0] & sides[1]
    assert len(found.train) + len(found.evaluation) == 80
    assert found.leaks is not None
    assert "recordings" not in found.leaks


def test_a_frozen_channel_keeps_the_other_out_of_training():
    clips = [clip for number in range(3) for clip in stereo(number)]
    rule = CorpusClips(corpus="words")
    found = split_around(columns_of(clips), np.array([2]), rule, "frozen")
    assert found.train.tolist() == [0, 1, 4, 5]


def test_a_single_recording_cannot_be_split_between_its_channels():
    with pytest.raises(UserError, match="There are no training clips"):
        split_clips(columns_of(stereo(0)), CorpusClips(corpus="words"), seed=1)


def test_lineage_takes_two_channels_for_the_same_audio():
    columns = columns_of(stereo(0))
    left, right = (ClipAudio(columns.digests[row], columns.spans[row]) for row in ([0], [1]))
    assert rows_sharing_audio(left, right) == [0]
