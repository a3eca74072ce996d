"""Projects whose recipes have seeds: a small one to train in, and seeds as they are kept."""

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from attrs import evolve

from engine.project import Project
from engine.recipe import load_params, load_recipe, to_plain, write_recipe
from engine.runs.staleness import corpus_digest, current_code
from engine.sweeps import seeds as seed_runs
from engine.system_support.discovery import recipe_classes
from tests.command_line import DEMO, PARAMS, RECIPE, UPSTREAM
from tests.run_folders import make_finished

CLIPS = np.linspace(1.0, 9.0, 40)


@pytest.fixture
def words(tmp_path: Path) -> Project:
    """A project of twelve small recordings, ingested."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    params = PARAMS.replace('words]\nsource = "builtin"', 'spoken]\nsource = "data/words"')
    extra = "\n[tracking]\nmirrors = []\n\n[seeds]\nwords = 2\n"
    (tmp_path / "params.toml").write_text(params + extra)
    (tmp_path / "recipes/demo").mkdir(parents=True)
    (tmp_path / "upstream").mkdir()
    shutil.copy(UPSTREAM, tmp_path / "upstream")
    recipe = RECIPE.replace("batch_size = 64", "batch_size = 4")
    recipe = recipe.replace('corpus = "words"', 'corpus = "spoken"')
    (tmp_path / "recipes/words.toml").write_text(recipe)
    every = 'epochs = 20\ncheckpoint_every = "step:5"\nevaluate_every = "epoch:20"'
    demo = DEMO.replace("epochs = 1", every)
    (tmp_path / "recipes/demo/words.toml").write_text(demo)
    random = np.random.default_rng(0)
    for number in range(12):
        path = tmp_path / f"data/words/{['yes', 'no', 'up'][number % 3]}/s{number % 4}_{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.1 * random.standard_normal(16_000), 16_000)
    project = Project(tmp_path)
    from engine.corpus import ingest

    ingest("spoken", load_params(project.params).corpora["spoken"], project)
    return project


@pytest.fixture
def trained(
    words: Project, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[int], None]], None]:
    """Let trainings of seeds leave their files at once; what is given is called after each."""

    from engine.cli import seeds as command

    def trained(after: Callable[[int], None] = lambda seed: None) -> None:
        def run_as_child(said: Sequence[str], root: Path) -> int:
            seed = int(said[said.index("--seed") + 1])
            train(words, seed, words.model(said[said.index("--name") + 1]))
            after(seed)
            return 0

        monkeypatch.setattr(seed_runs, "run_as_child", run_as_child)
        monkeypatch.setattr(command, "_cost", lambda *_: "in no time")
        monkeypatch.chdir(words.root)

    return trained


def train(project: Project, seed: int, folder: Path, **metrics: object) -> None:
    """Write what a training of the recipe `words`, as its file is now, keeps of a seed."""
    recipe = load_recipe(project.recipe("words", "demo"), classes=recipe_classes())
    named = evolve(recipe, name=f"words_seed{seed}")
    noise = 0.1 * np.random.default_rng(seed).standard_normal(len(CLIPS))
    make_finished(folder, {"rmse_db": CLIPS + noise}, **metrics)
    write_recipe(named, folder / "recipe.toml")
    covers = {
        "settings": to_plain(named, identity_only=True),
        "seed": seed,
        "code": current_code(project, recipe),
        "parent": "",
    }
    about = {"covers": covers, "corpus": corpus_digest(project, recipe.dataset.corpus)}
    (folder / "run.json").write_text(json.dumps(about))


def keep_seeds(project: Project, name: str, *means: float, stopped: int = 0) -> None:
    """Put seeds of a recipe that has a model into a project, as its model's recipe trained them.

    Those that guards stopped come last.
    """
    model = project.model(name)
    about = json.dumps({"identity": "3f9c2ab81d04", "covers": {"settings": {"name": name}}})
    (model / "run.json").write_text(about)
    for seed in range(1, len(means) + stopped + 1):
        folder = project.seeds(name) / f"seed_{seed}"
        folder.mkdir(parents=True)
        if seed <= len(means):
            random = np.random.default_rng([seed, len(name)])
            noise = 0.1 * random.standard_normal(len(CLIPS))
            make_finished(folder, {"rmse_db": CLIPS + means[seed - 1] + noise})
            shutil.copy(model / "recipe.toml", folder)
        else:
            (folder / "stopped.json").write_text(json.dumps({"message": "stopped by a guard"}))
        (folder / "run.json").write_text(about)
