"""Small real recordings, a project to put them in, and a source that names them."""

import numpy as np
import pytest
import soundfile

from engine.project import Project
from engine.recipe.params import CorpusSource


def _write_tone(path, *, seconds=0.5, rate=16_000, hz=440.0, level=0.5, channels=1, **format_):
    path.parent.mkdir(parents=True, exist_ok=True)
    times = np.arange(round(seconds * rate)) / rate
    samples = level * np.sin(2 * np.pi * hz * times)
    soundfile.write(path, np.repeat(samples[:, None], channels, axis=1), rate, **format_)
    return path


@pytest.fixture
def tone():
    """Writes a sine: tone(path, seconds=, rate=, hz=, level=, channels=)."""
    return _write_tone


@pytest.fixture
def project(tmp_path):
    (tmp_path / "project" / "data").mkdir(parents=True)
    return Project(tmp_path / "project")


@pytest.fixture
def source():
    """A source below data/: source('words', at_most_bad=0.5)."""

    def make(name="words", **settings):
        settings = {"sample_rates_hz": (16_000,)} | settings
        return CorpusSource(source=f"data/{name}", **settings)

    return make
