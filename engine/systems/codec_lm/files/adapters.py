"""Low-rank adapters as a folder that `peft` loads (`PeftModel.from_pretrained`)."""

from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

SCALE = ".adapter_scale"


def adapters_of(state):
    return {name: v for name, v in state.items() if ".lora_" in name or name.endswith(SCALE)}


ADAPTERS = "adapters"
"""The folder of adapters, in that of the model."""
WEIGHTS = "adapter_model.safetensors"
_MODEL = "base_model.model."
"""Before every name: the model that is adapted, inside two of peft's wrappers."""


def write_adapters(folder: Path, state: Mapping[str, Tensor], base: str | None) -> None:
    """Write adapter_config.json and adapter_model.safetensors of the adapters in a state dict.

    `state` has the names of the model that was adapted, `base` is what peft writes down as its
    place. All adapters have one rank and one scale, as `adapt` makes them.
    """
    from peft import LoraConfig, TaskType

    own = {
        name: value.detach().cpu().contiguous()
        for name, value in state.items()
        if ".lora_" in name or name.endswith(SCALE)
    }
    scales = {
        name.removesuffix(SCALE): value for name, value in own.items() if name.endswith(SCALE)
    }
    downs = [value for name, value in own.items() if ".lora_A." in name]
    rank = downs[0].shape[0]
    config = LoraConfig(
        r=rank,
        lora_alpha=next(iter(scales.values())) * rank,
        target_modules=sorted(scales),
        task_type=TaskType.CAUSAL_LM,
        base_model_name_or_path=base,
        inference_mode=True,
    )
    folder.mkdir()
    config.save_pretrained(str(folder))
    save_file(peft_names(own), folder / WEIGHTS, metadata={"format": "pt"})


def peft_names(own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Adapters by the names that peft's files have; the scale stands in the configuration."""
    return {
        _MODEL + name.replace(".default.", "."): value
        for name, value in own.items()
        if not name.endswith(SCALE)
    }
