"""The toy, but with eight clips that judges score at every evaluation: worse with every step."""

import hashlib
import random

import numpy as np
import torch
from attrs import asdict, define

from engine.evaluation.digests import as_digests
from engine.project import Project
from engine.recipe.judged import Judged
from engine.recipe.params import Params
from engine.recipe.schema import Recipe
from engine.system_support.judged_clips import with_judged
from engine.training.system import Evaluated, JudgedClips
from tests.training.toy import ToySystem, build_toy

BY_WORDS = Judged(judges=("speech_recogniser",))
"""A judge of whom the toy has `wer`."""
IDS = tuple(f"sentence_{number}" for number in range(8))
WORSE = 0.02
"""By so much words get worse with every step."""


@define
class JudgedToy(ToySystem):
    """Draws at random from every generator there is; figures depend on the steps alone."""

    def evaluate(self) -> Evaluated:
        torch.rand(5), np.random.rand(5), random.random()
        found = ToySystem.evaluate(self)
        steps = int(self.module.network[1].num_batches_tracked)
        noise = np.random.default_rng(steps).normal(0, 1e-3, len(IDS))
        digests = as_digests(hashlib.sha256(name.encode()).hexdigest() for name in IDS)
        figures = {"judged/wer": 0.1 + WORSE * steps + noise}
        return with_judged(found, JudgedClips(IDS, digests, figures, 0.5))


def build_judged(recipe: Recipe, project: Project, params: Params) -> JudgedToy:
    """The builder a run calls."""
    return JudgedToy(**asdict(build_toy(recipe, project, params), recurse=False))
