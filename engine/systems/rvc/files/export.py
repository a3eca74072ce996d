"""A trained voice as RVC WebUI and Applio load it: a .pth of half precision and plain values."""

import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from attrs import frozen
from torch import Tensor

from engine.errors import UserError
from engine.files.atomic import write_atomically
from engine.systems.rvc.files.config_list import config_list
from engine.systems.rvc.network.settings import SynthesizerSettings
from engine.systems.rvc.network.synthesizer import Synthesizer
from engine.systems.rvc.notes import OURS

_OF_TRAINING = "enc_q."


@frozen(kw_only=True)
class Training:
    """Entries of an exported model on how it was trained."""

    name: str
    epoch: int
    """Number of whole epochs of training."""
    step: int
    """Number of steps of training."""
    created: str
    """Date and time in Applio's form, 2026-01-31T12:00:00.000000."""
    audio_seconds: float
    content: str
    """What Applio calls the embedder of the content vectors: "contentvec"."""
    num_speakers: int
    others: Mapping[str, str | int | float]
    """What the two programs have no entry for: the floor of the mel spectrogram, and the note on
    its voices and methods."""


def export_voice(network: Synthesizer, path: Path, training: Training) -> None:
    """Write the small model, beside its place and then renamed; an existing file is replaced.

    Raises UserError where a value is too large for half precision.
    """
    content: dict[str, Any] = {"weight": _halved(network.state_dict())}
    content |= _as_rvc_has_it(network.settings, training)
    content |= _as_applio_has_it(content, training)
    content[OURS] = dict(training.others)
    written = io.BytesIO()
    torch.save(content, written)
    write_atomically(path, written.getvalue())


def unsupported(settings: SynthesizerSettings) -> Sequence[str]:
    """Sentences on why RVC WebUI or Applio cannot use such a model; empty where both can."""
    sentences = []
    if settings.content_dim not in (256, 768):
        sentences.append("RVC WebUI and Applio can use content vectors of 768 or 256 values only.")
    if settings.resblock == "2":
        sentences.append('Applio has residual blocks of kind "1" only, and cannot load this model.')
    if any(rate % 2 for rate in settings.upsample_rates):
        sentences.append("RVC WebUI and Applio treat odd upsampling rates differently.")
    return sentences


def _halved(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    kept = {name: value for name, value in state.items() if not name.startswith(_OF_TRAINING)}
    halved = {name: value.detach().cpu().half().contiguous() for name, value in kept.items()}
    large = [name for name, value in halved.items() if not bool(value.isfinite().all())]
    if large:
        raise UserError(f"The weights cannot be exported in half precision: {large[0]} overflows.")
    return halved


def _as_rvc_has_it(settings: SynthesizerSettings, training: Training) -> dict[str, Any]:
    return {
        "config": config_list(settings),
        "info": f"{training.epoch}epoch",
        "sr": f"{settings.sample_rate_hz // 1000}k",
        "f0": int(settings.uses_f0),
        "version": "v1" if settings.content_dim == 256 else "v2",
    }


def _as_applio_has_it(content: Mapping[str, Any], training: Training) -> dict[str, Any]:
    described = (training.name, training.epoch, training.step, content["sr"], content["version"])
    entries = "-".join([*map(str, described), str(content["config"])])
    seconds = round(training.audio_seconds)
    return {
        "epoch": training.epoch,
        "step": training.step,
        "creation_date": training.created,
        "model_hash": hashlib.sha256(entries.encode()).hexdigest(),
        "dataset_length": f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}",
        "model_name": training.name,
        "author": None,
        "embedder_model": training.content,
        "speakers_id": training.num_speakers,
        "vocoder": "HiFi-GAN",
    }
