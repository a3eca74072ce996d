"""A model in the layout of before April 2026, which `boson_multimodal` reads."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from huggingface_hub import save_torch_state_dict
from torch import Tensor
from transformers import HiggsAudioV2ForConditionalGeneration

from engine.systems.codec_lm.files.adapters import ADAPTERS, write_adapters
from engine.systems.codec_lm.files.verify import require_same
from engine.systems.codec_lm.higgs.folder import CONFIG, legacy_config
from engine.systems.codec_lm.higgs.keys import from_legacy, to_legacy
from engine.training.weight_files import read_weights

_TOKENIZER = ("tokenizer.json", "tokenizer_config.json")


def write_legacy(
    folder: Path,
    model: HiggsAudioV2ForConditionalGeneration,
    largest_file: str,
    adapters: Mapping[str, Tensor] | None,
) -> None:
    """Write weights, configuration and adapters by the legacy names; read the weights back.

    The tokenizer is copied from the folder above. Raises UserError where the weights are not the
    model's, bit for bit.
    """
    folder.mkdir()
    save_torch_state_dict(to_legacy(model.state_dict()), folder, max_shard_size=largest_file)
    content = json.dumps(legacy_config(model.config), indent=2, sort_keys=True)
    (folder / CONFIG).write_text(content + "\n", "utf-8")
    for name in _TOKENIZER:
        shutil.copyfile(folder.parent / name, folder / name)
    if adapters is not None:
        write_adapters(folder / ADAPTERS, to_legacy(adapters), None)
    require_same(model.state_dict(), from_legacy(read_weights(folder)), folder)
