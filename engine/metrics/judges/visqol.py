"""ViSQOL (Chinen et al., 2020) by visqol-python: how alike two recordings look in gammatone bands.

Up to 16 kHz in speech mode at 16 kHz, with the lattice network that the C++ program uses (1 to 5);
above in audio mode at 48 kHz, with its support vectors (1 to about 4.75): different scales.
"""

import logging
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from attrs import frozen

from engine.files.packages import PackagedWeights
from engine.metrics.judges.judge import LOWEST_MOS, JudgedAudio, Setup, resampled

WEIGHTS = PackagedWeights(
    "visqol",
    "visqol-python",
    {
        "model/lattice_tcditugenmeetpackhref_ls2_nl60_lr12_bs2048_learn.005_ep2400_train1_7_raw"
        ".tflite": "4bd031d6c95594ae2cd1d471aa6611bff26b3bbf816528431ff1741bcd798dc6",
        "model/libsvm_nu_svr_model.txt": (
            "1e8246ed33bf36dc5c859351f7110f2cd31f98661989715c0fcf974ec48d3e2e"
        ),
    },
    imports=("ai_edge_litert.interpreter", "libsvm.svmutil"),
    runs_on=("ai-edge-litert", "libsvm-official"),
    install="pip install 'cantus[judges]', which needs a C++ compiler for libsvm-official",
)
_HIGHEST_OF_SPEECH_HZ = 16_000
_SHORTEST_SECONDS = {True: 0.5, False: 1.0}
"""In speech mode, some patches of 20 frames, half overlapping; else 45 frames 20 ms apart."""


def setup(sample_rate_hz: int) -> Setup:
    """Speech mode up to 16 kHz, above that audio mode."""
    speech = sample_rate_hz <= _HIGHEST_OF_SPEECH_HZ
    return Setup(16_000, "speech") if speech else Setup(48_000, "audio")


@frozen(eq=False)
class Visqol:
    """Both modes of ViSQOL; which one is used depends on the rate alone."""

    def score(self, audio: JudgedAudio) -> Mapping[str, float]:
        """One figure; nan of clips too short for the mode, or without speech."""
        original, samples = audio.pair()
        how = setup(audio.sample_rate_hz)
        speech, rate = how.mode == "speech", how.sample_rate_hz
        if audio.seconds < _SHORTEST_SECONDS[speech] or not original.any():
            return {"visqol": np.nan}
        if audio.silent:
            return {"visqol": LOWEST_MOS}
        x, y = (
            resampled(clip.astype(np.float64), audio.sample_rate_hz, rate)
            for clip in (original, samples)
        )
        try:
            return {"visqol": float(_program(speech).measure_from_arrays(x, y, rate).moslqo)}
        except IndexError:  # the package's own, where no patch of the original holds speech
            return {"visqol": np.nan}


def load() -> Visqol:
    """The judge with both modes, loaded at once: LiteRT sets torch's threads as it starts."""
    for speech in (True, False):
        _program(speech)
    return Visqol()


@cache
def _program(speech: bool) -> Any:
    import numba
    from visqol import VisqolApi

    numba.set_num_threads(1)
    logging.getLogger("visqol").setLevel(logging.ERROR)  # patches that it drops, clip by clip
    program = VisqolApi()
    more = {"mode": "speech", "use_lattice_model": True} if speech else {"mode": "audio"}
    program.create(**more)
    return program
