"""Real pairs: recipes with real trainings, small enough for a CPU.

The system is that of `examples/denoiser`, which must be installed.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from attrs import asdict, frozen

from benchmarks.words_project import words_project
from engine.project import Project
from engine.recipe import load_params, load_recipe
from engine.sweeps.bisection.lines import lines_of
from engine.sweeps.bisection.search import Search
from engine.sweeps.bisection.sentences import Asked, sentences, why_refused
from engine.sweeps.bisection.trainings import Trainings
from engine.sweeps.bisection.trials import Trials
from engine.system_support.discovery import recipe_classes

STEPS, NUM_SEEDS, MOST_RUNS = 40, 6, 150
_METRIC = "eval/mse"
_RECIPE = Path(__file__).parents[2] / "examples" / "denoiser" / "denoiser.toml"
_HARMLESS = (
    "optimizer.denoiser.epsilon=1e-7",
    "optimizer.denoiser.weight_decay=1e-7",
    "optimizer.denoiser.betas=[0.9, 0.9991]",
    "optimizer.denoiser.clip_gradient_norm=1000.0",
)
"""Lines that change the last digits of a step."""


@frozen
class RealPair:
    """The recipe of the example, and what the bad recipe changes."""

    name: str
    guilty: tuple[str, ...]
    harmless: tuple[str, ...] = _HARMLESS


PAIRS = (
    RealPair("a rate of a tenth", ("optimizer.denoiser.learning_rate=1e-4",)),
    RealPair(
        "one channel of sixteen, and a rate of a third",
        ("model.channels=1", "optimizer.denoiser.learning_rate=3e-4"),
    ),
)


def search_pairs(keep: Path, most: int | None) -> None:
    """Search the pairs that have no line in real.jsonl yet."""
    file = keep / "real.jsonl"
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    done = [json.loads(line)["name"] for line in text.splitlines()]
    project = _project(keep / "project")
    for pair in [pair for pair in PAIRS if pair.name not in done][:most]:
        row = _search(pair, project, keep / "runs")
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row) + "\n")
        click.echo(json.dumps(row, indent=1))


def _project(root: Path) -> Project:
    """A project of synthetic words, made once."""
    if not (root / "build" / "corpus" / "words").is_dir():
        root.mkdir()
        words_project(root)
    return Project(root)


def _search(pair: RealPair, project: Project, folder: Path) -> Mapping[str, Any]:
    changes = (*pair.guilty, *pair.harmless)
    good, bad = (
        load_recipe(_RECIPE, classes=recipe_classes(), overrides=overrides)
        for overrides in ((), changes)
    )
    lines = {line.name: line for line in lines_of(good, bad)}
    params = load_params(project.params)
    oracle = Trainings(project, params, _RECIPE, good, lines, STEPS, _METRIC, folder)
    trials = Trials(oracle, True, NUM_SEEDS, params.seed, MOST_RUNS, click.echo)
    search = Search([*lines], trials)
    search.run()
    asked = Asked("good", "bad", _METRIC, STEPS, lines, ())
    accused = [one.line for found in search.found for one in found.accusations if one.holds]
    guilty = [one.partition("=")[0] for one in pair.guilty]
    return asdict(pair) | {
        "found": sorted(set(accused) & set(guilty)),
        "wrong": sorted(set(accused) - set(guilty)),
        "runs": len(trials.done),
        "said": why_refused(asked, search) or " ".join(sentences(asked, search)),
    }
