"""Low-rank adapters (LoRA; Hu et al., 2021), by `peft`: learned beside weights that stay frozen.

`peft` puts a layer of its own in the place of each adapted one. In a state dict "q_proj.weight"
becomes "q_proj.base_layer.weight" and stands beside "q_proj.lora_A.default.weight" [rank, in],
"q_proj.lora_B.default.weight" [out, rank] and, which is ours, "q_proj.adapter_scale". `plain_name`
and `with_names_of` go from one kind of name to the other.
"""

import re
from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn

_BASE = ".base_layer."
_DOWN, _UP, _SCALE = ".lora_A.default.weight", ".lora_B.default.weight", ".adapter_scale"


def adapt(
    module: nn.Module, names: Collection[str], rank: int, alpha: float, dropout: float = 0.0
) -> None:
    """Give the linear layers of these full names adapters, and freeze all else in the module.

    An adapted layer adds alpha / rank * lora_B(lora_A(dropout(x))), which is zero at first. The
    scale is a buffer too: a state dict says all that its adapters do.
    """
    from peft import LoraConfig, inject_adapter_in_model  # takes seconds

    module.requires_grad_(False)
    if not names:
        return
    exactly = "|".join(re.escape(name) for name in sorted(names))
    config = LoraConfig(
        r=rank,
        lora_alpha=alpha,  # type: ignore[arg-type]  # peft divides it by the rank, no more
        lora_dropout=dropout,
        target_modules=exactly,
    )
    inject_adapter_in_model(config, module)
    for name in names:
        layer = module.get_submodule(name)
        layer.register_buffer(_SCALE.removeprefix("."), torch.tensor(alpha / rank))


def adapters_of(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a state dict that belong to adapters."""
    return {name: value for name, value in state.items() if name.endswith((_DOWN, _UP, _SCALE))}


def are_alike(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    """Whether two state dicts hold adapters of the same layers, ranks and scales, or both none."""
    one, other = adapters_of(one), adapters_of(other)
    return one.keys() == other.keys() and all(
        value.shape == other[name].shape
        and (not name.endswith(_SCALE) or float(value) == float(other[name]))
        for name, value in one.items()
    )


def plain_name(name: str) -> str:
    """The name that a tensor of an adapted layer has where the layer is not adapted."""
    return name.replace(_BASE, ".")


def with_names_of(own: Mapping[str, Tensor], plain: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights without adapters, by the names that a module with the state `own` has for them.

    A tensor that the module does not have keeps its name.
    """
    names = {plain_name(name): name for name in own}
    return {names.get(name, name): value for name, value in plain.items()}


@torch.no_grad()
def merged(state: Mapping[str, Tensor], *, transposed: bool = False) -> dict[str, Tensor]:
    """A state dict without adapters, by plain names, that computes the same.

    weight + scale * lora_B @ lora_A, added in float32 and kept in the weight's type. `transposed`
    says that adapted weights stand in it as [in, out], not as [out, in]. What is handed in stays
    as it is.
    """
    ours = adapters_of(state)
    plain = {plain_name(name): value for name, value in state.items() if name not in ours}
    for name, scale in ours.items():
        if name.endswith(_SCALE):
            layer = name.removesuffix(_SCALE)
            added = scale * (state[layer + _UP].float() @ state[layer + _DOWN].float())
            weight = plain[f"{layer}.weight"]
            both = weight.float() + (added.t() if transposed else added)
            plain[f"{layer}.weight"] = both.to(weight.dtype)
    return plain


def continued(
    own: Mapping[str, Tensor], given: Mapping[str, Tensor], *, transposed: bool = False
) -> tuple[Mapping[str, Tensor], str]:
    """A parent's weights as a module with the state `own` holds them; what changed, in words.

    Adapters like the module's go on; others become part of the weights that they adapt. See
    `TrainingModule.adopted`.
    """
    if are_alike(own, given):
        return given, ""
    remarks = []
    if adapters_of(given):
        remarks.append("its adapters became part of the weights")
    if new := adapters_of(own):
        remarks.append("new adapters begin, which add nothing yet")
    plain = merged(given, transposed=transposed)
    return {**with_names_of(own, plain), **new}, " and ".join(remarks)
