"""Labels of a GPT planted at another offset than the next token, for its text or its codes."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from engine.systems.xtts.network.gpt import Asked
from engine.training.system import System

OFFSETS: Mapping[str, tuple[int, int]] = {
    f"{('text', 'codes')[which]} {offset:+d}": (which, offset)
    for which, offset in ((1, -1), (1, 0), (1, 2), (1, 3), (0, 0), (0, 2))
}
"""Which labels, and how many tokens after the one that a position is given."""
ASKED: Mapping[str, tuple[str, ...]] = {
    "by labels": ("labels of text", "labels of codes"),
    "by scores": ("order of tokens",),
}
"""Checks that name a shift, by what they look at."""


def plant(system: System, shift: tuple[int, int] | None) -> None:
    """Let the GPT be trained by other labels; None leaves it as it is."""
    if shift is None:
        return
    which, offset = shift
    network: Any = system.module.get_submodule("network")
    healthy = network.asked

    def asked(*given: Any) -> tuple[Asked, Asked]:
        found = list(healthy(*given))
        found[which] = found[which]._replace(labels=_moved(found[which], offset - 1))
        return found[0], found[1]

    network.asked = asked


def _moved(asked: Asked, by: int) -> Tensor:
    """Each label is that of `by` positions on in its clip, as far as the clip goes."""
    clip, places = asked.tokens.clip, torch.arange(len(asked.labels), device=asked.labels.device)
    moved = (places + by).clamp(0, len(places) - 1)
    inside = clip[moved] == clip
    return torch.where(inside, asked.labels[moved], asked.labels)
