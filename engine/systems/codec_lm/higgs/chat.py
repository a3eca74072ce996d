"""The chat of Higgs Audio v2, in which the reference is audio of the assistant's earlier turn.

    system: instruction | user: text of the reference | assistant: reference audio |
    user: text | assistant: target audio

as the released model's chat template and Higgs Audio's own collator write it. Labels stand on the
last turn alone: the codes, an end of stream in each codebook, and the marks around the audio.
"""

from functools import cached_property

import torch
from attrs import frozen
from torch import Tensor

from engine.files.checksum import digest_of
from engine.systems.codec_lm.higgs.tokens import (
    AUDIO_EOS,
    AUDIO_OUT_BOS,
    BEGIN_OF_TEXT,
    END_HEADER,
    END_OF_TURN,
    START_HEADER,
    HiggsTokens,
)
from engine.systems.codec_lm.sequence.codebooks import Codebooks
from engine.systems.codec_lm.sequence.delay import IGNORED, delayed, delayed_labels
from engine.systems.codec_lm.sequence.pieces import AudioPiece, Piece, TextPiece

_BREAK = "\n\n"


@frozen(eq=False)
class HiggsChat:
    """The `ChatLayout` of Higgs Audio v2."""

    tokens: HiggsTokens
    codebooks: Codebooks
    instruction: str
    """Text of the system turn."""

    def pieces(
        self, text: Tensor, reference_text: Tensor, reference: Tensor, target: Tensor | None
    ) -> list[Piece]:
        """Text and audio in turn; see `ChatLayout`."""
        pieces: list[Piece] = [
            self._text(self._system, self._user, reference_text, self._before_audio),
            self._audio(reference),
        ]
        between = (self._after_audio, self._user, text, self._before_audio)
        if target is None:
            return [*pieces, self._text(*between)]
        return [
            *pieces,
            self._text(*between, num_learned=1),
            self._audio(target, learned=True),
            self._text(self._after_audio, num_learned=len(self._after_audio)),
        ]

    def num_positions(
        self, num_text: int, num_reference_text: int, reference_frames: int, target_frames: int
    ) -> int:
        """Positions of a whole sequence: T frames of K codebooks take T + K + 1."""
        turns = len(self._user) + len(self._before_audio) + len(self._after_audio)
        turns += self.codebooks.num_codebooks + 1
        return (
            len(self._system)
            + (num_reference_text + reference_frames + turns)
            + (num_text + target_frames + turns)
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256 over tokenizer, codebooks and instruction."""
        books = [self.codebooks.num_codebooks, self.codebooks.codebook_size]
        return digest_of(["higgs_audio_v2", self.tokens.digest, books, self.instruction])

    def _text(self, *parts: Tensor, num_learned: int = 0) -> TextPiece:
        """A piece whose last `num_learned` tokens have labels."""
        ids = torch.cat(parts)
        return TextPiece(ids, torch.arange(len(ids)) >= len(ids) - num_learned)

    def _audio(self, codes: Tensor, learned: bool = False) -> AudioPiece:
        columns = delayed(codes, self.codebooks.bos, self.codebooks.eos)
        if learned:
            return AudioPiece(columns, delayed_labels(codes, self.codebooks.eos))
        return AudioPiece(columns, torch.full_like(columns, IGNORED))

    @cached_property
    def _system(self) -> Tensor:
        """The system turn. Raises UserError where the tokenizer cannot hold the instruction."""
        instruction = torch.tensor(self.tokens.encode(self.instruction), dtype=torch.long)
        header = self._ids(BEGIN_OF_TEXT, START_HEADER, "system", END_HEADER, _BREAK)
        return torch.cat([header, instruction, self._ids(END_OF_TURN)])

    @cached_property
    def _user(self) -> Tensor:
        return self._ids(START_HEADER, "user", END_HEADER, _BREAK)

    @cached_property
    def _before_audio(self) -> Tensor:
        header = (START_HEADER, "assistant", END_HEADER, _BREAK)
        return self._ids(END_OF_TURN, *header, AUDIO_OUT_BOS)

    @cached_property
    def _after_audio(self) -> Tensor:
        return self._ids(AUDIO_EOS, END_OF_TURN)

    def _ids(self, *parts: str) -> Tensor:
        return torch.tensor(self.tokens.ids_of(*parts))
