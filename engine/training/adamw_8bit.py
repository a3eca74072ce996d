"""AdamW whose moments take a byte each (Dettmers et al., 2022), by torchao.

torchao, not bitsandbytes: it takes weights that are spread over processes (FSDP2), and rounds
updates of bfloat16 weights up or down by chance, so that small ones are not lost.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torchao.optim import AdamW8bit
from torchao.optim.subclass_8bit import OptimState8bit

from engine.training.spread import as_part_of_rows, local, part_of, part_of_rows

_BLOCK, _LEAST = 256, 4096
"""Values that share a scale; smaller tensors keep moments in float32, as bitsandbytes does."""
_MOMENTS = {"exp_avg": True, "exp_avg_sq": False}
"""Names of the moments, and whether they have a sign."""


class BlockwiseAdamW(AdamW8bit):  # type: ignore[misc]
    """AdamW with moments in blocks of 256 values.

    Only tensors whose rows are whole blocks are stored in blocks, so that a process's part of the
    rows has whole blocks too: what is saved does not depend on the number of processes.
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One update. Compiled on a GPU; a CPU would need a C++ compiler for that."""
        for group in self.param_groups:
            group["lr"] = torch.as_tensor(group["lr"], dtype=torch.float32)
        with self._compiled_on_gpus():
            return super().step(closure)

    def state_dict(self) -> dict[str, Any]:
        """The state as plain tensors: of a moment in blocks, the codes and their scales."""
        state = super().state_dict()
        parameters = self._parameters()
        plain = {n: _taken_apart(of_one, parameters[n]) for n, of_one in state["state"].items()}
        return {**state, "state": plain}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave, of all processes or of this one; or AdamW's moments.

        Raises ValueError where the state belongs to other tensors.
        """
        super().load_state_dict({**state_dict, "state": {}})
        parameters = self._parameters()
        for number, saved in state_dict["state"].items():
            parameter = parameters[number]
            moments = {
                name: self._restored(saved, name, parameter, signed=signed)
                for name, signed in _MOMENTS.items()
            }
            self.state[parameter] = {"step": saved["step"].clone(), **moments}

    def _new_buffer(self, parameter: Tensor, signed: bool) -> Tensor:
        """See torchao: a moment of zeros."""
        if not _is_in_blocks(parameter):
            return torch.zeros_like(parameter, dtype=torch.float32)
        here = local(parameter)
        zeros = OptimState8bit.zeros(here.shape, signed, _BLOCK, here.device, dtype=here.dtype)
        return as_part_of_rows(zeros, parameter)

    def _restored(
        self, saved: Mapping[str, Tensor], name: str, parameter: Tensor, *, signed: bool
    ) -> Tensor:
        moment = self._new_buffer(parameter, signed)
        here, codes = local(moment), saved.get(f"{name}_codes", saved.get(name))
        if codes is None or codes.shape != parameter.shape:
            raise ValueError(f"no moments of a tensor {tuple(parameter.shape)}")
        mine = local(part_of(codes, parameter))
        if name in saved:
            here.copy_(mine)
        elif isinstance(here, OptimState8bit):
            here.codes.copy_(mine)
            scales = local(part_of_rows(saved[f"{name}_scales"], parameter))
            here.scale.copy_(scales.flatten())
        else:
            raise ValueError(f"moments of a tensor {tuple(parameter.shape)} are not in blocks")
        return moment

    def _parameters(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]

    def _compiled_on_gpus(self) -> AbstractContextManager[Any]:
        if self._parameters()[0].device.type == "cuda":
            return nullcontext()
        return torch.compiler.set_stance("force_eager")  # type: ignore[no-any-return]


def _is_in_blocks(parameter: Tensor) -> bool:
    whole_rows = parameter.ndim > 1 and parameter[0].numel() % _BLOCK == 0
    return whole_rows and parameter.numel() >= _LEAST


def _taken_apart(state: Mapping[str, Tensor], parameter: Tensor) -> dict[str, Tensor]:
    plain = {}
    for name, value in state.items():
        here = local(value)
        if isinstance(here, OptimState8bit):
            scales = here.scale.view(len(here), -1)
            plain[f"{name}_codes"] = as_part_of_rows(here.codes, parameter)
            plain[f"{name}_scales"] = as_part_of_rows(scales, parameter)
        else:
            plain[name] = value
    return plain
