"""Faults in training batches: what a dataset, a loader or a feature cache gets wrong."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.mutants.operator import Operator
from benchmarks.mutants.workbench import ChangeBatch, Workbench
from engine.training.order import Order

Rows = Mapping[str, Tensor]
_CONDITIONING = r"conditioning|reference|voice|speaker"
_TEXT = r"text"
_SHARE = 0.3
_FULL_SCALE, _FULL_SCALE_DB = 32768.0, 90.0
_SILENT_DB = -100.0
_BROKEN_BATCH = 30


def _with(batch: dict[str, Tensor], changed: Rows) -> Rows:
    return {**batch, **changed}


def _swapped(names: Sequence[str]) -> ChangeBatch:
    return lambda batch, _: _with(batch, {name: batch[name].roll(1, 0) for name in names})


def _first_rows(batch: Rows, names: Sequence[str]) -> Rows:
    return {name: batch[name][:1].expand_as(batch[name]).contiguous() for name in names}


def conditioning_swapped(bench: Workbench) -> None:
    """Every clip of a batch gets the voice of the one before."""
    bench.change_batches(_swapped(bench.anatomy.conditioning))


def conditioning_constant(bench: Workbench) -> None:
    """Every clip of a batch gets the first one's voice."""
    names = bench.anatomy.conditioning
    bench.change_batches(lambda batch, _: _with(batch, _first_rows(batch, names)))


def first_voice_kept(bench: Workbench) -> None:
    """The first batch's voice is taken for all."""
    kept: dict[str, Tensor] = {}

    def keep(batch: dict[str, Tensor], _: np.random.Generator) -> Rows:
        for name in bench.anatomy.conditioning:
            kept.setdefault(name, batch[name][:1])
        size = len(next(iter(batch.values())))
        return _with(
            batch, {n: one.repeat(size, *[1] * (one.dim() - 1)) for n, one in kept.items()}
        )

    bench.change_batches(keep)


def text_constant(bench: Workbench) -> None:
    """Every clip of a batch gets the first one's text."""
    names = bench.anatomy.text
    bench.change_batches(lambda batch, _: _with(batch, _first_rows(batch, names)))


def stale_features(bench: Workbench) -> None:
    """Targets are of the clip before: features were kept from another order of files."""
    target = bench.anatomy.target
    names = [target, *(name for name in ("code_lengths",) if target == "codes")]
    bench.change_batches(_swapped(names))


def silence_for_clips(bench: Workbench) -> None:
    """What cannot be read becomes silence: three clips in ten."""

    def silence(batch: dict[str, Tensor], random: np.random.Generator) -> Rows:
        size = len(batch[bench.anatomy.target])
        lost = torch.from_numpy(random.random(size) < _SHARE)
        names = {bench.anatomy.source, bench.anatomy.target} - {*bench.anatomy.text}
        return _with(batch, {name: _silent(batch[name], lost) for name in names})

    bench.change_batches(silence)


def _silent(rows: Tensor, lost: Tensor) -> Tensor:
    shape = [-1] + [1] * (rows.dim() - 1)
    if rows.is_floating_point():
        nothing = torch.full_like(rows, _SILENT_DB if float(rows.min()) < -20.0 else 0.0)
    else:
        nothing = torch.where(rows >= 0, 0, rows)  # padding stays
    return torch.where(lost.view(shape), nothing, rows)


def unscaled_audio(bench: Workbench) -> None:
    """16-bit samples are taken for numbers in -1..1."""

    def scale(batch: dict[str, Tensor], _: np.random.Generator) -> Rows:
        if bench.anatomy.audio is None:
            levels = (bench.anatomy.source, bench.anatomy.target)
            return _with(batch, {name: batch[name] + _FULL_SCALE_DB for name in levels})
        names = tuple({bench.anatomy.audio, bench.anatomy.target} & {"audio", "target", "voice"})
        return _with(batch, {name: batch[name] * _FULL_SCALE for name in names})

    bench.change_batches(scale)


def nan_in_a_batch(bench: Workbench) -> None:
    """One number of one batch is not finite."""
    count = [0]
    name = bench.anatomy.audio or bench.anatomy.source

    def spoil(batch: dict[str, Tensor], _: np.random.Generator) -> Rows:
        count[0] += 1
        if count[0] != _BROKEN_BATCH:
            return batch
        spoilt = batch[name].clone()
        spoilt[0].flatten()[len(spoilt[0].flatten()) // 4] = torch.nan
        return _with(batch, {name: spoilt})

    bench.change_batches(spoil)


def same_batch(bench: Workbench) -> None:
    """The loader gives its first batch again and again."""
    kept: list[Rows] = []

    def again(batch: dict[str, Tensor], _: np.random.Generator) -> Rows:
        kept.append(batch)
        return kept[0]

    bench.change_batches(again)


def late_target(bench: Workbench) -> None:
    """Targets lag behind the inputs: a frame of padding was forgotten."""
    name, rows = bench.anatomy.target, {"target_db": 2, "target": 20, "audio": 480}
    shift = rows[name]
    bench.change_batches(lambda batch, _: _with(batch, {name: batch[name].roll(shift, -1)}))


def other_floor(bench: Workbench) -> None:
    """Training's spectrograms are cut off at another floor than those of evaluation."""
    name = bench.anatomy.source

    def cut(batch: dict[str, Tensor], _: np.random.Generator) -> Rows:
        floor = batch[name].flatten().float().quantile(0.6)
        return _with(batch, {name: batch[name].clamp(min=float(floor))})

    bench.change_batches(cut)


def no_pitch(bench: Workbench) -> None:
    """A pitch that is too short is filled with zeros without a word."""

    def nothing(batch: dict[str, Tensor], _: np.random.Generator) -> Rows:
        gone = {"f0": batch["f0"] * 0.0, "f0_coarse": torch.ones_like(batch["f0_coarse"])}
        return _with(batch, gone)

    bench.change_batches(nothing)


def late_pitch(bench: Workbench) -> None:
    """Pitch and content have other hops: one lags behind the other by 0.3 s."""
    names = ("f0", "f0_coarse")
    bench.change_batches(
        lambda batch, _: _with(batch, {name: batch[name].roll(30, 1) for name in names})
    )


_NO_WAVEFORM = "its inputs and targets are tokens, which have no delay to be wrong by"


def never_shuffled(bench: Workbench) -> None:
    """Every epoch takes the clips in the order of the table."""

    def in_order(_: Callable[..., Any]) -> Callable[..., Any]:
        def epoch(order: Order, number: int) -> list[np.ndarray]:  # noqa: ARG001
            clips = np.arange(len(order.lengths))
            return np.split(clips, range(order.batch_size, len(clips), order.batch_size))

        return epoch

    bench.wrap(Order, "epoch", in_order)


OPERATORS = (
    Operator(
        name="conditioning_swapped",
        family="conditioning",
        mistake="each clip is trained with the voice of the next one",
        reference="OpenBMB/VoxCPM#202; boson-ai/higgs-audio#94",
        code=conditioning_swapped,
        needs=("conditioning",),
        named_by=(_CONDITIONING,),
    ),
    Operator(
        name="conditioning_constant",
        family="conditioning",
        mistake="all clips of a batch are trained with the voice of its first",
        reference="QwenLM/Qwen3-TTS#371",
        code=conditioning_constant,
        needs=("conditioning",),
        named_by=(_CONDITIONING, "same in all clips"),
    ),
    Operator(
        name="first_voice_kept",
        family="conditioning",
        mistake="the voice of the first batch is kept as the voice of all",
        reference="QwenLM/Qwen3-TTS#371: sft_12hz.py keeps the first batch's speaker embedding",
        code=first_voice_kept,
        needs=("conditioning",),
        named_by=(_CONDITIONING,),
    ),
    Operator(
        name="text_constant",
        family="text",
        mistake="the text branch gets the same tokens for all clips of a batch",
        reference="write-up 000 of Higgs Audio: features of shape 0x128x3000",
        code=text_constant,
        needs=("text",),
        named_by=(_TEXT,),
    ),
    Operator(
        name="stale_features",
        family="data",
        mistake="features were kept from another order of files: targets are of another clip",
        reference="RVC-Project/Retrieval-based-Voice-Conversion-WebUI: .spec.pt beside the wav is "
        "never made again (rvc.md, section 2)",
        code=stale_features,
        named_by=(r"computed again|another clip|not what the clip gives|stale",),
    ),
    Operator(
        name="silence_for_clips",
        family="data",
        mistake="what cannot be read becomes silence, without a count",
        reference="write-up 004: 14 of 329 files of Picovoice's alexa are corrupt; "
        "boson-ai/higgs-audio returns zeros(1)",
        code=silence_for_clips,
        named_by=(r"silen|sound of",),
    ),
    Operator(
        name="unscaled_audio",
        family="data",
        mistake="16-bit samples are taken for numbers between -1 and 1",
        reference="RVC-Project/Retrieval-based-Voice-Conversion-WebUI#507: not finite, integer "
        "wavs unscaled",
        code=unscaled_audio,
        unfit={"higgs": "its batches hold codes, which have no scale"},
        named_by=(r"scale of|samples must lie|16-bit",),
    ),
    Operator(
        name="nan_in_a_batch",
        family="not finite",
        mistake="one number of one batch is not finite",
        reference="coqui-ai/TTS#3988; facebookresearch/encodec: batches that are skipped for ever",
        code=nan_in_a_batch,
        unfit={"higgs": "its batches hold whole numbers alone"},
        named_by=(r"finite|nan",),
    ),
    Operator(
        name="same_batch",
        family="loader",
        mistake="the loader gives its first batch at every step",
        reference="hpcaitech/ColossalAI#3894",
        code=same_batch,
        named_by=(r"check batches|same (batch|clips)|memor",),
    ),
    Operator(
        name="late_target",
        family="data",
        mistake="targets lag behind the inputs by some samples",
        reference="descriptinc/descript-audio-codec#37: output shorter than the input by 8 samples",
        code=late_target,
        unfit={"xtts": _NO_WAVEFORM, "higgs": _NO_WAVEFORM},
        named_by=(r"lag|shift|align|computed again",),
    ),
    Operator(
        name="other_floor",
        family="data",
        mistake="training's spectrograms have another floor than those of evaluation",
        reference="RVC WebUI: 1e-5 became 2e-6 in 2026 (rvc.md, section 1)",
        code=other_floor,
        unfit={
            "codec": "its batches hold waveforms, which have no floor",
            "xtts": "its batches hold waveforms and tokens, which have no floor",
            "higgs": "its batches hold codes, which have no floor",
        },
        named_by=(r"floor|computed again|training and evaluation",),
    ),
    Operator(
        name="no_pitch",
        family="pitch",
        mistake="pitch that is missing is filled with zeros",
        reference="rsxdalv/one-click-installers-tts (audio-webui)#112: lengths of pitch and "
        "features differ",
        code=no_pitch,
        needs=("has_pitch",),
        named_by=(r"f0|pitch|octave|voicing",),
    ),
    Operator(
        name="late_pitch",
        family="pitch",
        mistake="pitch lags behind content by 0.3 s",
        reference="audio-webui#116",
        code=late_pitch,
        needs=("has_pitch",),
        named_by=(r"f0|pitch|octave|voicing",),
    ),
    Operator(
        name="never_shuffled",
        family="loader",
        mistake="clips come in the order of the table in every epoch",
        reference="pytorch/pytorch#31771; ultralytics/yolov5#5622",
        code=never_shuffled,
        named_by=(r"order of clips|shuffl",),
    ),
)
