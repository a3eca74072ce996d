"""DNSMOS (Reddy et al., 2021, 2022): quality without a reference, as listeners of calls put it.

P.835 asks for speech, background and both; P.808 for one figure. Networks and their use are those
of the package speechmos, which repeats what is shorter than its window of 9.01 s.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import frozen

from engine.files.packages import PackagedWeights
from engine.metrics.judges.judge import LOWEST_MOS, SAMPLE_RATE_HZ, JudgedAudio, resampled
from engine.metrics.judges.onnx import session

_P835, _P808 = "dnsmos_models/sig_bak_ovr.onnx", "dnsmos_models/model_v8.onnx"
WEIGHTS = PackagedWeights(
    "speechmos",
    "speechmos",
    {
        _P835: "269fbebdb513aa23cddfbb593542ecc540284a91849ac50516870e1ac78f6edd",
        _P808: "9246480c58567bc6affd4200938e77eef49468c8bc7ed3776d109c07456f6e91",
    },
    imports=("onnxruntime",),
    runs_on=("onnxruntime",),
)
_FIGURES = {
    "dnsmos_ovrl": "ovrl_mos",
    "dnsmos_sig": "sig_mos",
    "dnsmos_bak": "bak_mos",
    "dnsmos_p808": "p808_mos",
}


@frozen(eq=False)
class Dnsmos:
    """Both networks of DNSMOS."""

    measure: Any

    def score(self, audio: JudgedAudio) -> Mapping[str, float]:
        """Four figures from 1 to 5."""
        if audio.silent:
            return dict.fromkeys(_FIGURES, LOWEST_MOS)
        if audio.too_short:
            return dict.fromkeys(_FIGURES, np.nan)
        samples = np.clip(resampled(audio.samples, audio.sample_rate_hz), -1.0, 1.0)
        found = self.measure(samples, SAMPLE_RATE_HZ, is_personalized_MOS=False)
        return {figure: float(found[key]) for figure, key in _FIGURES.items()}


def load() -> Dnsmos:
    """The judge with its weights, which `WEIGHTS.fault` has found to be there."""
    from speechmos.dnsmos import DNSMOS

    networks = [str(WEIGHTS.path(name)) for name in (_P835, _P808)]
    measure = DNSMOS(*networks)
    measure.onnx_sess, measure.p808_onnx_sess = (session(path) for path in networks)
    return Dnsmos(measure)
