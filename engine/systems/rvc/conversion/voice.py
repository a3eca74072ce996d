"""A voice that is ready to convert to, and the settings of a conversion."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from attrs import frozen

from engine.analysis.content.encoder import ContentEncoder
from engine.analysis.pitch.method import PitchMethod
from engine.systems.rvc.network.synthesizer import NOISE_SCALE, Synthesizer

Retrieve = Callable[[np.ndarray], np.ndarray]
"""From content features [T, dim] to those of the voice."""


@frozen(eq=False, kw_only=True)
class Voice:
    """A speaker of a model, with content encoder, pitch method and index."""

    synthesizer: Synthesizer
    speaker: int
    """Row of the embedding."""
    content: ContentEncoder
    pitch: PitchMethod | None
    """None where the model has no pitch."""
    unvoiced: Literal["zero", "interpolate"]
    """How the model was trained on the pitch of unvoiced frames."""
    retrieval: Retrieve | None
    """None without an index."""
    median_hz: float | None
    """Median pitch of the speaker, where it is known."""

    @property
    def device(self) -> torch.device:
        """Where the networks run."""
        return self.synthesizer.emb_g.weight.device

    @property
    def sample_rate_hz(self) -> int:
        """Sample rate of the converted audio in Hz."""
        return self.synthesizer.settings.sample_rate_hz


@frozen(kw_only=True)
class Wishes:
    """How a source is to be converted. Defaults are RVC WebUI's."""

    semitones: float = 0.0
    """Semitones by which the pitch is shifted."""
    auto_transpose: bool = False
    """Whether the pitch is shifted from the source's median to the voice's instead."""
    index_rate: float = 0.75
    """Share of the retrieved features in those that the voice speaks; 0: no retrieval."""
    protect: float = 0.33
    """Factor of that share in frames without voice, breath and consonants; 0.5: as others."""
    volume_mix: float = 0.25
    """Loudness: 0 that of the source, 1 that of the model's output."""
    noise_scale: float = NOISE_SCALE
    """Factor of the prior's standard deviation."""
    seed: int = 0
