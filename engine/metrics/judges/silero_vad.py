"""Silero VAD: how much of a clip is speech, and how long the longest pause in it is."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from attrs import frozen

from engine.files.packages import PackagedWeights
from engine.metrics.judges.judge import SAMPLE_RATE_HZ, JudgedAudio, resampled

_NETWORK = "data/silero_vad.onnx"
WEIGHTS = PackagedWeights(
    "silero_vad",
    "silero-vad",
    {_NETWORK: "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3"},
    imports=("onnxruntime",),
    runs_on=("onnxruntime",),
)


@frozen(eq=False)
class SileroVad:
    """Finds the spans of speech, as the package joins its frames of 32 ms."""

    model: Any

    def score(self, audio: JudgedAudio) -> Mapping[str, float]:
        """The share that is speech, and the longest time without any, in seconds."""
        samples = resampled(audio.samples, audio.sample_rate_hz)
        spans = self.spans(samples)
        if not len(samples):
            return {"speech_share": 0.0, "longest_pause_seconds": 0.0}
        edges = np.concatenate([[0], spans.flatten(), [len(samples)]]).reshape(-1, 2)
        longest = float((edges[:, 1] - edges[:, 0]).max()) / SAMPLE_RATE_HZ
        spoken = float((spans[:, 1] - spans[:, 0]).sum()) / len(samples)
        return {"speech_share": spoken, "longest_pause_seconds": longest}

    def spans(self, samples: np.ndarray) -> np.ndarray:
        """Where speech begins and ends [spans, 2] in samples at 16 kHz."""
        from silero_vad import get_speech_timestamps

        found = get_speech_timestamps(torch.from_numpy(samples), self.model)
        return np.array([(one["start"], one["end"]) for one in found], np.int64).reshape(-1, 2)


def load() -> SileroVad:
    """The judge with its weights, which `WEIGHTS.fault` has found to be there."""
    from silero_vad import load_silero_vad

    return SileroVad(load_silero_vad(onnx=True))
