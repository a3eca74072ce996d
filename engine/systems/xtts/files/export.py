"""A trained XTTS as Coqui's `Xtts.load_checkpoint` reads it: model.pth, vocab.json, config.json."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.errors import UserError
from engine.files.atomic import new_folder
from engine.systems.xtts.files.differences import differences
from engine.systems.xtts.files.published import CONFIG, MODEL, VOCABULARY
from engine.systems.xtts.files.weights import XttsWeights, read_weights
from engine.systems.xtts.text.tokenizer import Tokenizer

CARD, README = "xtts.json", "README.md"
CENTROIDS = "centroids.safetensors"
"""File of the centroids of audio codes, without which codes cannot be decoded."""
_SPEAKS = """\
Coqui speaks with it:

    config = XttsConfig()
    config.load_json("config.json")
    model = Xtts(config)
    model.load_checkpoint(config, checkpoint_dir=".")
"""
_IS_SILENT = """\
The folder holds no decoder: no vocoder was trained for the codes of this GPT. `cantus speak` makes
audio of them without a vocoder. Coqui needs one, and refuses to load this model.
"""
_IS_REFUSED = """\
Coqui's tokenizer refuses text in {languages}, which it has no rules for. Its GPT speaks the ids
that vocab.json gives for the language's token and the text in lower case, [SPACE] for each space.
"""
_COQUI_HAS_RULES_FOR = {"ar", "cs", "de", "en", "es", "fr", "hi", "hu", "it", "ja", "ko", "nl"}
_COQUI_HAS_RULES_FOR |= {"pl", "pt", "ru", "tr", "zh-cn"}


def export_xtts(
    folder: Path,
    gpt: Mapping[str, Tensor],
    decoder: Mapping[str, Tensor] | None,
    mel_stats: Tensor,
    vocabulary: Path,
    config: Mapping[str, Any],
    facts: Mapping[str, Any],
    centroids: Tensor | None = None,
) -> None:
    """Write the folder beside, read it back, then rename it: what stood there is replaced whole.

    Args:
        folder: Where it comes to lie; its parent is made where it is missing.
        gpt: `XttsGpt.state_dict()`.
        decoder: `HifiDecoder.state_dict()`, or None where there is no vocoder for these codes.
        mel_stats: What conditioning mels are divided by, [80].
        vocabulary: The vocab.json that the GPT was trained with.
        config: A config.json's values. `model_args` has to give the number of heads and the
            audio's START and STOP; the sizes that the weights decide are taken from them.
        facts: What the card says of it. `weights_license` names the licence, which fine-tuned
            weights have from those they began as.
        centroids: Of the audio codes [codes, 320], where k-means made them and no decoder
            knows them.

    Raises:
        UserError: The vocabulary has another number of tokens than the GPT, or what is read back
            is not what was written.

    """
    assert "weights_license" in facts, "nobody may have to guess what is allowed"
    tokenizer = Tokenizer.open(vocabulary)
    _require_vocabulary(tokenizer, gpt, vocabulary)
    weights = XttsWeights(_plain(gpt), _plain(decoder or {}), mel_stats.detach().cpu().clone())
    written = _config(config, weights, tokenizer)
    with new_folder(folder) as new:
        torch.save({"model": _model(weights)}, new / MODEL)
        shutil.copyfile(vocabulary, new / VOCABULARY)
        _write_json(new / CONFIG, written)
        if centroids is not None:
            save_file(_plain({"centroids": centroids}), new / CENTROIDS)
        _write_json(new / CARD, {**facts, "has_decoder": bool(weights.decoder)})
        (new / README).write_text(_readme(facts, weights, tokenizer), "utf-8")
        _verify(new / MODEL, weights)


def _plain(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies in memory of their own: torch.save would write the whole storage of a view."""
    return {
        name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, value in state.items()
    }


def _model(weights: XttsWeights) -> dict[str, Tensor]:
    """All tensors by the names of Coqui's `Xtts`."""
    assert weights.mel_stats is not None, "the caller gives them"
    gpt = {f"gpt.{name}": value for name, value in weights.gpt.items()}
    decoder = {f"hifigan_decoder.{name}": value for name, value in weights.decoder.items()}
    return {"mel_stats": weights.mel_stats, **gpt, **decoder}


def _config(
    config: Mapping[str, Any], weights: XttsWeights, tokenizer: Tokenizer
) -> dict[str, Any]:
    """The configuration with the sizes that these weights have."""
    args, gpt = dict(config["model_args"]), weights.gpt
    for name in ("gpt_n_heads", "gpt_start_audio_token", "gpt_stop_audio_token"):
        assert args.get(name) is not None, f"the weights do not say {name}"
    layers = {name.split(".")[2] for name in gpt if name.startswith("gpt.h.")}
    num_text_tokens, width = gpt["text_embedding.weight"].shape
    args |= {
        "gpt_layers": len(layers),
        "gpt_n_model_channels": width,
        "gpt_number_text_tokens": num_text_tokens,
        "gpt_start_text_token": tokenizer.start_token,
        "gpt_stop_text_token": tokenizer.stop_token,
        "gpt_num_audio_tokens": len(gpt["mel_embedding.weight"]),
        # Upstream's networks have so many positions more than their settings say.
        "gpt_max_text_tokens": len(gpt["text_pos_embedding.emb.weight"]) - 2,
        "gpt_max_audio_tokens": len(gpt["mel_pos_embedding.emb.weight"]) - 3,
        "gpt_use_perceiver_resampler": True,
        "decoder_input_dim": width,
        # Paths of the machine that it was trained on mean nothing elsewhere.
        "tokenizer_file": "",
        "gpt_checkpoint": None,
        "decoder_checkpoint": None,
    }
    return {**config, "model": "xtts", "model_args": args}


def _require_vocabulary(tokenizer: Tokenizer, gpt: Mapping[str, Tensor], vocabulary: Path) -> None:
    rows = len(gpt["text_embedding.weight"])
    if tokenizer.num_tokens != rows:
        raise UserError(
            f"{vocabulary} has {tokenizer.num_tokens} tokens, and the GPT {rows}: it is not the "
            "vocabulary that this model was trained with."
        )


def _verify(path: Path, weights: XttsWeights) -> None:
    """Raise UserError where the file does not give back every tensor bit for bit."""
    found, wanted = _model(read_weights(path)), _model(weights)
    if apart := differences(wanted, found):
        raise UserError(f"What was exported reads otherwise: {apart}")
    changed = [name for name, value in wanted.items() if not torch.equal(value, found[name])]
    if changed:
        raise UserError(
            f"What was exported has other values, or NaN, in {len(changed)} tensors, first "
            f"{changed[0]}: it was not put in place."
        )


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=4, ensure_ascii=False) + "\n", "utf-8")


def _readme(facts: Mapping[str, Any], weights: XttsWeights, tokenizer: Tokenizer) -> str:
    said = _SPEAKS if weights.decoder else _IS_SILENT
    refused = [name for name in tokenizer.languages if name not in _COQUI_HAS_RULES_FOR]
    if weights.decoder and refused:
        said += "\n" + _IS_REFUSED.format(languages=", ".join(refused))
    return (
        f"# A voice of XTTS v2, trained with Cantus\n\nLicence of the weights: "
        f"{facts['weights_license']}\n\n{said}\n{CARD} says where it comes from.\n"
    )
