"""Sequences of text and audio as one stream without padding, and as rows for attention.

The stream holds the text tokens of all sequences, then all their audio columns: what is computed
position by position needs no padding there, and each modality is one slice. Attention sees rows,
one a sequence, padded on the right alone: a causal transformer then needs no mask, for no position
of a sequence sees any padding. Several short sequences do not share a row, which would need a mask:
attention is the one thing that padding costs, and the smallest part of a layer.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.systems.codec_lm.sequence.delay import IGNORED
from engine.systems.codec_lm.sequence.pieces import AudioPiece, Piece, TextPiece


class Packed(NamedTuple):
    """A batch of B sequences: N text tokens, M audio columns of K codebooks, rows of length L."""

    text: Tensor
    """Token ids, int64 [N]."""
    audio: Tensor
    """Entries of the codebooks, int64 [M, K]."""
    positions: Tensor
    """Position of each entry of the stream in its own sequence, from 0 on, int64 [N + M]."""
    rows: Tensor
    """Which position of the stream each slot holds, int64 [B, L]. Padding holds the first one."""
    slots: Tensor
    """Which of the B * L slots each position of the stream is in, int64 [N + M]."""
    asked_text: Tensor
    """The text tokens [a] from which something learned is predicted: those before it."""
    asked_audio: Tensor
    """And the audio columns [b], both ascending. Together they are what is asked."""
    text_from: Tensor
    """From which of the a + b asked positions each of n learned text tokens is predicted, [n]."""
    text_labels: Tensor
    """Ids of the learned text tokens, int64 [n]."""
    text_clips: Tensor
    """The sequence of each, int64 [n]."""
    audio_from: Tensor
    """From which of the a + b asked positions each of m learned audio columns is predicted, [m]."""
    audio_labels: Tensor
    """Entries of the learned audio columns, int64 [m, K], IGNORED where a codebook has no label."""
    audio_clips: Tensor
    """The sequence of each, int64 [m]."""

    @property
    def asked(self) -> Tensor:
        """The asked positions of the stream, int64 [a + b]."""
        return torch.cat([self.asked_text, self.asked_audio + len(self.text)])

    @property
    def clips(self) -> Tensor:
        """Which sequence each position of the stream is of, int64 [N + M]."""
        return self.slots // self.rows.shape[1]


def pack(sequences: Sequence[list[Piece]], device: torch.device | str) -> Packed:
    """Lay sequences out; counted on the CPU and moved to `device`.

    There must be audio in one of them. Raises ValueError where a sequence begins with something
    learned: nothing stands before from which it could be predicted.
    """
    pieces = [piece for sequence in sequences for piece in sequence]
    texts = [piece for piece in pieces if isinstance(piece, TextPiece)]
    audios = [piece for piece in pieces if isinstance(piece, AudioPiece)]
    text = torch.cat([piece.ids for piece in texts])
    learned = torch.cat([piece.learned for piece in texts])
    audio = torch.cat([piece.columns for piece in audios])
    labels = torch.cat([piece.labels for piece in audios])
    places = _places(sequences, len(text))
    asked = _asked(places, learned, text, labels)
    packed = Packed(text, audio, places.positions, places.rows, places.slots, *asked)
    return Packed(*(entry.to(device, non_blocking=True) for entry in packed))


class _Places(NamedTuple):
    """Where each position of the stream stands, and which sequence and position it follows."""

    positions: Tensor
    rows: Tensor
    slots: Tensor
    clips: Tensor
    before: Tensor


def _places(sequences: Sequence[list[Piece]], num_text: int) -> _Places:
    counts = torch.tensor([sum(map(_length, sequence)) for sequence in sequences])
    total, length = int(counts.sum()), int(counts.max())
    stream = _stream_of(sequences, num_text)
    clips = torch.arange(len(counts)).repeat_interleave(counts)
    positions = torch.arange(total) - (counts.cumsum(0) - counts)[clips]
    slots = clips * length + positions
    rows = torch.zeros(len(counts) * length, dtype=torch.long)
    rows[slots] = stream
    before = torch.where(positions > 0, stream.roll(1), -1)
    order = stream.argsort()
    return _Places(
        positions[order], rows.view(-1, length), slots[order], clips[order], before[order]
    )


def _stream_of(sequences: Sequence[list[Piece]], num_text: int) -> Tensor:
    """Where each position stands in the stream, sequence after sequence: text before all audio."""
    starts = {TextPiece: 0, AudioPiece: num_text}
    runs = []
    for piece in (piece for sequence in sequences for piece in sequence):
        start = starts[type(piece)]
        starts[type(piece)] = start + _length(piece)
        runs.append(torch.arange(start, start + _length(piece)))
    return torch.cat(runs)


def _length(piece: Piece) -> int:
    return len(piece.ids if isinstance(piece, TextPiece) else piece.columns)


def _asked(
    places: _Places, learned: Tensor, text: Tensor, labels: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The last fields of Packed. A position has one successor, so that it is asked once."""
    num_text, columns = len(text), (labels != IGNORED).any(1)
    before_text, before_audio = places.before[:num_text][learned], places.before[num_text:][columns]
    asked = torch.cat([before_text, before_audio]).sort().values
    if (asked < 0).any():
        raise ValueError("a sequence begins with something learned: nothing stands before it")
    is_text = asked < num_text
    return (
        asked[is_text],
        asked[~is_text] - num_text,
        torch.searchsorted(asked, before_text),
        text[learned],
        places.clips[:num_text][learned],
        torch.searchsorted(asked, before_audio),
        labels[columns],
        places.clips[num_text:][columns],
    )
