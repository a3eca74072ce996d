"""How far the pitch of a clip is from that of its original, frame by frame, by SwiftF0."""

from collections.abc import Mapping

import numpy as np
from attrs import frozen

from engine.metrics.judges import swift_f0
from engine.metrics.judges.judge import JudgedAudio
from engine.metrics.pitch import f0_error_cents, voicing_error

WEIGHTS = swift_f0.WEIGHTS


@frozen(eq=False)
class SwiftF0Error:
    """Compares the pitch of two recordings of one length."""

    def score(self, audio: JudgedAudio) -> Mapping[str, float]:
        """Median error in cents where both have a voice; share of frames where one alone has."""
        asked, made = (swift_f0.f0_of(clip, audio.sample_rate_hz) for clip in audio.pair())
        if not len(asked):
            return {"f0_error_cents": np.nan, "f0_voicing_error": np.nan}
        return {
            "f0_error_cents": f0_error_cents(asked, made),
            "f0_voicing_error": voicing_error(asked, made),
        }


def load() -> SwiftF0Error:
    """The judge, whose weights `WEIGHTS.fault` has found to be there."""
    return SwiftF0Error()
