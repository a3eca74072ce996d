"""How a model family writes a conversation with audio as one sequence."""

from typing import Protocol

from torch import Tensor

from engine.systems.codec_lm.sequence.codebooks import Codebooks
from engine.systems.codec_lm.sequence.pieces import Piece


class ChatLayout(Protocol):
    """Puts a reference with its text, and a text that is to be spoken, before the target audio."""

    @property
    def codebooks(self) -> Codebooks:
        """The codebooks of its audio."""

    @property
    def digest(self) -> str:
        """SHA-256 over everything that decides the sequence of a clip."""

    def pieces(
        self, text: Tensor, reference_text: Tensor, reference: Tensor, target: Tensor | None
    ) -> list[Piece]:
        """The sequence of one clip, in which only the target has labels.

        `text` and `reference_text` are token ids [n]; `reference` [R, K] and `target` [T, K] are
        codes. Without a target it is the prompt of generation: all up to the mark after which audio
        begins, and nothing in it has a label.
        """

    def num_positions(
        self, num_text: int, num_reference_text: int, reference_frames: int, target_frames: int
    ) -> int:
        """Number of positions of such a sequence."""
