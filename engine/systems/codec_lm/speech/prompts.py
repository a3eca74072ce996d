"""Prompts of the clips that a run generates: the texts of clips, and fixed texts."""

from collections.abc import Sequence

import numpy as np
import torch
from attrs import frozen

from engine.evaluation.digests import keys
from engine.files.checksum import digest_of
from engine.system_support.audio_samples import spread_over
from engine.systems.codec_lm.data.dataset import CloningClips
from engine.systems.codec_lm.sequence.pieces import Piece


@frozen(eq=False, kw_only=True)
class Prompt:
    """A text, and the reference clip in whose voice it is to be spoken."""

    name: str
    """Name of the clip that says the text, or number of the text."""
    text: str
    pieces: Sequence[Piece]
    reference: int
    """The place of the reference among its clips."""
    target: int | None = None
    """Place of the clip that says the text, which the model does not see; None for another text."""
    digest: str
    """Digest of text, reference and target, whatever the clips are called."""


def spread_clips(clips: CloningClips, number: int) -> list[int]:
    """Places of at most so many clips, of as many speakers as possible."""
    return spread_over(clips.speakers, number)


def prompt_of_clip(clips: CloningClips, text: str, place: int) -> Prompt:
    """The prompt for a clip's transcript `text`, in the voice of the clip's fixed reference."""
    tokens, reference = clips.texts[place], clips.fixed_references[place]
    return Prompt(
        name=clips.ids[place],
        text=text,
        pieces=_pieces(clips, tokens, reference),
        reference=reference,
        target=place,
        digest=digest_of([_audio(clips, place), tokens.tolist(), *_voice(clips, reference)]),
    )


def prompt_of_text(clips: CloningClips, text: str, tokens: Sequence[int], number: int) -> Prompt:
    """The prompt for a text in the voice of the longest reference, named by its `number`."""
    reference = _longest_reference(clips)
    return Prompt(
        name=f"text_{number}",
        text=text,
        pieces=_pieces(clips, np.array(tokens), reference),
        reference=reference,
        digest=digest_of([list(tokens), *_voice(clips, reference)]),
    )


def _longest_reference(clips: CloningClips) -> int:
    """Among the fixed references; of equal ones it follows from their audio."""
    digests = keys(clips.digests)
    return max(set(clips.fixed_references), key=lambda i: (len(clips.codes[i]), digests[i]))


def _pieces(clips: CloningClips, tokens: np.ndarray, reference: int) -> Sequence[Piece]:
    own = tokens, clips.texts[reference], clips.codes[reference]
    text, reference_text, codes = (torch.from_numpy(one.astype(np.int64)) for one in own)
    return clips.chat.pieces(text, reference_text, codes, None)


def _voice(clips: CloningClips, reference: int) -> list[object]:
    return [_audio(clips, reference), clips.texts[reference].tolist()]


def _audio(clips: CloningClips, place: int) -> str:
    return bytes(clips.digests[place]).hex()
