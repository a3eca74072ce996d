"""Which clips are learned from and which are held out. Pure functions of the clips."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from attrs import frozen

from engine.corpus.manifest import Clip
from engine.errors import UserError


@frozen(kw_only=True)
class Split:
    """Two sets of clips, in manifest order, that share no clip."""

    train: tuple[Clip, ...]
    evaluation: tuple[Clip, ...]
    how: str
    """A sentence."""
    leaks: str | None
    """A sentence where evaluation may share speakers with training."""


def split_clips(
    clips: Sequence[Clip],
    *,
    how: Literal["speaker_disjoint", "random"],
    eval_share: float,
    num_train: int | None,
    num_eval: int | None,
    seed: int,
) -> Split:
    """Hold clips out for evaluation.

    'speaker_disjoint' follows the corpus's official lists (the test list is used for nothing); a
    corpus without them is split by SHA-1 of the speaker, and clips without one by SHA-1 of the
    clip, so that clips stay where they are when others are added. 'random' draws clips by `seed`.
    `num_train` and `num_eval` keep a pseudo-random part of each set, by hash. Raises UserError
    where one of the sets would be empty.
    """
    if how == "random":
        train, evaluation, sentence = _at_random(clips, eval_share, seed)
    elif all(clip.listed for clip in clips):
        train, evaluation, sentence = _as_listed(clips)
    elif any(clip.speaker for clip in clips):
        train, evaluation, sentence = _by_speaker(clips, eval_share)
    else:
        train, evaluation, sentence = _by_clip(clips, eval_share)
    train, evaluation = _at_most(train, num_train), _at_most(evaluation, num_eval)
    if not train or not evaluation:
        raise UserError(_empty(train, evaluation, sentence))
    return Split(train=train, evaluation=evaluation, how=sentence, leaks=_leaks(train, evaluation))


_Halves = tuple[tuple[Clip, ...], tuple[Clip, ...], str]


def _at_random(clips: Sequence[Clip], eval_share: float, seed: int) -> _Halves:
    num_held_out = round(eval_share * len(clips))
    order = np.random.default_rng(seed).permutation(len(clips))
    held_out = {clips[index].id for index in order[:num_held_out]}
    sentence = f"{eval_share:.0%} of the clips, drawn at random with seed {seed}"
    return *_halves(clips, held_out), sentence


def _as_listed(clips: Sequence[Clip]) -> _Halves:
    train = tuple(clip for clip in clips if clip.listed == "train")
    evaluation = tuple(clip for clip in clips if clip.listed == "eval")
    return train, evaluation, "the corpus's official lists, of which the test list is left out"


def _by_speaker(clips: Sequence[Clip], eval_share: float) -> _Halves:
    known = {clip.speaker for clip in clips if clip.speaker}
    unknown = {clip.id for clip in clips if not clip.speaker}
    held_out, alone = _lowest(known, eval_share), _lowest(unknown, eval_share)
    ids = {clip.id for clip in clips if clip.speaker in held_out} | alone
    sentence = f"speaker, {len(held_out)} of {len(known)} held out by SHA-1 of their names"
    if unknown:
        sentence += f"; clips without a speaker, each taken as one of its own: {len(unknown)}"
    return *_halves(clips, ids), sentence


def _by_clip(clips: Sequence[Clip], eval_share: float) -> _Halves:
    held_out = _lowest({clip.id for clip in clips}, eval_share)
    return *_halves(clips, held_out), f"clip, about {eval_share:.0%} held out by SHA-1 of their ids"


def _halves(clips: Sequence[Clip], held_out: set[str]) -> tuple[tuple[Clip, ...], tuple[Clip, ...]]:
    train = tuple(clip for clip in clips if clip.id not in held_out)
    return train, tuple(clip for clip in clips if clip.id in held_out)


def _lowest(names: set[str], share: float) -> set[str]:
    """Names whose hash lies in the lowest `share`; at least one of several, so that few do."""
    if len(names) < 2:
        return set()
    return {name for name in names if _place(name) < share} or {min(names, key=_place)}


def _place(name: str) -> float:
    """A name's fixed pseudo-random place in [0, 1)."""
    digest = hashlib.sha1(name.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _at_most(clips: tuple[Clip, ...], number: int | None) -> tuple[Clip, ...]:
    if number is None or len(clips) <= number:
        return clips
    chosen = {
        clip.id for clip in sorted(clips, key=lambda clip: _place(f"keep {clip.id}"))[:number]
    }
    return tuple(clip for clip in clips if clip.id in chosen)


def _leaks(train: Iterable[Clip], evaluation: Iterable[Clip]) -> str | None:
    heard = {clip.speaker for clip in train if clip.speaker}
    tested = {clip.speaker for clip in evaluation if clip.speaker}
    if not heard | tested:
        return "Speakers are not known, so the same voice may be in training and in evaluation."
    sentences = []
    if shared := len(heard & tested):
        sentences.append(
            f"{shared} of the {len(tested)} speakers of the evaluation are in training too."
        )
    if num_unknown := sum(not clip.speaker for clip in (*train, *evaluation)):
        sentences.append(
            f"Clips without a speaker: {num_unknown}. Their voices may be in training and in "
            "evaluation."
        )
    return " ".join(sentences) or None


def _empty(train: Sequence[Clip], evaluation: Sequence[Clip], sentence: str) -> str:
    which = "evaluation" if train else "training"
    return (
        f"There are no {which} clips. Split by {sentence}, "
        f"{len(train)} are for training and {len(evaluation)} for evaluation. Add clips, set "
        "dataset.split = 'random', or change dataset.eval_share."
    )
