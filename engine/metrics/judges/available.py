"""Which judges can be had on this machine."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any

import torch

from engine.errors import UserError
from engine.files.packages import PackagedWeights
from engine.metrics.judges.judge import Judge
from engine.recipe.faults import did_you_mean
from engine.recipe.judges import JUDGES


@cache
def judge_named(name: str) -> Judge:
    """A judge of `engine.recipe.judges.JUDGES`, its weights loaded once in a process.

    Raises UserError where there is none so named, its package is not installed, or its weights are
    not those that Cantus was tried with.
    """
    if name not in JUDGES:
        raise UserError(
            f"No judge is called {name!r}{did_you_mean(name, JUDGES)}. There are: "
            f"{', '.join(JUDGES)}."
        )
    why = _fault(name)
    if why is not None:
        raise UserError(f"The judge '{name}' is left out: {why}")
    with _undisturbed():
        judge: Judge = _module(name).load()
    return judge


def missing(names: Iterable[str]) -> dict[str, str]:
    """Those of the judges that cannot be had here, each with the reason in words."""
    return {name: why for name in names if (why := _fault(name)) is not None}


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Inside, networks may be drawn at random and packages set torch's threads, as silero-vad does.

    A run that trains goes on afterwards as if nothing had been loaded.
    """
    threads = torch.get_num_threads()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        torch.set_num_threads(threads)


def _fault(name: str) -> str | None:
    """Why a judge cannot be had, in words."""
    weights: PackagedWeights = _module(name).WEIGHTS
    return weights.fault()


def _module(name: str) -> Any:
    return import_module(f"engine.metrics.judges.{name}")
