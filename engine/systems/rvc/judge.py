"""Figures of audio that was generated for a slice, by any method."""

import numpy as np
import torch
import torch.nn.functional as F
from attrs import frozen
from torch import Tensor

from engine.analysis.content.encoder import ContentEncoder
from engine.analysis.pitch.method import PitchMethod
from engine.metrics.artefacts import clicks_per_second, is_lost, offset
from engine.metrics.pitch import f0_error_cents, voicing_error
from engine.metrics.speaker_similarity import SpeakerSimilarity
from engine.systems.rvc.data.slices import at_feature_rate
from engine.systems.rvc.parts import Part

OF_PITCH = ("f0_cents", "voicing_error", "voiceless_share")
"""The figures that a pitch method measures."""


@frozen(eq=False)
class Judge:
    """Measures generated audio by the methods that the recipe and params.toml name."""

    sample_rate_hz: int
    pitch: PitchMethod | None
    """None: the model has no pitch."""
    content: ContentEncoder
    similarity: SpeakerSimilarity | None = None
    """None: params.toml names no speaker encoder, or it is not loaded."""

    @property
    def pitch_digest(self) -> str:
        """Digest of the method that measures pitch; empty without one."""
        return "" if self.pitch is None else self.pitch.digest

    def figures(
        self, made: np.ndarray, part: Part, asked: np.ndarray | None, voice: Tensor | None
    ) -> dict[str, float]:
        """Every figure of generated audio `made` [samples] for a slice.

        `asked` [T] is the pitch in Hz that was asked for, `voice` the speaker embedding.
        """
        resampled = at_feature_rate(made, self.sample_rate_hz)
        figures = {
            "content_cosine": self._content_cosine(resampled, part.content),
            "clicks": clicks_per_second(made, part.audio, self.sample_rate_hz),
            "offset": offset(made),
            "silent_share": float(is_lost(made, part.audio)),
        }
        if asked is not None:
            f0 = self._f0(resampled, len(asked))
            figures["f0_cents"] = f0_error_cents(asked, f0)
            figures["voicing_error"] = voicing_error(asked, f0)
            lost = bool(asked.any()) and np.isnan(figures["f0_cents"])
            figures["voiceless_share"] = float(lost)
        if voice is not None:
            figures["similarity"] = self._similarity(made, voice)
        return figures

    def f0(self, made: np.ndarray, num_frames: int) -> np.ndarray:
        """Pitch [num_frames] in Hz of audio [samples], 0 where there is no voice."""
        return self._f0(at_feature_rate(made, self.sample_rate_hz), num_frames)

    def _f0(self, resampled: np.ndarray, num_frames: int) -> np.ndarray:
        """Pitch [num_frames] in Hz of samples at 16,000 Hz."""
        assert self.pitch is not None, "the model has a pitch"
        return _fitted(self.pitch(resampled), num_frames)

    def voice(self, audio: np.ndarray) -> Tensor | None:
        """The speaker embedding of a recording [samples]; None without a speaker encoder."""
        if self.similarity is None:
            return None
        return self.similarity.embed(audio, self.sample_rate_hz)

    def _similarity(self, made: np.ndarray, voice: Tensor) -> float:
        assert self.similarity is not None, "voices come from the speaker encoder"
        return self.similarity.between(voice, self.similarity.embed(made, self.sample_rate_hz))

    def _content_cosine(self, resampled: np.ndarray, content: np.ndarray) -> float:
        """Mean over frames of the cosine of its content features and given ones [T, dim]."""
        found = np.repeat(self.content(resampled), 2, axis=0)
        frames = min(len(found), len(content))
        ours, theirs = (torch.from_numpy(some[:frames]) for some in (found, content))
        return float(F.cosine_similarity(ours, theirs, dim=1).mean())


def _fitted(f0: np.ndarray, num_frames: int) -> np.ndarray:
    """A pitch of exactly `num_frames` frames: methods give one more than there are hops."""
    return np.pad(f0[:num_frames], (0, max(0, num_frames - len(f0))))
