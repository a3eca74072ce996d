from typing import ClassVar

import numpy as np
import torch
from attrs import frozen

from engine.metrics.judges.judge import JudgedAudio
from engine.system_support.judged_clips import ClipJudges, MadeClip
from engine.system_support.speech_judges import SpeechScores


@frozen
class Comparer:
    """Speech judges that give the first sample of the voice they were given."""

    digests: ClassVar = {"similarity": "comparer"}
    voice: float = 0.0

    def load(self, device):
        return self

    def for_voice(self, reference, sample_rate_hz):
        return Comparer(float(reference[0]))

    def score(self, speech, sample_rate_hz, text):
        return SpeechScores({"similarity": self.voice}, ())


def made(number):
    for place in range(number):
        voice = np.full(100, place, np.float32)  # freed with its clip, as its place in memory is
        yield MadeClip(str(place), "ab" * 32, JudgedAudio(voice, 100, voice=voice))


def test_each_clip_is_held_against_its_own_voice():
    found = ClipJudges((), Comparer()).judge(made(20), torch.device("cpu"))
    assert found.figures["judged/similarity"].tolist() == [*map(float, range(20))]
