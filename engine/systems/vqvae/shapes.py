"""The published shapes of a clip, of its mel spectrogram and of its puzzle. No torch."""

NUM_MELS = 128
NUM_FRAMES = 32
HOP_LENGTH = 512
"""Number of samples from one frame to the next."""
HIGH_HZ = 8_000
"""Upper edge of the highest mel band."""
GRID = 30
"""Rows (frequency) and columns (time) of a puzzle."""
