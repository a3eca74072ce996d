"""Faults in how clips become batches by somebody who had not read the checks.

Each is from a public report. benchmarks/results/mutants.jsonl has what was found by the checks that
were there before; for some of these faults checks were written since.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.mutants.anatomy import Anatomy
from benchmarks.mutants.operator import Operator
from benchmarks.mutants.workbench import Function, Workbench
from engine.systems.codec.data.dataset import CodecClips
from engine.systems.rvc.network.masks import crop

_GAIN_DB = (-18.0, 6.0)


def reshaped_not_transposed(bench: Workbench) -> None:
    """Features lie with their axes exchanged, and only their shape was put right."""
    names = _in_frames(bench.anatomy)

    def reshape(batch: dict[str, Tensor], _: np.random.Generator) -> dict[str, Tensor]:
        lengths = batch.get("lengths")
        return {**batch, **{name: _reshaped(batch[name], lengths) for name in names}}

    bench.change_batches(reshape)


def _in_frames(anatomy: Anatomy) -> tuple[str, ...]:
    """The entries that have an axis of frames, and one of bands, features or codebooks."""
    if anatomy.codes:
        return "target", "reference"
    return ("content",) if anatomy.has_pitch else (anatomy.source, anatomy.target)


def _reshaped(rows: Tensor, lengths: Tensor | None) -> Tensor:
    """Each row [..., T, D] as [..., D, T] in memory that is taken for [..., T, D]."""
    if lengths is None and not rows.is_floating_point():
        lengths = (rows[..., 0] >= 0).sum(1)  # padding is negative
    changed = rows.clone()
    for number, row in enumerate(rows):
        used = row if lengths is None else row[: int(lengths[number])]
        there = changed[number] if lengths is None else changed[number, : len(used)]
        there.copy_(used.mT.reshape(used.shape))
    return changed


def padding_counted(bench: Workbench) -> None:
    """What fills a batch up to its longest clip is counted as if it were said."""

    def count(batch: dict[str, Tensor], _: np.random.Generator) -> dict[str, Tensor]:
        return {name: _without_padding(name, batch) for name in batch}

    bench.change_batches(count)


def _without_padding(name: str, batch: dict[str, Tensor]) -> Tensor:
    """An entry of a batch in which nothing is known to be padding."""
    entry = batch[name]
    if name.endswith("_lengths"):
        padded = {"code_lengths": "codes"}.get(name, name.removesuffix("_lengths"))
        return torch.full_like(entry, batch[padded].shape[1])
    return entry if entry.is_floating_point() else entry.clamp(min=0)


class _Lowest:
    """A generator that draws the lowest number where it is asked for a whole one."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random

    def __getattr__(self, name: str) -> Any:
        return getattr(self._random, name)

    def integers(self, low: Any, high: Any = None) -> Any:
        """The lowest numbers that may be drawn."""
        return np.zeros_like(low) if high is None else low + np.zeros_like(high)


def always_the_beginning(bench: Workbench) -> None:
    """Crops are never drawn: each is the beginning of its clip."""

    def begin(old: Function) -> Function:
        return lambda clips, indices, random: old(clips, indices, _Lowest(random))

    bench.wrap(type(bench.system.train_clips), "batch", begin)


def augmented_input_alone(bench: Workbench) -> None:
    """Each input is made louder or quieter by chance, and its target stays as it was."""
    name = bench.anatomy.source

    def augment(batch: dict[str, Tensor], random: np.random.Generator) -> dict[str, Tensor]:
        entry = batch[name]
        drawn = torch.from_numpy(random.uniform(*_GAIN_DB, len(entry))).float()
        gains = drawn.view(-1, *[1] * (entry.dim() - 1))
        decibels = bench.anatomy.audio is None
        return {**batch, name: entry + gains if decibels else entry * 10 ** (gains / 20)}

    bench.change_batches(augment)


def crops_apart(bench: Workbench) -> None:
    """Input and target are cropped one after the other, each at a place of its own."""
    module: Any = bench.system.module
    if not hasattr(module, "log_mel"):
        bench.wrap(CodecClips, "batch", _with_another_target)
        return

    def another_segment(old: Callable[..., Any]) -> Callable[..., Any]:
        def prepare(batch: Mapping[str, Tensor]) -> Any:
            length, hop = module.segment_frames, module.hop_length
            places = torch.rand(len(batch["lengths"])) * (batch["lengths"] - length + 1)
            starts = places.long()
            target = crop(batch["audio"], starts * hop, length * hop)
            return {**old(batch), "crop_starts": starts, "target": target}

        return prepare

    bench.wrap(module, "prepare", another_segment)


def _with_another_target(old: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: {**old(*given), "target": old(*given)["target"]}


_WHOLE = "its batches hold whole clips: nothing is cropped"
_EQUAL = "its clips are equally long: nothing is padded"
_ONE_AXIS = "its batches hold waveforms and tokens with one axis, which cannot be exchanged"
_NOT_THE_CLIP = r"computed again|not what the clip gives"
OPERATORS = (
    Operator(
        name="reshaped_not_transposed",
        family="features",
        mistake="the axes of features or codes were exchanged by a reshape, which mixes them up",
        reference="vitrioil/Speech-Separation#4: a view in the place of a permutation mixes the "
        "data; lucidrains/audiolm-pytorch#155: codes [quantizers, frames] taken for [frames, "
        "quantizers]",
        code=reshaped_not_transposed,
        unfit={"codec": _ONE_AXIS, "xtts": _ONE_AXIS},
        named_by=(
            _NOT_THE_CLIP,
            r"transpos|reshap|\baxes\b|\baxis\b|exchanged|scrambl|mixed up",
            r"order of (the )?(frames|codebooks|features|bands)",
        ),
        unseen=True,
    ),
    Operator(
        name="padding_counted",
        family="padding",
        mistake="padding is counted as if it were said: lengths are those of the padded batch",
        reference="EveryVoiceTTS/EveryVoice!887: the loss included padded frames; "
        "keithito/tacotron#31: long silence and garbage after what is said",
        code=padding_counted,
        unfit={
            "audio_vae": _EQUAL,
            "codec": _EQUAL,
            "rvc": "its segments lie within clips, and padding hardly weighs in its other losses",
        },
        named_by=(r"padding|padded|\bpads?\b", r"lengths\b", _NOT_THE_CLIP),
        unseen=True,
    ),
    Operator(
        name="always_the_beginning",
        family="loader",
        mistake="crops are not drawn: all are taken from the beginning of their clips",
        reference="nttcslab/byol-a#9: the start of a random crop is always 0",
        code=always_the_beginning,
        unfit={"audio_vae": _WHOLE, "xtts": _WHOLE, "higgs": _WHOLE},
        named_by=(
            r"\bcrops?\b|\bcrop_starts\b|excerpts?\b|segments?\b",
            r"beginnings?\b|starts? of|same (place|part|samples)|not (random|drawn)",
        ),
        unseen=True,
    ),
    Operator(
        name="augmented_input_alone",
        family="augmentation",
        mistake="inputs are made louder or quieter by chance, but not their targets",
        reference="adobe-research/DeepAFx-ST#27: what was meant for the target is done to the "
        "input; isletennos/MMVC_Trainer!33: volume must change in both",
        code=augmented_input_alone,
        unfit={
            "xtts": "its inputs and targets are tokens, which have no level",
            "rvc": "its inputs are features of what is said, which have no level",
            "higgs": "its inputs and targets are tokens, which have no level",
        },
        named_by=(
            _NOT_THE_CLIP,
            r"augment|\blevels?\b|louder|quieter|loudness",
            r"inputs?\b.*\btargets?\b.*(differ|apart|not|other|same)",
        ),
        unseen=True,
    ),
    Operator(
        name="crops_apart",
        family="data",
        mistake="input and target are cropped at two places that are drawn apart",
        reference="huggingface/diffusers#10697: random crops of source and target are drawn "
        "independently; junyanz/pytorch-CycleGAN-and-pix2pix#1061: crops of a pair at two places",
        code=crops_apart,
        unfit=dict.fromkeys(("audio_vae", "xtts", "higgs"), _WHOLE),
        named_by=(
            r"\blag|shift|align",
            r"(crop|segment).*(target|input|apart|place|match)|(target|input).*(crop|segment)",
            r"target.*(another|other|not (of )?the (same )?(place|input|source))",
            r"computed again|another clip|not what the clip gives",
        ),
        unseen=True,
    ),
)
