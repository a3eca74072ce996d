"""The pieces of a sequence of text and audio."""

from attrs import frozen
from torch import Tensor


@frozen(eq=False)
class TextPiece:
    """Text tokens, one per position."""

    ids: Tensor
    """int64 [n]."""
    learned: Tensor
    """Which tokens are labels that the model learns to predict, bool [n]."""


@frozen(eq=False)
class AudioPiece:
    """A clip's codes in the delay pattern, one column per position."""

    columns: Tensor
    """int64 [C, K], entries of K codebooks."""
    labels: Tensor
    """int64 [C, K]: those of the columns' own entries that are learned to be predicted, elsewhere
    IGNORED (`delay.py`). A column is predicted at the position before it."""


Piece = TextPiece | AudioPiece
