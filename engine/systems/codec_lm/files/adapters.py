"""Low-rank adapters as a folder that `peft` loads (`PeftModel.from_pretrained`)."""

from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from engine.nn.adapters import adapters_of

ADAPTERS = "adapters"
"""The folder of adapters, in that of the model."""
WEIGHTS = "adapter_model.safetensors"
_SCALE = ".adapter_scale"
_MODEL = "base_model.model."
"""Prefix of every name in peft's files: the adapted model inside two wrappers of peft."""


def write_adapters(folder: Path, state: Mapping[str, Tensor], base: str | None) -> None:
    """Write adapter_config.json and adapter_model.safetensors of the adapters in a state dict.

    `state` has the names of the model that was adapted, `base` is what peft writes down as its
    place. All adapters have one rank and one scale, as `engine.nn.adapters.adapt` makes them.
    """
    from peft import LoraConfig, TaskType  # takes seconds

    own = adapters_of(state)
    scales = {name.removesuffix(_SCALE): float(own[name]) for name in own if name.endswith(_SCALE)}
    rank = next(len(value) for name, value in own.items() if ".lora_A." in name)
    config = LoraConfig(
        r=rank,
        lora_alpha=round(next(iter(scales.values())) * rank, 4),  # type: ignore[arg-type]
        target_modules=sorted(scales),
        task_type=TaskType.CAUSAL_LM,
        base_model_name_or_path=base,
        inference_mode=True,
    )
    folder.mkdir(parents=True)
    config.save_pretrained(str(folder))
    save_file(_peft_names(own), folder / WEIGHTS, metadata={"format": "pt"})


def _peft_names(own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Adapters by the names of peft's files; the scale stands in the configuration."""
    return {
        _MODEL + name.replace(".default.", "."): value.detach().cpu().contiguous()
        for name, value in own.items()
        if not name.endswith(_SCALE)
    }
