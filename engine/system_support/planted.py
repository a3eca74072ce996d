"""Answers of a language model that are planted in place of its own, to check how it is measured."""

import torch
from torch import Tensor

from engine.system_support.predictions import Predictions
from engine.training.system import Answer

_SURE = 40.0
"""A score so far above all others has all the probability, in single precision."""
PERFECT = (-1e-6, 1e-3), (0.999, 1.001)
"""Cross-entropy and accuracy of the right tokens: the lowest and the highest."""


def planted_scores(predictions: Predictions, answer: Answer) -> Tensor:
    """Scores [N, entries] by which each position is sure of the token after it, or of another.

    "silence" is a uniform guess. The tokens are those of the clips, not the labels of training.
    """
    scores = torch.zeros_like(predictions.scores, dtype=torch.float32)
    if answer == "silence":
        return scores
    following = (predictions.position + 1).clamp(max=len(predictions.tokens) - 1)
    tokens = predictions.tokens[following]
    if answer == "another":
        tokens = (tokens + 1) % scores.shape[1]
    return scores.scatter_(1, tokens.clamp(min=0)[:, None], _SURE)
