"""Checks that count what the sequences of a batch hold, before any network runs.

Each check names the first clip of the batch that breaks it.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from engine.systems.codec_lm.sequence.codebooks import Codebooks
from engine.systems.codec_lm.sequence.delay import IGNORED, undelayed
from engine.systems.codec_lm.sequence.pieces import AudioPiece, Piece, TextPiece
from engine.training.checks import Check

_Fault = Callable[[list[Piece], list[Tensor], Codebooks], str | None]


def contract_checks(
    sequences: Sequence[list[Piece]], clips: Sequence[list[Tensor]], codebooks: Codebooks
) -> list[Check]:
    """The checks of B sequences; `clips` has the codes [T, K] of each: reference, then target."""
    found = [_check(name, fault, sequences, clips, codebooks) for name, fault in _FAULTS.items()]
    return [*found, _marks(sequences)]


def clips_of(batch: Mapping[str, Tensor]) -> list[list[Tensor]]:
    """The codes of each clip of a batch as `CloningClips` makes it: its reference, its target."""
    rows = zip(batch["reference"], batch["target"], strict=True)
    return [[codes[codes[:, 0] >= 0] for codes in row] for row in rows]


def _check(
    name: str,
    fault: _Fault,
    sequences: Sequence[list[Piece]],
    clips: Sequence[list[Tensor]],
    codebooks: Codebooks,
) -> Check:
    for number, (pieces, codes) in enumerate(zip(sequences, clips, strict=True)):
        if said := fault(pieces, codes, codebooks):
            return Check(name, False, f"clip {number} of the batch: {said}")
    return Check(name, True, f"as they must be in {len(sequences)} sequences")


def _marks(sequences: Sequence[list[Piece]]) -> Check:
    """Each sequence has as many labelled text tokens: marks, and no text that is to be spoken.

    Parts of a step are weighed by their clips for them (`CodecLmTrainingModule.num_targets`).
    """
    counts = [
        sum(int(piece.learned.sum()) for piece in pieces if isinstance(piece, TextPiece))
        for pieces in sequences
    ]
    name = "labels of text"
    for number, count in enumerate(counts):
        if count != counts[0]:
            said = f"clip {number} of the batch: {count} of its text tokens are learned, and of "
            said += f"clip 0 {counts[0]}: text that is to be spoken is learned, not marks alone"
            return Check(name, False, said)
    return Check(name, True, f"{counts[0]} marks are learned in each of {len(counts)} sequences")


def _placeholders(pieces: list[Piece], clips: list[Tensor], books: Codebooks) -> str | None:
    """Each clip of codes has audio in the sequence, in as many columns as its delayed codes."""
    audio = _audio(pieces)
    if len(audio) != len(clips):
        return f"{len(audio)} places for audio, but {len(clips)} clips of codes (reference, target)"
    for place, (piece, codes) in enumerate(zip(audio, clips, strict=True)):
        kind = "target" if place == len(clips) - 1 else "reference"
        wanted, there = len(codes) + books.num_codebooks + 1, len(piece.columns)
        if len(codes) == 0:
            return f"its {kind} has no codes: nothing feeds it"
        if there != wanted:
            return f"its {kind} of {len(codes)} frames takes {wanted} columns, not {there}"
        if not torch.equal(undelayed(piece.columns), codes.to(piece.columns)):
            return f"the columns of its {kind} do not hold the codes of that clip, delayed"
    return None


def _ends(pieces: list[Piece], clips: list[Tensor], books: Codebooks) -> str | None:
    """The target's labels are its codes and one end of stream in each codebook, and no more."""
    target, codes = _audio(pieces)[-1], clips[-1]
    ends = (target.labels == books.eos).sum(0).tolist()
    if ends != [1] * books.num_codebooks:
        return (
            f"its codebooks have {ends} labels for the end of stream, where each must have 1: "
            "without them nothing that is generated ever ends"
        )
    if bool((target.labels == books.bos).any()):
        return "the target's beginning of stream is a label, which generation is given"
    asked = (target.labels != IGNORED).sum(0).tolist()
    wanted = len(codes) + 1
    if asked != [wanted] * books.num_codebooks:
        return f"its codebooks have {asked} labels, where its codes and end of stream need {wanted}"
    return None


def _given(pieces: list[Piece], clips: list[Tensor], books: Codebooks) -> str | None:  # noqa: ARG001
    """Neither a reference nor text before the target's turn has labels."""
    *references, _ = _audio(pieces)
    for piece in references:
        asked = int((piece.labels != IGNORED).sum())
        ends = int((piece.labels == books.eos).sum())
        if asked:
            return (
                f"its reference has {asked} labels, {ends} of them ends of stream: a reference "
                "must have none"
            )
    last = max(place for place, piece in enumerate(pieces) if isinstance(piece, AudioPiece))
    before = [piece.learned for piece in pieces[: last - 1] if isinstance(piece, TextPiece)]
    if number := sum(int(learned.sum()) for learned in before):
        return f"{number} text tokens of turns before the target's have labels"
    return None


def _entries(pieces: list[Piece], clips: list[Tensor], books: Codebooks) -> str | None:  # noqa: ARG001
    """Neither padding nor an ignored label is looked up in a table, or decoded."""
    for piece in pieces:
        held = piece.ids if isinstance(piece, TextPiece) else piece.columns
        if bool((held < 0).any()):
            what = "text tokens" if isinstance(piece, TextPiece) else "codes"
            return f"its {what} hold {int(held.min())}: padding and ignored labels are not tokens"
        most = int(held.max()) if held.numel() else 0
        if isinstance(piece, AudioPiece) and most >= books.num_entries:
            return f"its codes hold {most}, and a codebook has {books.num_entries} entries"
    return None


def _audio(pieces: list[Piece]) -> list[AudioPiece]:
    return [piece for piece in pieces if isinstance(piece, AudioPiece)]


_FAULTS: Mapping[str, _Fault] = {
    "audio in sequences": _placeholders,
    "ends of stream": _ends,
    "labels of references": _given,
    "entries of sequences": _entries,
}
