import pickle

import numpy as np
import pytest
import soundfile
import torch
from attrs import evolve

from engine.corpus import Corpus, ingest
from engine.metrics.loudness import loudness_of
from engine.project import Project
from engine.recipe.params import CorpusSource, Work
from engine.systems.codec.data.dataset import all_clips
from engine.systems.codec.recipe import Dataset, Loudness, Rms

RATE = 8_000
SECONDS = {"long": 3.0, "other": 2.0, "short": 0.2}
DATASET = Dataset(corpus="noise", sample_rate_hz=RATE, segment_seconds=0.256)


def rms_dbfs(samples):
    return 10 * np.log10(np.mean(np.square(samples, dtype=np.float64)))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Three clips of noise, quiet but for the middle third of the long one."""
    root = tmp_path_factory.mktemp("project")
    random = np.random.default_rng(0)
    (root / "data" / "noise").mkdir(parents=True)
    for name, seconds in SECONDS.items():
        samples = 0.002 * random.standard_normal(round(seconds * RATE))
        if name == "long":
            samples[RATE : 2 * RATE] *= 100
        soundfile.write(root / "data" / "noise" / f"{name}.wav", samples, RATE)
    source = CorpusSource(source="data/noise", sample_rates_hz=(RATE,))
    return ingest("noise", source, Project(root), work=Work(num_workers=1))


@pytest.fixture
def clips(corpus):
    """The corpus's clips under a dataset table: clips(level=Rms(), crops="salient")."""
    return lambda **changes: all_clips(corpus, evolve(DATASET, **changes))


def draw(clips, indices=(0, 1, 2), seed=0):
    return clips.batch(list(indices), np.random.default_rng(seed))


def test_a_batch_is_float32_audio_and_the_same_tensor_as_target(clips):
    batch = draw(clips())
    assert batch.keys() == {"audio", "target"}
    assert batch["audio"] is batch["target"]
    assert batch["audio"].shape == (3, 1, 2_048)
    assert batch["audio"].dtype == torch.float32


def test_crops_are_parts_of_their_clips_and_depend_on_the_generator_alone(clips):
    made = clips()
    crop, again, other = (draw(made, [0], seed)["audio"][0, 0].numpy() for seed in (1, 1, 2))
    assert np.array_equal(crop, again)
    assert not np.array_equal(crop, other)
    whole = made.audio(0)
    places = np.flatnonzero(whole == crop[0])
    assert any(np.array_equal(whole[place : place + 2_048], crop) for place in places)


def test_crops_come_from_everywhere_the_ends_among_them(corpus):
    made = all_clips(corpus, evolve(DATASET, segment_seconds=(24_000 - 2) / RATE))
    whole, random = made.audio(0), np.random.default_rng(0)
    firsts = {made.batch([0], random)["audio"][0, 0, 0].item() for _ in range(40)}
    assert firsts == set(whole[:3].tolist())


def test_a_clip_shorter_than_a_crop_is_padded_and_counted(clips):
    made = clips()
    crop = draw(made, [2])["audio"][0, 0].numpy()
    assert np.array_equal(crop[:1_600], made.audio(2))
    assert not crop[1_600:].any()
    assert made.num_shorter == 1
    assert made.only(np.array([0, 1])).num_shorter == 0


def test_every_clip_counts_as_one_crop_so_that_any_share_a_batch(clips):
    made = clips()
    assert made.lengths.tolist() == [2_048] * 3
    assert made.num_samples.tolist() == [24_000, 16_000, 1_600]


def test_some_of_the_clips_keep_what_is_known_of_them(clips, corpus):
    made = clips().only(np.array([2, 0]))
    manifest = [corpus.manifest.clips[row] for row in (2, 0)]
    assert made.ids == ("short", "long")
    assert len(made) == 2
    assert [digest.tobytes().hex() for digest in made.digests] == [c.sha256 for c in manifest]
    assert made.spans["stop"].tolist() == [0.2, 3.0]
    assert np.array_equal(made.audio(1), clips().audio(0))


def test_whole_clips_are_those_of_the_file(clips, corpus):
    samples = soundfile.read(corpus.folder.parents[2] / "data/noise/other.wav", dtype="float32")[0]
    assert np.array_equal(clips().audio(1), samples)


def test_salient_crops_are_loud_where_the_clip_is(clips):
    random = np.random.default_rng(0)
    loud = clips(crops="salient")
    levels = [rms_dbfs(loud.batch([0], random)["audio"].numpy()) > -40 for _ in range(50)]
    plain = [rms_dbfs(clips().batch([0], random)["audio"].numpy()) > -40 for _ in range(50)]
    assert sum(levels) > 45
    assert sum(plain) < 35


def test_the_loudest_of_eight_is_kept_where_none_is_loud(clips):
    crop = draw(clips(crops="salient"), [1], seed=5)["audio"][0, 0].numpy()
    random, whole = np.random.default_rng(5), clips().audio(1)
    starts = [int(random.integers(16_000 - 2_048 + 1)) for _ in range(8)]
    drawn = [whole[start : start + 2_048] for start in starts]
    assert np.array_equal(crop, max(drawn, key=lambda one: float(one @ one)))


@pytest.mark.parametrize("phase_rotation", ["off", "random"])
def test_crops_of_one_loudness(clips, phase_rotation):
    made = clips(level=Loudness(lufs=-30.0), phase_rotation=phase_rotation)
    found = loudness_of(draw(made, [0, 1])["audio"][:, 0], RATE)
    assert found.tolist() == pytest.approx([-30.0] * 2, abs=0.1)


def test_whole_clips_of_one_loudness(clips):
    made = clips(level=Loudness(lufs=-30.0))
    found = [loudness_of(made.audio(index)[None], RATE)[0] for index in (0, 1, 2)]
    assert found == pytest.approx([-30.0] * 3, abs=0.01)


def test_clips_of_one_root_mean_square_as_a_whole(clips):
    made = clips(level=Rms(dbfs=-30.0))
    assert [rms_dbfs(made.audio(index)) for index in range(3)] == pytest.approx([-30.0] * 3)
    gain = np.abs(made.audio(0)).max() / np.abs(clips().audio(0)).max()
    crop, plain = (draw(one, [0], 3)["audio"].numpy() for one in (made, clips()))
    assert crop == pytest.approx(plain * gain, abs=1e-6)


@pytest.mark.parametrize("level", [Rms(dbfs=0.0), Loudness(lufs=0.0)])
def test_no_level_lifts_a_peak_beyond_full_scale(clips, level):
    made = clips(level=level)
    assert np.abs(made.audio(0)).max() == pytest.approx(1.0, abs=1e-6)
    assert draw(made, [0, 1])["audio"].abs().max() <= 1.0 + 1e-6


def test_the_gain_of_a_clip_is_measured_once_for_all_sets_of_a_corpus(clips):
    made = clips(level=Rms())
    first = made.only(np.array([0]))
    first.audio(0)
    assert np.isnan(made.gains).tolist() == [False, True, True]


def test_a_batch_is_the_same_wherever_the_corpus_is_opened(clips, corpus):
    made = clips(level=Loudness(), crops="salient", phase_rotation="random")
    again = pickle.loads(pickle.dumps(made))
    assert torch.equal(draw(made)["audio"], draw(again)["audio"])
    other = all_clips(Corpus.open(corpus.folder), made.dataset)
    assert torch.equal(draw(made)["audio"], draw(other)["audio"])
