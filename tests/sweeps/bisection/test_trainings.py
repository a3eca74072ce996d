"""Short runs of mixed recipes: trained once, kept, and apart from the project's own."""

import shutil
import subprocess

import numpy as np
import pytest
import soundfile
from attrs import evolve

from engine.corpus import ingest
from engine.errors import DivergedError, UserError
from engine.project import Project
from engine.recipe import load_params, load_recipe
from engine.sweeps.bisection.lines import lines_of
from engine.sweeps.bisection.step_time import seconds_of_runs
from engine.sweeps.bisection.trainings import Trainings
from engine.sweeps.bisection.trials import Trials, UnresolvedError
from engine.sweeps.points import digits_of
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


@pytest.fixture
def copied(trainings, tmp_path):
    """The same in a copy of the project, without any run."""
    project = Project(tmp_path / "copy")
    shutil.copytree(trainings.project.root, project.root, ignore=shutil.ignore_patterns("bisect"))
    folder, path = project.root / "build" / "bisect" / "words", project.recipe("words", "full")
    return evolve(trainings, project=project, path=path, folder=folder)


def test_an_error_of_the_machine_is_no_verdict_on_a_recipe(copied):
    (shard,) = copied.project.corpus("words").rglob("*.pcm")
    shard.write_bytes(shard.read_bytes()[:-2])
    trials = Trials(copied, True, 2, 1, 9, lambda sentence: None)
    for tried in (trials.is_stopped, trials.is_worse):
        with pytest.raises(UserError, match=r"(?s)damaged.*bytes are there"):
            tried(["optimizer.autoencoder.learning_rate"], 1)
    assert trials.tried == []
    assert not (copied.folder / "runs").exists()


def test_runs_of_another_corpus_are_not_compared_with_those_before_it(copied):
    assert copied.preflight(frozenset(), 1) == ""
    soundfile.write(copied.project.root / "data" / "words" / "10.wav", np.ones(9_000) / 3, 16_000)
    ingest("words", copied.params.corpora["words"], copied.project)
    with pytest.raises(UserError, match="have changed since this search began"):
        copied.run(frozenset(), 1)


def test_weights_that_diverge_are_an_outcome_of_the_recipe(copied, monkeypatch):
    def diverged(self):
        raise DivergedError("The audio is not finite: training has diverged.")

    monkeypatch.setattr("engine.training.loop.Loop.run", diverged)
    found = copied.run(frozenset(), 1)
    assert found.stopped == "evaluation: The audio is not finite: training has diverged"


def test_mixed_recipes_are_read_from_no_file_that_another_process_writes(copied):
    longer = evolve(copied, steps=3)
    assert [one.recipe(frozenset()).training.steps for one in (copied, longer)] == [2, 3]
    assert not copied.folder.exists()


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


def test_runs_in_another_unit_are_not_compared_where_the_first_good_run_was_stopped(trainings):
    """Neither with another good run as the reference, nor without any."""
    other = ("model.normalisation.kind=batch_min_max",)
    bad = load_recipe(trainings.path, classes=recipe_classes(), overrides=(*_SMALL, *other))
    lines = {line.name: line for line in lines_of(trainings.good, bad)}
    mixed = evolve(
        trainings,
        lines=lines,
        metric="eval/reconstruction",
        folder=trainings.folder.with_name("unit"),
    )
    stop(mixed, 1)
    for _ in range(2):
        with pytest.raises(UnresolvedError, match="normalisation is batch_min_max in the recipe"):
            mixed.run(frozenset(lines), 1)
        assert len(mixed.run(frozenset(), 2).figures) > 1
    assert mixed.run(frozenset(), 1).stopped == "guard at step 1: planted"


def stop(trainings, seed):
    """Have the good recipe's run with a seed be one that a guard stopped."""
    digits = digits_of(trainings.recipe(frozenset()), trainings.path, trainings.project)
    place = trainings.folder / "runs" / f"{digits}-seed{seed}"
    place.mkdir(parents=True)
    (place / "stopped.txt").write_text("guard at step 1: planted")
