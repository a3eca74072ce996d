"""Mapping decibels to the interval [0, 1] of the networks, and back."""

from typing import NamedTuple

from torch import Tensor

from engine.systems.vqvae.recipe import FixedWindow, Normalization


class Window(NamedTuple):
    """The decibels that become 0, and how many more become 1."""

    low_db: float | Tensor
    span_db: float | Tensor

    def normalize(self, mel_db: Tensor) -> Tensor:
        """Decibels [...] to 0..1; values outside the window are clamped."""
        return ((mel_db - self.low_db) / self.span_db).clamp(0.0, 1.0)

    def decibels(self, mel: Tensor) -> Tensor:
        """Normalized values [...] in 0..1 to decibels."""
        return mel * self.span_db + self.low_db


def window_of(normalisation: Normalization, mel_db: Tensor) -> Window:
    """The window of a batch [B, 1, 128, 32] in dB: fixed, or the batch's minimum and maximum."""
    if isinstance(normalisation, FixedWindow):
        return Window(normalisation.low_db, normalisation.high_db - normalisation.low_db)
    low, high = mel_db.aminmax()
    # As published: a batch of one value must not divide by zero.
    return Window(low, high - low + 1e-8)
