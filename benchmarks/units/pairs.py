"""Pairs of results of which one part of how they were measured differs, or none, and who subtracts.

The places are those that Cantus subtracts figures in: clip by clip (`cantus diff`, `compare`,
`promote`, `sweep`), the two tables of `cantus diff`, the refs that `dvc metrics diff` reads, and
the axes of Aim and Trackio.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from attrs import evolve

from engine.cli.compare_metrics import Figures, everything, what_matters
from engine.evaluation.unit import Unit
from engine.recipe import Recipe, load_recipe
from engine.report.paired_runs import compare_runs
from engine.report.run_files import RunFiles
from engine.system_support.discovery import recipe_classes
from engine.tracking.events import Event
from engine.tracking.figure_keys import Placed, figure_keys
from engine.tracking.mirrors.marks import Marks
from engine.tracking.shown_metrics import Measured, write_shown
from tests.run_folders import make_finished

METRIC = "mel"
PLACES = ("clip by clip", "cantus diff", "cantus diff --all", "dvc metrics diff", "Aim and Trackio")
Change = Callable[[Unit, str, np.random.Generator], tuple[Unit, str]]

_PROGRAMS = ("visqol-python", "pesq", "pystoi", "speechmos", "distillmos", "transformers")
_RESAMPLERS = ("soxr", "torchaudio", "scipy", "librosa")
_LANGUAGES = ("", "en", "hu", "te", "pt-br")
_PARAMETERS = ("mode", "n_fft", "num_mels", "losses.mel", "low_db")
_RATES = (8_000, 10_000, 16_000, 22_050, 24_000, 44_100, 48_000)


def random_unit(random: np.random.Generator) -> tuple[Unit, str]:
    """A unit, and the digest of an evaluation set."""
    programs = random.choice(_PROGRAMS, int(random.integers(0, 4)), replace=False)
    names = random.choice(_PARAMETERS, int(random.integers(0, 4)), replace=False)
    unit = Unit(
        definition=f"{random.choice(['codec', 'rvc', 'xtts'])}/{METRIC} {random.integers(1, 4)}",
        programs={str(name): _version(random) for name in programs},
        weights=_hex(random) if random.random() < 0.5 else "",
        resampler=_resampler(random) if random.random() < 0.7 else "",
        sample_rate_hz=int(random.choice(_RATES)),
        language=str(random.choice(_LANGUAGES)),
        parameters={str(name): float(random.integers(1, 100)) / 8 for name in names},
        made_of=_hex(random) if random.random() < 0.3 else "",
    )
    return unit, _hex(random)


def _program(unit: Unit, clips: str, random: np.random.Generator) -> tuple[Unit, str]:
    missing = [name for name in _PROGRAMS if name not in unit.programs]
    return evolve(unit, programs={**unit.programs, missing[0]: _version(random)}), clips


def _program_version(unit: Unit, clips: str, random: np.random.Generator) -> tuple[Unit, str]:
    if not unit.programs:
        return _program(unit, clips, random)
    name = str(random.choice([*unit.programs]))
    return evolve(unit, programs={**unit.programs, name: f"{unit.programs[name]}.1"}), clips


def _parameter(unit: Unit, clips: str, random: np.random.Generator) -> tuple[Unit, str]:
    if not unit.parameters:
        return evolve(unit, parameters={"mode": "wb"}), clips
    name = str(random.choice([*unit.parameters]))
    return evolve(unit, parameters={**unit.parameters, name: -1.0}), clips


def _parameter_left_out(unit: Unit, clips: str, random: np.random.Generator) -> tuple[Unit, str]:
    if not unit.parameters:
        return _parameter(unit, clips, random)
    gone = str(random.choice([*unit.parameters]))
    rest = {name: value for name, value in unit.parameters.items() if name != gone}
    return evolve(unit, parameters=rest), clips


def _rate(unit: Unit, clips: str, random: np.random.Generator) -> tuple[Unit, str]:
    others = [rate for rate in _RATES if rate != unit.sample_rate_hz]
    return evolve(unit, sample_rate_hz=int(random.choice(others))), clips


CHANGES: Mapping[str, Change] = {
    "definition": lambda u, c, _: (evolve(u, definition=f"{u.definition}1"), c),
    "program": _program,
    "version of a program": _program_version,
    "weights": lambda u, c, r: (evolve(u, weights=_hex(r)), c),
    "resampler": lambda u, c, r: (evolve(u, resampler=f"{_resampler(r)}, of another"), c),
    "version of the resampler": lambda u, c, _: (evolve(u, resampler=f"{u.resampler}.1"), c),
    "sample rate": _rate,
    "language": lambda u, c, _: (evolve(u, language=f"{u.language}x"), c),
    "parameter": _parameter,
    "parameter left out": _parameter_left_out,
    "generated clips": lambda u, c, r: (evolve(u, made_of=_hex(r)), c),
    "evaluation set": lambda u, _, r: (u, _hex(r)),
    "not recorded": lambda u, c, _: (u, c),
}
"""The parts of which one is changed; of the last the second file does not say how it measured."""


def subtracted(
    folder: Path, first: tuple[Unit, str], second: tuple[Unit | None, str]
) -> dict[str, bool]:
    """Which places subtract the figures of two results that were measured so."""
    runs = [_finished(folder / name, *one) for name, one in zip("ab", (first, second), strict=True)]
    found = compare_runs(runs[1], runs[0])
    sides = [_shown(folder, name, *one) for name, one in zip("ab", (first, second), strict=True)]
    files = {name: side.shown() for name, side in zip("ab", sides, strict=True)}
    keys = figure_keys({name: Placed("x.json", one) for name, one in files.items()})
    axes = [_axis(name, *one) for name, one in zip("ab", (first, second), strict=True)]
    answers = (
        f"eval/{METRIC}" in found.compared,
        _has_difference(what_matters(sides[0], sides[1], None), METRIC),
        _has_difference(everything(sides[0], sides[1]), f"eval.{METRIC}"),
        keys["a"][METRIC] == keys["b"][METRIC],
        axes[0] == axes[1],
    )
    return dict(zip(PLACES, answers, strict=True))


def made_folder(folder: Path) -> Path:
    """Two finished models in a folder, of which `subtracted` replaces the metrics files."""
    for name in "ab":
        clips = np.linspace(1.0, 2.0, 40) + (name == "b") * 0.1
        make_finished(folder / name, {METRIC: clips}, recipe="codec_dac_paper")
    return folder


def _finished(folder: Path, unit: Unit | None, clips: str) -> RunFiles:
    content = {"eval": {METRIC: 1.5}, "evaluation_set": clips, "step": 100}
    if unit is not None:
        content |= {"scale": {METRIC: unit.digest}, "units": {unit.digest: unit.plain}}
    (folder / "metrics.json").write_text(json.dumps(content), encoding="utf-8")
    return RunFiles(folder.name, folder, _recipe(folder))


@cache
def _recipe(folder: Path) -> Recipe:
    return load_recipe(folder / "recipe.toml", classes=recipe_classes())


def _shown(folder: Path, name: str, unit: Unit | None, clips: str) -> Figures:
    units = {} if unit is None else {METRIC: unit}
    file = folder / f"{name}.json"
    write_shown(file, Measured({METRIC: 1.5}, 100, clips, units))
    return Figures(recipe=name, file=file, title=name)


def _axis(name: str, unit: Unit | None, clips: str) -> str:
    marks = Marks(f"run of {name}"[::-1])
    scales = {} if unit is None else {METRIC: unit.digest}
    facts = {"evaluation_set": clips, "scales": scales}
    marks.take_in(Event("eval", 0, metrics={f"eval/{METRIC}": 1.5}, facts=facts))
    return marks.found[METRIC]


def _has_difference(lines: Iterator[str], name: str) -> bool:
    """Whether a row has a third figure."""
    return any(line.split()[:1] == [name] and len(line.split()) > 3 for line in lines)


def _version(random: np.random.Generator) -> str:
    return ".".join(str(part) for part in random.integers(0, 10, 3))


def _resampler(random: np.random.Generator) -> str:
    return f"{random.choice(_RESAMPLERS)} {_version(random)}"


def _hex(random: np.random.Generator) -> str:
    return random.bytes(32).hex()
