"""Files by which transformers turns texts and audio into input: tokenizer, template, codec."""

import json
import shutil
from pathlib import Path
from typing import Any

import tokenizers
from transformers import (
    DacConfig,
    DacFeatureExtractor,
    DacModel,
    HiggsAudioV2Config,
    HiggsAudioV2Processor,
    HiggsAudioV2TokenizerModel,
    PreTrainedTokenizerFast,
)

from engine.files.untrusted import read_json_object
from engine.metrics.pretrained import quiet, read_part
from engine.systems.codec_lm.higgs.tokens import BEGIN_OF_TEXT, END_OF_TEXT

CODEC = "codec"
"""The folder of the codec, in that of the model."""
_CONFIG, _PROCESSOR = "config.json", "processor_config.json"
_EXTRACTOR = "preprocessor_config.json"
_CODECS: dict[str, Any] = {
    "dac": DacModel,
    "higgs_audio_v2_tokenizer": HiggsAudioV2TokenizerModel,
}
"""Codecs that `HiggsAudioV2Processor` takes, by their model type."""


def write_processor(
    folder: Path,
    config: HiggsAudioV2Config,
    tokenizer_json: str,
    chat_template: str,
    codec_folder: Path,
) -> str | None:
    """Write the tokenizer, the template, the processor's configuration and a copy of the codec.

    Returns a phrase on why there is no processor, where transformers has none for this codec;
    tokenizer, template and codec are there all the same. Raises UserError where the codec's folder
    cannot be read.
    """
    codec = folder / CODEC
    # Without the files' permissions: those of DVC's cache are read-only.
    shutil.copytree(
        codec_folder, codec, ignore=shutil.ignore_patterns(".*"), copy_function=shutil.copyfile
    )
    tokenizer = _tokenizer(tokenizer_json)
    tokenizer.chat_template = chat_template
    with quiet():
        tokenizer.save_pretrained(folder)
    kind = str(read_json_object(codec / _CONFIG).get("model_type"))
    if kind not in _CODECS:
        return f"transformers' processor takes no codec of type '{kind}'"
    if kind == "dac":
        _name_codebooks(codec)
    network = read_part(_CODECS[kind].from_pretrained, codec, "codec")
    if (number := network.config.num_quantizers) != config.num_codebooks:
        return (
            f"transformers' processor uses all {number} codebooks of the codec, and the model has "
            f"the first {config.num_codebooks}"
        )
    processor: Any = HiggsAudioV2Processor(  # type: ignore[no-untyped-call]
        _extractor(codec),
        tokenizer,
        network,
        chat_template=chat_template,
        audio_stream_bos_id=config.audio_stream_bos_id,
        audio_stream_eos_id=config.audio_stream_eos_id,
    )
    with quiet():
        processor.save_pretrained(folder)
    _forget_place(folder / _PROCESSOR)
    return None


def sample_rate_of(codec: Path) -> int:
    """The sample rate of a codec's configuration in Hz."""
    said = read_json_object(codec / _CONFIG)
    return int(said.get("sampling_rate") or said["sample_rate"])


def _tokenizer(content: str) -> PreTrainedTokenizerFast:
    """A tokenizer that pads like the released one: with a token that no turn of a chat has."""
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizers.Tokenizer.from_str(content),
        bos_token=BEGIN_OF_TEXT,
        eos_token=END_OF_TEXT,
        pad_token=END_OF_TEXT,
    )


def _name_codebooks(codec: Path) -> None:
    """Say the number of codebooks as the processor asks for it; `DacConfig` calls it otherwise."""
    content = read_json_object(codec / _CONFIG)
    if "num_quantizers" in content:
        return
    number = read_part(DacConfig.from_pretrained, codec, "configuration").n_codebooks
    _write_json(codec / _CONFIG, {**content, "num_quantizers": number})


def _extractor(codec: Path) -> DacFeatureExtractor:
    """The codec's own; the Higgs tokenizer is published without one, and takes any length."""
    if (codec / _EXTRACTOR).is_file():
        found: DacFeatureExtractor = read_part(
            DacFeatureExtractor.from_pretrained, codec, "feature extractor"
        )
        return found
    return DacFeatureExtractor(sampling_rate=sample_rate_of(codec), hop_length=1)


def _forget_place(path: Path) -> None:
    """Leave out the codec's place on this machine: readers would look for it on theirs."""
    content = read_json_object(path)
    content.pop("audio_tokenizer", None)
    _write_json(path, content)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", "utf-8")
