"""What a sequence of text and audio is made of."""

from attrs import frozen
from torch import Tensor


@frozen(eq=False)
class TextPiece:
    """Text tokens, one a position."""

    ids: Tensor
    """int64 [n]."""
    learned: Tensor
    """Which of them are learned to be predicted, bool [n]."""


@frozen(eq=False)
class AudioPiece:
    """A clip's codes in the delay pattern, one column a position."""

    columns: Tensor
    """int64 [C, K], entries of K codebooks."""
    labels: Tensor
    """int64 [C, K]: those of the columns' own entries that are learned to be predicted, elsewhere
    IGNORED (`delay.py`). A column is predicted at the position before it."""


Piece = TextPiece | AudioPiece
