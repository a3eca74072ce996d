"""The toy, but one that says two sentences with the weights it has: noise drawn by their sum."""

from pathlib import Path

import numpy as np
from attrs import asdict, define

from engine.project import Project
from engine.recipe.params import Params
from engine.recipe.schema import Recipe
from engine.system_support.audio_samples import write_wav
from engine.training.system import Sample
from tests.training.toy import ToySystem, build_toy


@define
class SpeakingToy(ToySystem):
    """Says "a" and "b", and something of each clip."""

    def samples(self, folder: Path, num_clips: int) -> list[Sample]:
        folder.mkdir(parents=True)
        total = float(sum(p.sum() for p in self.module.network.parameters()))
        made = []
        for name in ("a", "b", *self.eval_clips.ids[:num_clips]):
            path = folder / f"{name}.wav"
            random = np.random.default_rng([*f"{name} {total}".encode()])
            write_wav(path, 0.1 * random.standard_normal(800), 8_000)
            sentence = name in ("a", "b")
            figures = {"speech/total": total + (name == "b")} if sentence else {}
            made_of = f"sentence {name}" if sentence else ""
            sample = Sample(name, "audio", path, name, ("a note",), made_of, figures)
            made.append(sample)
        return made


def build_speaking(recipe: Recipe, project: Project, params: Params) -> SpeakingToy:
    """The builder a run calls."""
    return SpeakingToy(**asdict(build_toy(recipe, project, params), recurse=False))
