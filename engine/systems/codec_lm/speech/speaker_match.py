"""Whether speech has the voice of its reference: the nearest of one recording of each speaker.

Voices are compared by `voice_statistics` of what the codec makes of codes, without a trained
network. How often recordings of the speakers themselves are matched is the most to be expected,
one over the number of speakers is chance.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from attrs import frozen

from engine.analysis.codec.audio_codec import AudioCodec
from engine.evaluation.digests import keys
from engine.metrics.voice_statistics import nearest_voice, voice_statistics
from engine.systems.codec_lm.data.dataset import CloningClips


@frozen(eq=False, slots=False)
class SpeakerMatch:
    """Identifies the speaker of audio among some speakers of a set of clips."""

    clips: CloningClips
    codec: AudioCodec
    speakers: tuple[str, ...]
    """The speakers in order; there must be at least two."""

    @property
    def chance(self) -> float:
        """The share of matches by guessing."""
        return 1.0 / len(self.speakers)

    def nearest(self, audio: np.ndarray, speaker: str, reference: int) -> str:
        """The speaker whose voice is nearest to that of audio [samples] at the codec's rate.

        The `speaker` stands for the clip at `reference`, the others for a clip each that is always
        the same.
        """
        voices = {**self._voices, speaker: self._voice(reference)}
        names = list(voices)
        voice = voice_statistics(audio, self.codec.sample_rate_hz)
        return names[nearest_voice(voice, [voices[name] for name in names])]

    def of_recordings(self, places: Sequence[int]) -> float:
        """The share of clips at these places, one or more, whose own codes are matched."""
        return float(np.mean([self._is_matched(place) for place in places]))

    def _is_matched(self, place: int) -> bool:
        speaker, reference = self.clips.speakers[place], self.clips.fixed_references[place]
        return self.nearest(self._audio(place), speaker, reference) == speaker

    @cached_property
    def _voices(self) -> Mapping[str, np.ndarray]:
        """The voice of each speaker, of the first clip by its audio that may be a reference."""
        digests = keys(self.clips.digests)
        first: dict[str, int] = {}
        for place in sorted(set(self.clips.fixed_references), key=lambda i: digests[i]):
            first.setdefault(self.clips.speakers[place], place)
        return {speaker: self._voice(first[speaker]) for speaker in self.speakers}

    def _voice(self, place: int) -> np.ndarray:
        return voice_statistics(self._audio(place), self.codec.sample_rate_hz)

    def _audio(self, place: int) -> np.ndarray:
        audio: np.ndarray = self.codec.decode(self.clips.codes[place].astype(np.int64)).numpy()
        return audio


def some_speakers(clips: CloningClips, number: int) -> tuple[str, ...]:
    """At most so many speakers of a set, evenly chosen by name; those with a reference alone."""
    known = sorted({clips.speakers[place] for place in clips.fixed_references})
    kept = min(number, len(known))
    return tuple(known[k * len(known) // kept] for k in range(kept))
