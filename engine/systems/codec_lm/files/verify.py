"""Checks that an exported folder has the weights of the model, and generates the same codes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from attrs import frozen
from torch import Tensor
from transformers import GenerationConfig, HiggsAudioV2Config, HiggsAudioV2ForConditionalGeneration

from engine.errors import UserError
from engine.metrics.pretrained import read_part
from engine.training.weight_files import read_weights

_NUM_COLUMNS = 24
"""Number of frames of audio in the prompt, and of frames that are generated."""
_SEED = 1
_TOLERANCE = 0.02
"""Tolerance relative to the largest logit, for rounding in bfloat16; float32 is exact."""
_OTHERWISE = "Export check failed: the exported model generates"
_KEPT = "The export was not put in place."
_ROOM = 1.1
"""Memory for a second model, over the size of its weights: activations need the rest."""


def verify_export(folder: Path, model: HiggsAudioV2ForConditionalGeneration) -> str:
    """Compare the files' tensors with the model's, then load the folder and generate with both.

    Returns a phrase on what was compared: only the tensors, where there is no room for a second
    model on the device. Raises UserError where anything differs.
    """
    require_same(model.state_dict(), read_weights(folder), folder)
    if not _has_room(model):
        return "tensors bit for bit; there was no room to generate with a second model"
    loaded: Any = load_exported(folder)
    loaded.to(model.device)
    wanted, found = (generate_some(each, loaded.generation_config) for each in (model, loaded))
    _require_equal(wanted, found)
    return f"tensors bit for bit, and {len(wanted.columns)} columns generated with one seed"


def _require_equal(wanted: "Columns", found: "Columns") -> None:
    if not torch.equal(wanted.columns, found.columns):
        raise UserError(f"{_OTHERWISE} other codes with the same seed. {_KEPT}")
    away = float((wanted.logits - found.logits).abs().max() / wanted.logits.abs().max())
    if not away <= _TOLERANCE:
        raise UserError(f"{_OTHERWISE} logits that differ by {away:.2g} of the largest. {_KEPT}")


def load_exported(folder: Path) -> HiggsAudioV2ForConditionalGeneration:
    """The model of an exported folder with its text head, in the type in which it was kept.

    Raises UserError where it cannot be loaded, or weights are missing.
    """

    def read(folder: Path, **more: Any) -> HiggsAudioV2ForConditionalGeneration:
        more |= {"use_text_head": True, "dtype": "auto", "output_loading_info": True}
        made: Any = HiggsAudioV2ForConditionalGeneration.from_pretrained(folder, **more)
        model, found = made
        if odd := {*found["missing_keys"], *found["unexpected_keys"], *found["mismatched_keys"]}:
            raise UserError(f"transformers does not load all of {folder}: {sorted(map(str, odd))}.")
        loaded: HiggsAudioV2ForConditionalGeneration = model
        return loaded

    return read_part(read, folder, "model of Higgs Audio v2")


def require_same(own: Mapping[str, Tensor], found: Mapping[str, Tensor], folder: Path) -> None:
    """Raise UserError where files do not give back every tensor bit for bit."""
    changed = sorted(
        name
        for name in own.keys() | found.keys()
        if name not in own
        or name not in found
        or own[name].dtype != found[name].dtype
        or not torch.equal(own[name].cpu(), found[name])
    )
    if changed:
        raise UserError(
            f"What was exported to {folder.name} has other values, or NaN, in {len(changed)} "
            f"tensors, first {changed[0]}: it was not put in place."
        )


@frozen(eq=False)
class Columns:
    """Generated columns of codes."""

    columns: Tensor
    """Drawn codes [C, K]."""
    logits: Tensor
    """Logits [C, K * (V + 2)] by which the codes were drawn."""


@torch.inference_mode()
def generate_some(model: Any, config: GenerationConfig) -> Columns:
    """A clip that is generated from a fixed prompt with a fixed seed."""
    was_training, own = model.training, model.generation_config
    model.generation_config = config
    model.eval()
    devices = [model.device] if model.device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices):
            torch.manual_seed(_SEED)
            prompt = {name: value.to(model.device) for name, value in _prompt(model.config).items()}
            made = model.generate(
                **prompt,
                max_new_tokens=_NUM_COLUMNS,
                return_dict_in_generate=True,
                output_logits=True,
            )
    finally:
        model.generation_config = own
        model.train(was_training)
    columns = made.audio_sequences[0, _NUM_COLUMNS:]  # without those of the prompt
    return Columns(columns.cpu(), torch.cat(made.logits).float().cpu())


def _prompt(config: HiggsAudioV2Config) -> dict[str, Tensor]:
    """A clip between texts, as a chat has it; which texts and codes does not matter."""
    num_late = config.num_codebooks - 1
    codes = torch.randint(config.audio_stream_bos_id, (1, _NUM_COLUMNS, config.num_codebooks))
    audio = {config.audio_token_id, config.audio_delay_token_id, config.audio_bos_token_id}
    text = torch.tensor([n for n in range(3 * config.num_codebooks) if n not in audio])
    marks = [config.audio_token_id] * (_NUM_COLUMNS - num_late)
    marks += [config.audio_delay_token_id] * num_late
    bos = torch.tensor([config.audio_bos_token_id])
    ids = torch.cat([text, torch.tensor(marks), text, bos])[None]
    return {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "audio_input_ids": codes,
        "audio_input_ids_mask": torch.ones(1, _NUM_COLUMNS, dtype=torch.bool),
    }


def _has_room(model: HiggsAudioV2ForConditionalGeneration) -> bool:
    """Whether the device, or this machine's memory, holds the weights a second time."""
    needed = sum(value.numel() * value.element_size() for value in model.parameters())
    if model.device.type == "cuda":
        room = torch.cuda.mem_get_info(model.device)[0]
    else:
        import psutil

        room = psutil.virtual_memory().available
    return needed * _ROOM < room
