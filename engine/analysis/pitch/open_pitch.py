"""The pitch methods there are, by their kinds."""

from importlib.metadata import version
from pathlib import Path
from typing import Literal, get_args

import torch

from engine.analysis.pitch.crepe import Crepe
from engine.analysis.pitch.fcpe import Fcpe
from engine.analysis.pitch.method import PitchMethod
from engine.analysis.pitch.praat import Praat
from engine.analysis.pitch.rmvpe import Rmvpe
from engine.analysis.pitch.swift_f0 import SwiftF0
from engine.errors import UserError

PitchKind = Literal["fcpe", "swift_f0", "crepe", "crepe_tiny", "rmvpe", "praat"]

_PACKAGES = {
    Crepe: "torchcrepe",
    Fcpe: "torchfcpe",
    Praat: "praat-parselmouth",
    SwiftF0: "swift-f0",
}


def programs_of(method: PitchMethod) -> dict[str, str]:
    """The version of the package that measures by a method; empty where that is Cantus."""
    package = _PACKAGES.get(type(method))
    return {} if package is None else {package: version(package)}


def open_pitch(kind: PitchKind, weights: Path | None, device: torch.device) -> PitchMethod:
    """The pitch method of a kind; `rmvpe` alone takes published weights.

    Networks are read when audio is first measured, so that features that are kept cost nothing.
    Raises UserError where a package or the weights are missing.
    """
    match kind:
        case "fcpe":
            return Fcpe(device)
        case "swift_f0":
            return SwiftF0()
        case "crepe":
            return Crepe("full", device)
        case "crepe_tiny":
            return Crepe("tiny", device)
        case "rmvpe":
            return Rmvpe.open(weights, device)
        case "praat":
            return Praat()
    raise UserError(
        f"No pitch method is called {kind!r}. There are: {', '.join(get_args(PitchKind))}."
    )
