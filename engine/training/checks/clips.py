"""What the batches of a run hold: empty or broken entries, silence, the same clip many times."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from hashlib import blake2b

import numpy as np
import torch
from attrs import frozen
from torch import Tensor

from engine.training.checks.check import Check
from engine.training.checks.finite import BrokenBatchError, is_broken, require_finite
from engine.training.order import Order
from engine.training.system import Batch, PreflightBounds, System, TrainingAudio

CLIPS, _AT_ONCE = 64, 8
"""Clips that are looked at, and how many of them are in one batch."""
_FEWEST = 3
"""Batches that are the first one again where that is no chance."""
_LOUDEST = 16.0
"""Audio that was brought to a level may exceed full scale, but not by 24 dB."""
_LONG = 16
"""Numbers from which an entry of a clip is audio, features or tokens, and not a label."""
_MOST_CONSTANT, _MOST_ALIKE = 0.2, 0.1
"""Shares of clips that healthy corpora stay far below: docs/truth/broken-runs.md, "Probes"."""


@frozen(eq=False, slots=False)
class Drawn:
    """Some of the run's first clips, in batches of eight, each drawn by its own generator."""

    batches: Sequence[Batch]
    places: Sequence[Sequence[int]]
    """Places of each batch's clips among the training clips."""
    ids: Sequence[Sequence[str]]

    @classmethod
    def of(cls, system: System, order: Order, number: int = CLIPS) -> "Drawn":
        """The first clips of the first epoch."""
        clips = np.concatenate(order.epoch(0))[:number]
        parts = [clips[at : at + _AT_ONCE].tolist() for at in range(0, len(clips), _AT_ONCE)]
        batches = [
            system.train_clips.batch(part, np.random.default_rng([order.seed, number]))
            for number, part in enumerate(parts)
        ]
        ids = [[system.train_clips.ids[clip] for clip in part] for part in parts]
        return cls(batches, parts, ids)

    @cached_property
    def rows(self) -> dict[str, list[bytes | None]]:
        """A digest of each clip's entries without the padding on the right; None: constant."""
        names = self.batches[0]
        return {name: [_content(row) for b in self.batches for row in b[name]] for name in names}


def input_checks(batch: Batch) -> Iterator[Check]:
    """No entry of a batch is empty, or not finite."""
    for name, tensor in batch.items():
        shape = "x".join(map(str, tensor.shape))
        if tensor.numel() == 0:
            yield Check(f"input {name}", False, _empty(shape))
        elif is_broken(tensor):
            yield Check(f"input {name}", False, f"it holds NaN or infinity (shape {shape})")
        else:
            yield Check(f"input {name}", True, f"{shape}, finite")


def content_checks(drawn: Drawn, bounds: PreflightBounds) -> Iterator[Check]:
    """Few clips are silent, few are the same clip under another name, and none is out of scale.

    Clips may share what they are conditioned on, such as a reference of their speaker. What a
    corpus may really be like is a warning.
    """
    batches = _batches_check(drawn)
    yield batches
    if batches.stops:
        return
    recorded = _recorded(drawn, bounds.audio)
    for name, rows in drawn.rows.items():
        example = drawn.batches[0][name]
        if example[0].numel() < _LONG:
            continue
        yield _constant_check(name, [row for row, own in zip(rows, recorded, strict=True) if own])
        if name in bounds.waveforms:
            yield _range_check(name, drawn)
        if name not in bounds.conditioned_on:
            yield _alike_check(name, rows, drawn)


def _recorded(drawn: Drawn, audio: TrainingAudio | None) -> list[bool]:
    """Whether each clip is one of the corpus: a system may add silence of its own."""
    places = [place for part in drawn.places for place in part]
    return [audio is None or len(audio.samples(place)) > 0 for place in places]


def _batches_check(drawn: Drawn) -> Check:
    """Whether every batch is finite, and not the first one again."""
    name = "batches"
    for batch, ids in zip(drawn.batches, drawn.ids, strict=True):
        try:
            require_finite(batch, ids)
        except BrokenBatchError as error:
            return Check(name, False, str(error))
    first, *others = drawn.batches
    if len(others) >= _FEWEST and all(_is_same(one, first) for one in others[:_FEWEST]):
        said = "the loader gives the same batch again and again: its first one"
        return Check(name, False, said)
    for batch, ids in zip(drawn.batches, drawn.ids, strict=True):
        sizes = {entry: len(rows) for entry, rows in batch.items() if len(rows) != len(ids)}
        for entry, size in sizes.items():
            said = f"{entry} has {size} rows in a batch of {len(ids)} clips (first: {ids[0]})"
            return Check(name, False, said)
    return Check(name, True, f"{len(drawn.batches)} batches, each of other clips and finite")


def _is_same(one: Batch, other: Batch) -> bool:
    return all(torch.equal(one[name], other[name]) for name in other)


def _range_check(name: str, drawn: Drawn) -> Check:
    """Whether audio lies about -1 to 1, as 16-bit samples do once they are divided."""
    peak = max(float(batch[name].abs().max()) for batch in drawn.batches)
    said = f"peak {peak:.3g}"
    if peak <= _LOUDEST:
        return Check(f"scale of {name}", True, said)
    why = "samples must lie between -1 and 1: were 16-bit ones not divided by 32,768?"
    return Check(f"scale of {name}", False, f"{said}, but {why}")


def _constant_check(name: str, rows: Sequence[bytes | None]) -> Check:
    constant = sum(row is None for row in rows)
    said = f"{constant} of {len(rows)} clips have a constant {name}"
    if constant <= _MOST_CONSTANT * len(rows):
        return Check(f"sound of {name}", True, said, "warn")
    why = "silence stands in place of their audio, or they were cut where nothing is said"
    return Check(f"sound of {name}", False, f"{said}: {why}", "warn")


def _alike_check(name: str, rows: Sequence[bytes | None], drawn: Drawn) -> Check:
    counts = Counter(row for row in rows if row is not None)
    ids = [one for part in drawn.ids for one in part]
    alike = [id_ for id_, row in zip(ids, rows, strict=True) if row is not None and counts[row] > 1]
    said = f"{len(alike)} of {len(rows)} clips have the {name} of another of them"
    if len(alike) <= _MOST_ALIKE * len(rows):
        return Check(f"variety of {name}", True, said, "warn")
    why = f"one clip stands for several (first: {', '.join(alike[:3])})"
    return Check(f"variety of {name}", False, f"{said}: {why}", "warn")


def _content(row: Tensor) -> bytes | None:
    flat = row.flatten()
    changes = (flat[1:] != flat[:-1]).nonzero()
    content = flat[: int(changes[-1]) + 1 if len(changes) else 1]
    if row.numel() >= _LONG and bool((content == content[0]).all()):
        return None
    return blake2b(content.numpy().tobytes(), digest_size=16).digest()


def _empty(shape: str) -> str:
    """What to do about an entry without numbers: shapes such as 0x128x3000 look computed."""
    return (
        f"it is empty (shape {shape}), so the part of the model that takes it gets nothing. Fill "
        "it in the dataset, or remove this entry and the part that takes it"
    )
