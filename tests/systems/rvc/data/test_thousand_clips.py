"""A thousand clips, ten of them odd: every one is used or left out with its reason."""

import re

import numpy as np
import pytest
import soundfile

from engine.corpus import Corpus
from engine.project import Project
from tests.systems.rvc.voices_project import PARAMS, RATE, ingested

NUM_CLIPS = 1000
REASONS = {
    "silent": "silent",
    "dither": "silent",
    "not_a_number": "not finite",
    "infinite": "not finite",
    "one_sample": "too short",
    "empty": "empty",
    "clipped": "clipped",
    "far_too_loud": "clipped",
    "hiss": "no voiced frame",
    "constant": "no voiced frame",
}
"""Those of ingest, and then those of the recipe."""


def spoken(number):
    """A vowel of 0.3 to 1 s, in a pitch and level of its own."""
    random = np.random.default_rng(number)
    times = np.arange(round(random.uniform(0.3, 1.0) * RATE)) / RATE
    hertz = random.uniform(90, 300) * (1 + 0.2 * times)
    phase = 2 * np.pi * np.cumsum(hertz) / RATE
    return random.uniform(0.05, 0.2) * sum(np.sin(k * phase) / k for k in range(1, 8))


def odd():
    """Ten clips by what is odd of them."""
    random = np.random.default_rng(0)
    nan = spoken(1)
    nan[100] = np.nan
    return {
        "silent": np.zeros(RATE),
        "dither": random.integers(-1, 2, RATE) / 32768,
        "not_a_number": nan,
        "infinite": np.where(np.arange(RATE) == 50, np.inf, 0.1),
        "one_sample": np.array([0.5]),
        "empty": np.zeros(0),
        "clipped": np.clip(30 * spoken(2), -1, 1),
        "hiss": 0.05 * np.diff(random.normal(0, 1, RATE), n=3),
        "constant": np.full(RATE, 0.5),
        "far_too_loud": 5 * spoken(3),
    }


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "thousand"
    folder = root / "data" / "voices" / "anna"
    folder.mkdir(parents=True)
    (root / "recipes").mkdir()
    settings = 'source = "data/voices"\nat_most_bad = 0.02'
    (root / "params.toml").write_text(PARAMS.replace('source = "data/voices"', settings))
    for number in range(NUM_CLIPS - len(odd())):
        soundfile.write(folder / f"{number:04d}.wav", spoken(number), RATE)
    for name, samples in odd().items():
        soundfile.write(folder / f"{name}.wav", samples, RATE, subtype="FLOAT")
    return ingested(Project(root))


@pytest.mark.slow
def test_each_is_used_or_left_out_with_its_reason(project, recordings_of, make_voices_recipe):
    recipe = make_voices_recipe(dataset={"eval_share": 0.02})
    recordings = recordings_of(recipe, project)
    quarantined = Corpus.open(project.corpus("voices")).manifest.quarantined
    reasons = {
        one.path.removeprefix("anna/").removesuffix(".wav"): one.reason for one in quarantined
    }
    reasons |= {one.id.removeprefix("anna/"): one.reason for one in recordings.left_out}
    assert reasons == REASONS
    # vowels that differ in pitch and length alone are one another's copies at another speed: the
    # split leaves them out, and says how many
    alike = re.search(r"(\d+) that sound like an evaluation clip", recordings.data.split.how)
    num_alike = int(alike[1]) if alike else 0
    assert len(recordings.clips) == NUM_CLIPS - len(REASONS) - num_alike
    batch = recordings.training.batch([*range(64)], np.random.default_rng(0))
    assert all(tensor.isfinite().all() for tensor in batch.values())
