"""A trained model as a folder that `transformers` loads: weights, processor, codec, adapters."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen
from torch import Tensor
from transformers import HiggsAudioV2ForConditionalGeneration

from engine.files.atomic import new_folder
from engine.metrics.pretrained import quiet
from engine.systems.codec_lm.files.adapters import ADAPTERS, write_adapters
from engine.systems.codec_lm.files.legacy import write_legacy
from engine.systems.codec_lm.files.readme import WRITTEN, readme
from engine.systems.codec_lm.files.verify import verify_export
from engine.systems.codec_lm.higgs.folder import generation_config
from engine.systems.codec_lm.higgs.processor import CODEC, sample_rate_of, write_processor
from engine.systems.codec_lm.higgs.template import CHAT_TEMPLATE, INSTRUCTION

LEGACY = "legacy"
CARD, README = "codec_lm.json", "README.md"
LARGEST_FILE = "5GB"
"""Weights are cut into files of at most this size, as transformers' folders usually are."""


@frozen(eq=False, kw_only=True)
class Parts:
    """The files and facts that are exported with a model's weights."""

    tokenizer: str
    """Content of tokenizer.json."""
    codec_folder: Path
    """A codec as transformers loads it; it is copied."""
    generation: Mapping[str, Any]
    """Entries of generation_config.json: temperature, top_k, top_p, do_sample, max_new_tokens."""
    facts: Mapping[str, Any]
    """What the card says of it. `weights_license` names the licence, which fine-tuned weights have
    from those they began as."""
    chat_template: str = CHAT_TEMPLATE
    adapters: Mapping[str, Tensor] | None = None
    """A state dict with `engine.nn.adapters` in it, which the weights have merged; None: none."""
    adapted: str | None = None
    """The model that the adapters belong to: a folder, or a name for peft's configuration."""
    legacy_layout: bool = False
    """Whether a second folder has the layout of before April 2026."""
    largest_file: str = LARGEST_FILE


def export_folder(folder: Path, model: HiggsAudioV2ForConditionalGeneration, parts: Parts) -> None:
    """Write the folder beside, load it and generate with it, then rename it into place.

    `model` has its text head and no adapters (`plain_model`). Raises UserError where what is read
    back holds other weights or generates other codes; existing files are then left as they are.
    """
    assert "weights_license" in parts.facts, "nobody may have to guess what is allowed"
    assert model.text_lm_head is not None, "a folder without a text head cannot be trained further"
    with new_folder(folder) as new:
        _write_model(new, model, parts)
        reason = write_processor(
            new, model.config, parts.tokenizer, parts.chat_template, parts.codec_folder
        )
        if parts.adapters is not None:
            write_adapters(new / ADAPTERS, parts.adapters, parts.adapted)
        if parts.legacy_layout:
            write_legacy(new / LEGACY, model, parts.largest_file, parts.adapters)
        verified = verify_export(new, model)
        _write_card(new, model, parts, {"processor": reason or WRITTEN, "verified": verified})


def _write_model(folder: Path, model: HiggsAudioV2ForConditionalGeneration, parts: Parts) -> None:
    # The model's own would be written in place of what is wanted.
    own, model.generation_config = (
        model.generation_config,
        generation_config(model.config, parts.generation),
    )
    try:
        with quiet():
            model.save_pretrained(folder, max_shard_size=parts.largest_file)
    finally:
        model.generation_config = own


def _write_card(
    folder: Path,
    model: HiggsAudioV2ForConditionalGeneration,
    parts: Parts,
    found: Mapping[str, Any],
) -> None:
    card = {
        "instruction": INSTRUCTION,
        **parts.facts,
        **found,
        "num_codes": model.config.audio_stream_bos_id,
        "sample_rate_hz": sample_rate_of(folder / CODEC),
        "weights": str(model.dtype).removeprefix("torch."),
        "from_pretrained": {"use_text_head": True},
        "adapters": ADAPTERS if parts.adapters is not None else None,
        "adapted": parts.adapted,
        "legacy_layout": LEGACY if parts.legacy_layout else None,
    }
    content = json.dumps(card, indent=1, sort_keys=True, ensure_ascii=False)
    (folder / CARD).write_text(content + "\n", "utf-8")
    (folder / README).write_text(readme(card), "utf-8")
