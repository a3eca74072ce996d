"""The published shapes: what a clip, its mel spectrogram and its puzzle measure. No torch."""

NUM_MELS = 128
NUM_FRAMES = 32
HOP_LENGTH = 512
"""Samples from one frame to the next."""
HIGH_HZ = 8_000
"""Upper edge of the highest mel band."""
GRID = 30
"""Rows (frequency) and columns (time) of a puzzle."""
