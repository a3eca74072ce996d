"""What the judges say of a model's evaluation clips: as recorded, and as each version sounds.

Run it from a project in which a codec or an XTTS was trained, by the name of the recipe or run:
python -m benchmarks.judged_samples xtts_en. The versions are those of a run's samples: what a codec
decodes at each bitrate, what is said in the clip's own voice, baselines. Results are written
beside, with the machine.
"""

import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click
import numpy as np
import soundfile
import torch
from safetensors.torch import load_file

from benchmarks.keep_results import keep
from benchmarks.machine import machine
from engine.cli.show.load import load_project_recipe
from engine.evaluation.paired import paired_difference
from engine.metrics.judges.available import judge_named, missing
from engine.metrics.judges.judge import JudgedAudio
from engine.recipe.judges import JUDGES
from engine.system_support.build import build_system
from engine.training.system import Sample

_ASKED = ("dnsmos", "plcmos", "distillmos", "resemblyzer", "stoi")


@click.command()
@click.argument("name")
@click.option("--clips", "num_clips", default=24, show_default=True, help="Evaluation clips.")
def main(name: str, num_clips: int) -> None:
    """Judge the evaluation clips of run NAME with its best weights; keep the figures."""
    torch.set_num_threads(1)
    loaded = load_project_recipe(name)
    system = build_system(loaded.recipe, loaded.project, loaded.params)
    best = loaded.project.model(name) / "checkpoints" / "best" / "weights.safetensors"
    system.module.load_state_dict(load_file(best))
    system.module.eval()
    judges = [one for one in _ASKED if one not in missing(_ASKED)]
    with tempfile.TemporaryDirectory() as folder:
        judged = list(_judged(system.samples(Path(folder), num_clips), judges))
    versions = _by_version(judged)
    keep("judged_samples.json", name, {"machine": machine(1), "versions": versions})


def _judged(
    samples: Sequence[Sample], judges: Sequence[str]
) -> Iterator[tuple[str, Mapping[str, float]]]:
    """Version and figures of each sample of a clip whose original exists."""
    paths = {one.name: one.path for one in samples if one.kind == "audio"}
    for name, path in paths.items():
        clip, version = name.split("/")
        if f"{clip}/original" in paths:
            yield version, _figures(_audio(path, paths[f"{clip}/original"]), judges)


def _audio(path: Path, original: Path) -> JudgedAudio:
    samples, rate = soundfile.read(path, dtype="float32")
    recorded, _ = soundfile.read(original, dtype="float32")
    same = recorded if len(recorded) == len(samples) else None
    return JudgedAudio(samples, rate, original=same, voice=recorded)


def _figures(audio: JudgedAudio, judges: Sequence[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name in judges:
        if audio.original is not None or "original" not in JUDGES[name].needs:
            found |= judge_named(name).score(audio)
    return found


def _by_version(
    judged: Sequence[tuple[str, Mapping[str, float]]],
) -> dict[str, dict[str, dict[str, float]]]:
    """Mean, ends of the 95 % interval (Student) and clips of each figure of each version."""
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for version, figures in judged:
        for figure, value in figures.items():
            values[version][figure].append(value)
    return {
        version: {figure: _mean(some) for figure, some in figures.items()}
        for version, figures in values.items()
    }


def _mean(values: Sequence[float]) -> dict[str, float]:
    known = np.array([value for value in values if np.isfinite(value)])
    found = paired_difference(known, np.zeros_like(known)) if len(known) > 1 else None
    if found is None:
        return {"clips": len(known)}
    rounded = {"mean": found.mean, "low": found.low, "high": found.high}
    return {name: round(value, 3) for name, value in rounded.items()} | {"clips": len(known)}


if __name__ == "__main__":
    main()
