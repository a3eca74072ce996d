"""A judge in place of DNSMOS: it needs no package, and has a version."""

import numpy as np
from attrs import frozen

from engine.evaluation.unit import Unit
from engine.metrics.judges.judge import JudgedAudio
from engine.recipe.judges import JUDGES


@frozen
class ToyJudge:
    """Says how loud a clip is, and how long its voice's recording."""

    def score(self, audio: JudgedAudio) -> dict[str, float]:
        loud = float(np.sqrt(np.mean(np.square(audio.samples))))
        voice = 0.0 if audio.voice is None else len(audio.voice) / audio.sample_rate_hz
        return {"dnsmos_ovrl": loud, "dnsmos_sig": voice, "dnsmos_bak": len(audio.text)}


def let_judge(monkeypatch, version="1", missing=()):
    """Put the toy in the place of every packaged judge, but of those that are missing."""

    def units(name, sample_rate_hz):
        figures = JUDGES[name].figures
        return {one: Unit(definition=one, programs={"toy": version}) for one in figures}

    place = "engine.system_support.judged_clips"
    monkeypatch.setattr(f"{place}.judge_named", lambda _: ToyJudge())
    monkeypatch.setattr(f"{place}.judge_units", units)
    monkeypatch.setattr(
        f"{place}.missing",
        lambda names: {n: "the package 'x' is not installed" for n in names if n in missing},
    )
