"""Which judges can be had on this machine."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Protocol

import torch

from engine.corpus.audio.pcm import RESAMPLER
from engine.errors import UserError
from engine.evaluation.unit import Unit
from engine.files.nearest import suggestion
from engine.files.packages import PackagedWeights
from engine.metrics.judges import (
    distillmos,
    dnsmos,
    pesq,
    plcmos,
    resemblyzer,
    silero_vad,
    stoi,
    swift_f0,
    swift_f0_error,
    visqol,
)
from engine.metrics.judges.judge import Judge, Setup
from engine.recipe.judges import JUDGES


class _Module(Protocol):
    """What the file of a judge holds."""

    WEIGHTS: PackagedWeights

    def load(self) -> Judge: ...


_MODULES: Mapping[str, _Module] = {
    "distillmos": distillmos,
    "dnsmos": dnsmos,
    "pesq": pesq,
    "plcmos": plcmos,
    "resemblyzer": resemblyzer,
    "silero_vad": silero_vad,
    "stoi": stoi,
    "swift_f0": swift_f0,
    "swift_f0_error": swift_f0_error,
    "visqol": visqol,
}
"""The judges of `engine.recipe.judges.JUDGES`; each imports its package when it is used."""
_SETUPS: Mapping[str, Callable[[int], Setup]] = {
    "pesq": pesq.setup,
    "stoi": stoi.setup,
    "visqol": visqol.setup,
}
"""Settings of the judges that do not bring every clip to 16 kHz with soxr."""


@cache
def judge_named(name: str) -> Judge:
    """A judge of `engine.recipe.judges.JUDGES`, its weights loaded once in a process.

    Raises UserError where there is none so named, its package is not installed, or its weights are
    not those that Cantus was tried with.
    """
    if name not in JUDGES:
        raise UserError(
            f"There is no judge '{name}'.{suggestion(name, JUDGES)} There are: {', '.join(JUDGES)}."
        )
    why = _fault(name)
    if why is not None:
        raise UserError(f"The judge '{name}' cannot be had here: {why}")
    with _undisturbed():
        judge: Judge = _MODULES[name].load()
    return judge


def judge_units(name: str, sample_rate_hz: int) -> dict[str, Unit]:
    """How a judge that is installed here measures clips of a sample rate, by its figures."""
    weights = _MODULES[name].WEIGHTS
    how = _SETUPS[name](sample_rate_hz) if name in _SETUPS else Setup()
    resampler = how.resampler or RESAMPLER
    return {
        figure: Unit(
            definition=f"{name}/{figure} {how.version}",
            programs=weights.programs,
            weights=weights.sha256,
            resampler=resampler if how.sample_rate_hz != sample_rate_hz else "",
            sample_rate_hz=how.sample_rate_hz,
            parameters={"mode": how.mode} if how.mode else {},
        )
        for figure in JUDGES[name].figures
    }


def missing(names: Iterable[str]) -> dict[str, str]:
    """The judges that cannot be used on this machine, each with the reason."""
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
    return _MODULES[name].WEIGHTS.fault()
