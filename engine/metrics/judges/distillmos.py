"""Distill-MOS (Stahl and Gamper, 2025): quality without a reference, distilled from XLS-R SQA."""

import math
from collections.abc import Mapping

import torch
from attrs import frozen
from torch import nn

from engine.files.packages import PackagedWeights
from engine.metrics.judges.judge import LOWEST_MOS, JudgedAudio, resampled

_WEIGHTS = "weights/distill_mos_v7.pt"
WEIGHTS = PackagedWeights(
    "distillmos",
    "distillmos",
    {_WEIGHTS: "b18b3ac60227267cfb91e5d00ce22cc7b73716fd92f269484da1446e27031a40"},
    runs_on=("xls-r-sqa",),
)


@frozen(eq=False)
class DistillMos:
    """Pads what is shorter than its window of 7.68 s with zeros, as the package does."""

    network: nn.Module

    @torch.inference_mode()
    def score(self, audio: JudgedAudio) -> Mapping[str, float]:
        """One figure, 1 to 5."""
        if audio.silent:
            return {"distillmos": LOWEST_MOS}
        if audio.too_short:
            return {"distillmos": math.nan}
        samples = torch.from_numpy(resampled(audio.samples, audio.sample_rate_hz))
        return {"distillmos": float(self.network(samples[None]))}


def load() -> DistillMos:
    """The judge with its weights, which `WEIGHTS.fault` has found to be there."""
    from distillmos import ConvTransformerSQAModel

    network = ConvTransformerSQAModel(load_weights=False)
    saved = torch.load(WEIGHTS.path(_WEIGHTS), map_location="cpu", weights_only=True)
    network.load_state_dict(saved["model"])
    return DistillMos(network.eval().requires_grad_(False))
