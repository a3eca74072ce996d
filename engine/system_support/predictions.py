"""What a network says comes next, beside what it was given and what it is asked for."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from attrs import frozen
from torch import Tensor


@frozen(kw_only=True, eq=False)
class Predictions:
    """Scores of the next token of one kind (text, codes, one codebook), at N labelled positions.

    M tokens of all clips stand one after another, as they are given to the network, with those that
    are only asked for.
    """

    kind: str
    scores: Tensor
    """[N, entries of the vocabulary], as training computes them."""
    labels: Tensor
    """int64 [N], as training asks for them."""
    position: Tensor
    """int64 [N]: the token from which each is predicted, counted in `tokens`."""
    tokens: Tensor
    """int64 [M]."""
    clip: Tensor
    """int64 [M]: which clip each token is of."""
    is_new: bool = False
    """Whether the head that scores them begins untrained, though other weights were trained."""
    special: Sequence[int] = ()
    """Tokens that start, end or fill: what comes after them is no question of the order."""

    @property
    def nats(self) -> float:
        """Cross-entropy of the labels, mean."""
        return float(F.cross_entropy(self.scores.float(), self.labels))

    @property
    def uniform(self) -> float:
        """Cross-entropy of a uniform guess, in nats."""
        return math.log(self.scores.shape[1])


def laid_out(
    rows: Sequence[Tensor], device: torch.device | str = "cpu"
) -> tuple[Tensor, Tensor, Tensor]:
    """Token sequences, each int64 [length], one after another.

    Returns the tokens [M], the clip of each [M], and where each clip begins [clips].
    """
    lengths = torch.tensor([len(row) for row in rows])
    clip = torch.arange(len(rows)).repeat_interleave(lengths)
    first = lengths.cumsum(0) - lengths
    return torch.cat(list(rows)).to(device), clip.to(device), first.to(device)
