"""Short runs of mixed recipes: trained once, kept, and apart from the project's own."""

import subprocess

import numpy as np
import pytest
import soundfile
from attrs import evolve

from engine.corpus import ingest
from engine.project import Project
from engine.recipe import load_params, load_recipe
from engine.sweeps.bisection.lines import lines_of
from engine.sweeps.bisection.step_time import seconds_of_runs
from engine.sweeps.bisection.trainings import Trainings
from engine.sweeps.bisection.trials import UnresolvedError
from engine.system_support.discovery import recipe_classes
from tests.command_line import PARAMS, RECIPE

_SMALL = ("training.batch_size=2", "model.latent_dim=8", "losses.codebook=0.5")


@pytest.fixture(scope="module")
def trainings(tmp_path_factory):
    """A project with ten words, and a recipe whose other form has another rate and no batch."""
    root = tmp_path_factory.mktemp("project")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    (root / "params.toml").write_text(PARAMS.replace('"builtin"', '"data/words"'))
    (root / "data" / "words").mkdir(parents=True)
    for number in range(10):
        sound = 0.5 * np.sin(np.arange(12_000) * 0.1 * (number + 1))
        soundfile.write(root / "data" / "words" / f"{number}.wav", sound, 16_000)
    (root / "recipes").mkdir()
    path = root / "recipes" / "words.toml"
    path.write_text(RECIPE.replace('upstream = "audio_puzzle_vae"\n', ""))
    project = Project(root)
    params = load_params(project.params)
    ingest("words", params.corpora["words"], project)
    good = load_recipe(path, classes=recipe_classes(), overrides=_SMALL)
    changes = ("training.batch_size=64", "optimizer.autoencoder.learning_rate=2e-3")
    bad = load_recipe(path, classes=recipe_classes(), overrides=(*_SMALL, *changes))
    lines = {line.name: line for line in lines_of(good, bad)}
    folder = root / "build" / "bisect" / "words"
    return Trainings(project, params, path, good, lines, 2, "eval/rmse_db", folder)


def test_a_run_is_trained_once_kept_and_apart_from_the_project(trainings, monkeypatch):
    first = trainings.run(frozenset(), 1)
    assert np.isfinite(first.figures).all()
    assert len(first.figures) > 1
    monkeypatch.setattr("engine.runs.run.Run.train", lambda self: pytest.fail("trained again"))
    again = trainings.run(frozenset(), 1)
    assert np.array_equal(first.figures, again.figures)
    root = trainings.project.root
    assert not (root / "models").exists()
    assert not (root / "runs").exists()
    assert [*(trainings.folder / "training").iterdir()] == []


def test_a_recipe_that_cannot_be_trained_is_unresolved_with_the_reason(trainings):
    with pytest.raises(UnresolvedError, match="batch"):
        trainings.run(frozenset(["training.batch_size"]), 1)


def test_a_recipe_that_is_not_valid_is_unresolved_with_the_reason(trainings):
    (line,) = (one for one in trainings.lines.values() if "rate" in one.name)
    wrong = evolve(line, edits=tuple(evolve(edit, value=-1.0) for edit in line.edits))
    mixed = evolve(trainings, lines={line.name: wrong})
    with pytest.raises(UnresolvedError, match="no valid recipe: must be greater than 0"):
        mixed.run(frozenset([line.name]), 1)


def test_preflight_is_asked_alone_and_leaves_nothing_but_a_refusal(trainings):
    (line,) = (one for one in trainings.lines.values() if "rate" in one.name)
    wild = evolve(line, edits=tuple(evolve(edit, value=0.5) for edit in line.edits))
    mixed, lines = evolve(trainings, lines={line.name: wild}), frozenset([line.name])
    assert mixed.preflight(frozenset(), 2) == ""
    assert mixed.preflight(lines, 2).startswith("preflight: learning rate of autoencoder: 0.5 at")
    assert not (trainings.project.root / "runs").exists()
    assert mixed.run(lines, 2).stopped == mixed.preflight(lines, 2)


def test_a_run_that_preflight_stops_says_so(trainings):
    (line,) = (one for one in trainings.lines.values() if "rate" in one.name)
    wild = evolve(line, edits=tuple(evolve(edit, value=0.4) for edit in line.edits))
    probe = evolve(trainings, lines={line.name: wild}).run(frozenset([line.name]), 3)
    assert probe.stopped.startswith("preflight: learning rate of autoencoder: 0.4 at its peak")


def test_the_seconds_of_runs_are_measured_once(trainings, monkeypatch):
    monkeypatch.setattr("engine.sweeps.cost.seconds_of", lambda *_: [2.0, 3.0])
    said: list[str] = []
    recipes = trainings.recipe_of(()), trainings.recipe_of(["training.batch_size"])
    for _ in range(2):
        assert seconds_of_runs(trainings, recipes, said.append) == [2.0, 3.0]
    assert said == ["measuring a step ..."]
