"""PLCMOS v2 (Diener et al., 2023): how gaps and dropouts disturb, without a reference."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import frozen

from engine.files.packages import PackagedWeights
from engine.metrics.judges.judge import LOWEST_MOS, JudgedAudio, resampled
from engine.metrics.judges.onnx import session

_NETWORK = "plcmos_models/plcmos_v2.onnx"
WEIGHTS = PackagedWeights(
    "speechmos",
    "speechmos",
    {_NETWORK: "c0ad3fc64ef9682b4749c0e96636b41c73b4b30bd123b9348feea06a96895286"},
    imports=("onnxruntime",),
    runs_on=("onnxruntime",),
)
_NUM_RATERS, _RATER_DIM = 15, 64


@frozen(eq=False)
class Plcmos:
    """The mean of fifteen listeners that the network is given, drawn once and the same for all.

    The package draws others for each clip, which moves its figure by up to 0.07 from call to call.
    """

    model: Any

    def score(self, audio: JudgedAudio) -> Mapping[str, float]:
        """One figure, 1 to 5."""
        if audio.silent:
            return {"plcmos": LOWEST_MOS}
        if audio.too_short:
            return {"plcmos": np.nan}
        spectrum = self.model.stft_transform(resampled(audio.samples, audio.sample_rate_hz))
        degraded = spectrum.astype(np.float32)[None, None]
        raters = np.random.default_rng(0).standard_normal((_NUM_RATERS, 1, _RATER_DIM), np.float32)
        given = ({"degraded_audio": degraded, "rater_embed": rater} for rater in raters)
        return {"plcmos": float(np.mean([self.model.session.run(None, one)[0] for one in given]))}


def load() -> Plcmos:
    """The judge with its weights, which `WEIGHTS.fault` has found to be there."""
    from speechmos.plcmos import PLCMOS

    model = PLCMOS()
    model.session = session(WEIGHTS.path(_NETWORK))
    return Plcmos(model)
