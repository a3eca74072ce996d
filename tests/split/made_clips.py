"""Made-up clips, and their splits, for the tests."""

import hashlib

import numpy as np
from attrs import frozen

from engine.corpus.table.manifest import Clip
from engine.recipe.dataset import CorpusClips
from engine.split.columns import columns_of
from engine.split.split_clips import split_around, split_clips


def clip(name, **facts):
    return Clip(
        id=name,
        path=facts.pop("path", f"{name}.wav"),
        sha256=facts.pop("sha256", hashlib.sha256(name.encode()).hexdigest()),
        num_frames=16_000,
        sample_rate_hz=16_000,
        num_channels=1,
        peak=0.5,
        rms_dbfs=-20.0,
        **facts,
    )


@frozen
class Halves:
    """A split whose rows were looked up."""

    train: tuple[Clip, ...]
    evaluation: tuple[Clip, ...]
    how: str
    leaks: str | None


def split(clips, how="speaker_disjoint", *, seed=1, eval_share=0.2, num_train=None, num_eval=None):
    rule = CorpusClips(
        corpus="words",
        split=how,
        eval_share=eval_share,
        num_train_clips=num_train,
        num_eval_clips=num_eval,
    )
    return looked_up(split_clips(columns_of(clips), rule, seed), clips)


def looked_up(found, clips):
    train, evaluation = (
        tuple(clips[row] for row in rows) for rows in (found.train, found.evaluation)
    )
    return Halves(train, evaluation, found.how, found.leaks)


def ids(clips):
    return [one.id for one in clips]


def spoken(num_speakers, clips_each=5):
    return [
        clip(f"{speaker}/{number}", speaker=f"s{speaker}")
        for speaker in range(num_speakers)
        for number in range(clips_each)
    ]


ANONYMOUS = [clip(f"{number:04d}") for number in range(500)]
LISTED = [
    clip("a", speaker="x", listed="train"),
    clip("b", speaker="y", listed="eval"),
    clip("c", speaker="z", listed="test"),
]


def around(clips, evaluation, **rule):
    rows = np.array([row for row, one in enumerate(clips) if one.id in evaluation])
    rule = CorpusClips(corpus="words", **rule)
    return looked_up(split_around(columns_of(clips), rows, rule, "given"), clips)
