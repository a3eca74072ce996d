"""Faults that were added when the checks were finished: no check was changed for any of them.

The other operators show how far the checks have come, since many were written after a fault had
survived. These show how a fault fares that nobody has looked at.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from torch import Tensor

from benchmarks.mutants.faults.corpora import change_column, some_files
from benchmarks.mutants.operator import Operator
from benchmarks.mutants.workbench import Workbench
from engine.training.order import Order

_PAUSE_SECONDS, _NOISE = 1.5, 1e-3
_SCHEDULE = "its schedule has settings that no schedule of milestones has"


def rows_shifted(folder: Path, _: np.random.Generator) -> None:
    """Every text of the table stands a row too low; the last is the first."""
    change_column(folder, "text", lambda texts: [texts[-1], *texts[:-1]])


def unknown_letters(bench: Workbench) -> None:
    """Every token of the text is the one for characters that the tokenizer does not know."""
    name = bench.anatomy.text[0]

    def unknown(batch: dict[str, Tensor], _: np.random.Generator) -> dict[str, Tensor]:
        text = batch[name]
        return {**batch, name: torch.where(text > 0, 1, text)}

    bench.change_batches(unknown)


def never_shuffled(bench: Workbench) -> None:
    """Every epoch takes the clips in the order of the table."""

    def in_order(_: Callable[..., Any]) -> Callable[..., Any]:
        def epoch(order: Order, number: int) -> list[np.ndarray]:  # noqa: ARG001
            clips = np.arange(len(order.lengths))
            return np.split(clips, range(order.batch_size, len(clips), order.batch_size))

        return epoch

    bench.wrap(Order, "epoch", in_order)


def silence_around(folder: Path, random: np.random.Generator) -> None:
    """Speakers wait before they speak and after it, with the noise of the room."""
    for path in some_files(folder, random, 1.0):
        samples, rate = soundfile.read(path, dtype="float32")
        before, after = (random.normal(0, _NOISE, round(_PAUSE_SECONDS * rate)) for _ in range(2))
        soundfile.write(path, np.concatenate([before, samples, after]), rate, subtype="PCM_16")


def noise_alone(folder: Path, random: np.random.Generator) -> None:
    """Three files in ten hold the noise of a room, though the table has their text."""
    for path in some_files(folder, random, 0.3):
        samples, rate = soundfile.read(path, dtype="float32")
        noise = random.normal(0, 0.05, len(samples))
        soundfile.write(path, noise, rate, subtype="PCM_16")


def opposite_channels(folder: Path, random: np.random.Generator) -> None:
    """Four files in ten have two channels of opposite phase, whose mean is nearly silent."""
    for path in some_files(folder, random, 0.4):
        samples, rate = soundfile.read(path, dtype="float32")
        both = np.stack([samples, -0.99 * samples], axis=1)
        soundfile.write(path, both, rate, subtype="PCM_16")


def music_behind(folder: Path, random: np.random.Generator) -> None:
    """Half of the files have music behind the voice, as loud as it."""
    for path in some_files(folder, random, 0.5):
        samples, rate = soundfile.read(path, dtype="float32")
        seconds = np.arange(len(samples)) / rate
        tones = 220.0 * 2 ** (random.integers(0, 24, 3) / 12)
        music = sum(np.sin(2 * np.pi * tone * seconds) for tone in tones)
        music *= np.sqrt(np.mean(samples**2) / np.mean(np.square(music)))
        soundfile.write(path, np.clip(samples + music, -1, 1), rate, subtype="PCM_16")


OPERATORS = (
    Operator(
        name="rows_shifted",
        family="text",
        mistake="every transcript stands beside the next clip",
        reference="hkchengrex/MMAudio#56: captions shifted by one",
        data=rows_shifted,
        needs=("text",),
        named_by=(r"transcripts|text",),
        unseen=True,
    ),
    Operator(
        name="unknown_letters",
        family="text",
        mistake="the tokenizer knows no letter of the language: all tokens are the unknown one",
        reference="erew123/alltalk_tts#660; huggingface/parler-tts#25",
        code=unknown_letters,
        needs=("text",),
        named_by=(r"text|token",),
        unseen=True,
    ),
    Operator(
        name="clipped_to_nothing",
        family="gradients",
        mistake="gradients are clipped to a norm that is far too small",
        reference="wandb/senpai#978: all batches are clipped, the step is 20 times too small",
        recipe=lambda anatomy: f"[optimizer.{anatomy.turn}]\nclip_gradient_norm = 1e-7",
        named_by=(r"clip|updates|can be learned|gradient",),
        unseen=True,
    ),
    Operator(
        name="rate_drops_to_nothing",
        family="rate",
        mistake="a factor of a schedule that should be one is nearly zero",
        reference="LINCellularNeuroscience/VAME#26: gamma = 0 where no schedule was wanted",
        recipe=lambda anatomy: (
            f"[schedule.{anatomy.turn}]\n"
            'kind = "multi_step"\nmilestones = [20]\ngamma = 1e-6\nwarmup_steps = 0'
        ),
        unfit={"higgs": _SCHEDULE},
        named_by=(r"learning.rate|rate of|decay",),
        unseen=True,
    ),
    Operator(
        name="never_shuffled",
        family="loader",
        mistake="clips come in the order of the table in every epoch",
        reference="pytorch/pytorch#31771; ultralytics/yolov5#5622",
        code=never_shuffled,
        named_by=(r"order of clips|shuffl",),
        unseen=True,
    ),
    Operator(
        name="silence_around",
        family="data",
        mistake="long pauses before and after what is said",
        reference="NVIDIA/tacotron2#63; CorentinJ/Real-Time-Voice-Cloning#501",
        data=silence_around,
        named_by=(r"silen|quiet|pause",),
        unseen=True,
    ),
    Operator(
        name="noise_alone",
        family="data",
        mistake="three files in ten hold noise alone",
        reference="MahtaFetrat/ManaTTS-Persian-Speech-Dataset#4",
        data=noise_alone,
        named_by=(r"noise|transcripts|sound like",),
        unseen=True,
    ),
    Operator(
        name="opposite_channels",
        family="data",
        mistake="the mean of two channels of opposite phase is nearly silent",
        reference="pytorch/audio#877",
        data=opposite_channels,
        named_by=(r"silen|quiet|channel|phase|level",),
        unseen=True,
    ),
    Operator(
        name="music_behind",
        family="data",
        mistake="half of the files have music behind the voice",
        reference="devilismyfriend/ozen-toolkit#16; RVC-Project/Retrieval-based-Voice-Conversion-"
        "WebUI#747",
        data=music_behind,
        named_by=(r"music|noise|background",),
        unseen=True,
    ),
)
