"""The configurations in a folder of Higgs Audio v2: transformers', and the legacy layout's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huggingface_hub.errors import StrictDataclassError
from transformers import GenerationConfig, HiggsAudioV2Config, LlamaConfig

from engine.errors import UserError
from engine.files.untrusted import as_user_error, read_json_object

CONFIG = "config.json"
MODEL_TYPE, LEGACY_TYPE = "higgs_audio_v2", "higgs_audio"
_TEXT = (
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "hidden_act",
    "max_position_embeddings",
    "initializer_range",
    "rms_norm_eps",
    "attention_bias",
    "mlp_bias",
    "rope_parameters",
)
"""Entries that the legacy layout keeps in a table of its own, as a configuration of Llama."""
_NAMED_OTHERWISE = {
    "num_codebooks": "audio_num_codebooks",
    "audio_stream_bos_id": "audio_stream_bos_id",
    "audio_stream_eos_id": "audio_stream_eos_id",
    "audio_token_id": "audio_out_token_idx",
    "audio_bos_token_id": "audio_out_bos_token_id",
    "pad_token_id": "pad_token_id",
}
"""Entries of transformers' configuration, and their names in the legacy layout."""
_OURS = ("audio_delay_token_id", "eos_token_id", "bos_token_id")
"""Entries that the legacy layout lacks: those of the released model where a file lacks them."""
_MARKS = 2
"""Begin and end of stream: transformers counts them among a codebook's entries."""


def read_config(folder: Path) -> tuple[HiggsAudioV2Config, bool]:
    """The configuration in a folder, and whether the folder has the legacy layout.

    Raises UserError where it is missing, damaged, contradicts itself, or is of another model.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise UserError(
            f"There is no {CONFIG} in {folder}: name a folder of Higgs Audio v2 as transformers "
            "reads it. 'cantus fetch higgs_audio_v2' makes one."
        )
    said = read_json_object(path)
    kind = said.get("model_type")
    if kind not in (MODEL_TYPE, LEGACY_TYPE):
        raise UserError(
            f"{path} is of a model of type '{kind}', and Higgs Audio v2 is of type '{MODEL_TYPE}' "
            f"('{LEGACY_TYPE}' in the layout before April 2026)."
        )
    sentence = f"{path} is damaged: transformers cannot make a configuration of it."
    with as_user_error(sentence, StrictDataclassError):
        config = _of_legacy(said, path) if kind == LEGACY_TYPE else _of_known(said)
    _require_marks(config, path)
    return config, kind == LEGACY_TYPE


def legacy_config(config: HiggsAudioV2Config) -> dict[str, Any]:
    """A configuration as a config.json of the legacy layout."""
    rope: dict[str, Any] = {**(config.rope_parameters or {})}
    text = {name: getattr(config, name) for name in _TEXT if name != "rope_parameters"}
    return {
        "architectures": ["HiggsAudioModel"],
        "model_type": LEGACY_TYPE,
        "audio_adapter_type": "dual_ffn_fast_forward",
        "audio_dual_ffn_layers": list(range(config.num_hidden_layers)),
        "audio_codebook_size": config.codebook_size - _MARKS,
        "audio_decoder_proj_num_layers": 0,
        "encode_audio_in_tokens": True,
        "encode_whisper_embed": False,
        "skip_audio_tower": True,
        "use_audio_out_embed_projector": False,
        "use_audio_out_self_attention": False,
        "use_delay_pattern": True,
        "torch_dtype": str(config.dtype or "float32").removeprefix("torch."),
        **{legacy: getattr(config, name) for name, legacy in _NAMED_OTHERWISE.items()},
        **{name: getattr(config, name) for name in _OURS},
        "text_config": {
            "model_type": "llama",
            **text,
            "rope_theta": rope.pop("rope_theta"),
            "rope_scaling": rope,
            "tie_word_embeddings": False,
        },
    }


def generation_config(config: HiggsAudioV2Config, settings: Mapping[str, Any]) -> GenerationConfig:
    """The generation_config.json of a model: the marks that end a clip, and `settings`.

    `use_text_head` is the argument that `from_pretrained` needs.
    """
    marks = ("bos_token_id", "eos_token_id", "pad_token_id")
    entries = {name: getattr(config, name) for name in marks}
    entries |= {"use_cache": True, "use_text_head": True, **settings}
    return GenerationConfig.from_dict(entries)


def _of_known(said: Mapping[str, Any]) -> HiggsAudioV2Config:
    """By the entries of the model's own: others might name code, or another way to compute."""
    known = HiggsAudioV2Config.__annotations__
    return HiggsAudioV2Config(**{name: value for name, value in said.items() if name in known})


def _of_legacy(said: Mapping[str, Any], path: Path) -> HiggsAudioV2Config:
    known = {*_TEXT, "rope_theta", "rope_scaling"}
    table = dict(said["text_config"])
    text = LlamaConfig(**{name: value for name, value in table.items() if name in known})
    layers = text.num_hidden_layers
    if sorted(said.get("audio_dual_ffn_layers") or ()) != list(range(layers)):
        raise UserError(
            f"{path}: audio_dual_ffn_layers does not name all {layers} layers. Transformers' model "
            "has an audio expert in each: these weights cannot be converted."
        )
    return HiggsAudioV2Config(
        **{name: getattr(text, name) for name in _TEXT},
        **{name: said[legacy] for name, legacy in _NAMED_OTHERWISE.items()},
        **{name: said[name] for name in _OURS if name in said},
        codebook_size=said["audio_codebook_size"] + _MARKS,
    )


def _require_marks(config: HiggsAudioV2Config, path: Path) -> None:
    """Raise UserError where a codebook's marks do not follow its codes."""
    marks = config.audio_stream_bos_id, config.audio_stream_eos_id
    size = max(marks) + 1
    if config.codebook_size != size:
        raise UserError(
            f"{path}: codebook_size is {config.codebook_size}, and the marks of a stream are "
            f"{marks[0]} and {marks[1]}. It counts the marks among the entries: it must be {size}. "
            f"With {config.codebook_size} transformers fails with an IndexError."
        )
    if marks != (size - _MARKS, size - 1):
        raise UserError(
            f"{path}: audio_stream_bos_id and audio_stream_eos_id are {marks[0]} and {marks[1]}, "
            f"and the last two entries of {size} are needed."
        )
