"""Features are made once, in any process, and again only where what makes them changed."""

import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve

from engine.features.cache import Features
from engine.systems.rvc.data import cached_features
from engine.systems.rvc.data.content_features import MeasureContent
from engine.systems.rvc.data.sliced_clips import MeasureSlices
from engine.systems.rvc.dataset_table import LogMel, NoPitch
from tests.systems.rvc.voices_project import ingested, voice, write_voices

_KILLED = """
import os, signal, sys, torch
from pathlib import Path
from engine.features.cache import Features
from engine.recipe import load_params
from engine.project import Project
from engine.systems.rvc.data import cached_features, content_features
from engine.systems.rvc.data.recordings import load_recordings
from tests.systems.rvc import voices_project

cached_features._SHARD_SECONDS = 0.5
measure, made = content_features.MeasureContent.__call__, []
def few(self, path):
    if len(made) == 4:
        path.write_bytes(b"half a file")
        os.kill(os.getpid(), signal.SIGKILL)
    measure(self, path)
    made.append(path)
content_features.MeasureContent.__call__ = few
project = Project(Path(sys.argv[1]))
recipe = voices_project.small_recipe()
params = load_params(project.params)
load_recordings(recipe, project, params, Features(Path(sys.argv[2])), torch.device("cpu"))
"""


@pytest.fixture(autouse=True)
def a_file_a_clip(monkeypatch):
    monkeypatch.setattr(cached_features, "_SHARD_SECONDS", 0.5)


@pytest.fixture
def counted(monkeypatch):
    """How many files each stage has made."""
    counts = {"slices": 0, "content": 0}

    def count(kind, name):
        measure = kind.__call__

        def counting(self, path):
            counts[name] += 1
            measure(self, path)

        monkeypatch.setattr(kind, "__call__", counting)

    count(MeasureSlices, "slices")
    count(MeasureContent, "content")
    return counts


def test_neither_is_made_again(recordings_of, make_voices_recipe, counted):
    first = recordings_of(make_voices_recipe())
    assert counted == {"slices": 12, "content": 12}
    again = recordings_of(evolve(make_voices_recipe(), name="another"))
    assert counted == {"slices": 12, "content": 12}
    assert same(first, again)


def test_another_method_makes_its_own_features_alone(recordings_of, make_voices_recipe, counted):
    recordings_of(make_voices_recipe())
    recordings_of(make_voices_recipe(dataset={"pitch": NoPitch()}))
    assert counted == {"slices": 24, "content": 12}
    recordings_of(make_voices_recipe(dataset={"content": LogMel(num_mels=20)}))
    assert counted == {"slices": 24, "content": 24}


def test_other_cuts_make_all_anew(recordings_of, make_voices_recipe, counted):
    recordings_of(make_voices_recipe())
    recordings_of(make_voices_recipe(dataset={"slice_seconds": 2.0}))
    assert counted == {"slices": 24, "content": 24}


def test_a_clip_more_makes_its_own_features_alone(
    recordings_of, make_voices_recipe, counted, tmp_path
):
    project = ingested(write_voices(tmp_path / "project", num_clips=3))
    recordings_of(make_voices_recipe(), project)
    import soundfile

    soundfile.write(project.root / "data" / "voices" / "anna" / "01a.wav", voice(230, 2.0), 16_000)
    ingested(project)
    recordings_of(make_voices_recipe(), project)
    assert counted == {"slices": 7, "content": 7}


def test_short_clips_may_share_a_file(recordings_of, make_voices_recipe, counted, monkeypatch):
    apart = recordings_of(make_voices_recipe())
    monkeypatch.setattr(cached_features, "_SHARD_SECONDS", 1e9)
    together = recordings_of(make_voices_recipe())
    # One for all that is learned and held out, one for the clips that are converted.
    assert counted == {"slices": 14, "content": 14}
    assert same(apart, together)


def test_a_damaged_file_is_made_again(recordings_of, make_voices_recipe, counted, tmp_path):
    first = recordings_of(make_voices_recipe())
    path = next((tmp_path / "features").glob("content-*.npy"))
    content = path.read_bytes()
    path.unlink()  # the first recordings go on reading what they have mapped
    path.write_bytes(content[:-2] + b"xx")
    assert same(first, recordings_of(make_voices_recipe()))
    assert counted == {"slices": 12, "content": 13}


def test_after_a_kill_it_goes_on_where_it_was(
    recordings_of, make_voices_recipe, counted, voices_project, tmp_path
):
    folder = tmp_path / "features"
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(voices_project.root), str(folder)],
        check=False,
        cwd=Path(__file__).parents[4],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
    )
    assert killed.returncode == -signal.SIGKILL
    there = {path: path.stat().st_mtime_ns for path in folder.glob("*.np[yz]")}
    assert len(there) == 12 + 4
    resumed = recordings_of(make_voices_recipe())
    assert counted == {"slices": 0, "content": 8}
    assert all(path.stat().st_mtime_ns == before for path, before in there.items())
    undisturbed = recordings_of(make_voices_recipe(), features=Features(tmp_path / "other"))
    assert same(resumed, undisturbed)
    assert not list(folder.glob("*.partial"))


@pytest.mark.parametrize("kind", [MeasureSlices, MeasureContent])
def test_a_worker_unpickles_what_makes_the_same(
    recordings_of, make_voices_recipe, monkeypatch, tmp_path, kind
):
    """On any machine that sees the packed audio."""
    jobs, measure = [], kind.__call__
    monkeypatch.setattr(kind, "__call__", lambda job, path: jobs.append(job) or measure(job, path))
    recordings_of(make_voices_recipe())
    for number, job in enumerate(jobs[:3]):
        content = pickle.dumps(job)
        assert len(content) < 5000
        here, there = tmp_path / f"{number}.here", tmp_path / f"{number}.there"
        measure(job, here)
        measure(pickle.loads(content), there)
        assert here.read_bytes() == there.read_bytes()


def same(one, other):
    """Whether two recordings hold the same features: content up to what a process rounds."""
    pairs = zip(one.training.content, other.training.content, strict=True)
    voices = zip(one.training.pitch, other.training.pitch, strict=True)
    return (
        np.array_equal(one.training.slices, other.training.slices)
        and all(np.allclose(mine, theirs, rtol=1e-3, atol=1e-3) for mine, theirs in pairs)
        and all(np.array_equal(mine, theirs) for mine, theirs in voices)
    )
