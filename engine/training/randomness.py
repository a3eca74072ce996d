"""torch's random number generators: the only random state that a resume needs.

The order of clips and their crops need no state: they are pure functions (see order.py, loader.py).
"""

from collections.abc import Mapping

import torch
from attrs import frozen
from torch import Tensor

from engine.training.ranks import Ranks
from engine.training.state import Saved


def random_state() -> dict[str, Tensor]:
    """The generators' states, of the CPU and of the CUDA device where there is one."""
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def set_random_state(state: Mapping[str, Tensor]) -> None:
    """Put the generators into a state that `random_state` gave."""
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])


@frozen
class Generators:
    """The random number generators of every process of a run."""

    ranks: Ranks

    def state(self) -> Saved:
        """The states of all generators, by rank."""
        return Saved(tensors=self.ranks.gather(random_state()))

    def load(self, saved: Saved) -> None:
        """Take over this process's state; where fewer were saved, keep the present one."""
        if self.ranks.rank < len(saved.tensors):
            set_random_state(saved.tensors[self.ranks.rank])
