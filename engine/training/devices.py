"""The device and precision of a run, as params.toml and the recipe set them."""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from attrs import define, field
from torch import Tensor

from engine.errors import UserError
from engine.nn.cpu.memory import keep_freed_memory
from engine.nn.cpu.switch import kernels_on
from engine.recipe.params import Hardware
from engine.training.state import Saved

_AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


@define(slots=False)
class Device:
    """The one device of a process, and mixed precision on it (Micikevicius et al., 2018)."""

    torch_device: torch.device
    precision: str = "fp32"
    """fp32, bf16 or fp16: the type in which matrix products and convolutions are computed."""
    _scaler: torch.amp.GradScaler | None = field(init=False)

    def __attrs_post_init__(self) -> None:
        scales = self.precision == "fp16"
        self._scaler = torch.amp.GradScaler(self.torch_device.type) if scales else None

    def autocast(self) -> AbstractContextManager[Any]:
        """Inside, a forward pass computes in the precision."""
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(self.torch_device.type, dtype=_AUTOCAST[self.precision])

    def backward(self, loss: Tensor) -> None:
        """Backward of a loss; in fp16 it is scaled, so that small gradients do not vanish."""
        scaled: Tensor = loss if self._scaler is None else self._scaler.scale(loss)
        scaled.backward()  # type: ignore[no-untyped-call]

    def scaled(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Losses scaled as `backward` scales them, for gradients measured before it."""
        if self._scaler is None:
            return dict(losses)
        return {name: self._scaler.scale(loss) for name, loss in losses.items()}

    def unscaled(self, gradients: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Gradients of scaled losses, divided by the scale."""
        if self._scaler is None:
            return dict(gradients)
        return {name: one.float() / self._scaler.get_scale() for name, one in gradients.items()}

    def clip(self, optimizer: torch.optim.Optimizer, limit: float) -> Tensor:
        """Clip the norm of an optimizer's gradients to `limit`; return the norm before."""
        if self._scaler is not None:
            self._scaler.unscale_(optimizer)
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        return torch.nn.utils.clip_grad_norm_(parameters, max_norm=limit)

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """Do a step of an optimizer; in fp16 it is skipped where a gradient is not finite."""
        if self._scaler is None:
            optimizer.step()
        else:
            self._scaler.step(optimizer)
            self._scaler.update()

    def state(self) -> Saved:
        """The loss scale in fp16; empty in other precisions."""
        return Saved(tensors={} if self._scaler is None else self._scaler.state_dict())

    def load(self, saved: Saved) -> None:
        """Take over a saved scale."""
        if self._scaler is not None:
            self._scaler.load_state_dict(saved.tensors)


def make_device(hardware: Hardware, precision: str, place: int = 0) -> Device:
    """The device of this process, the `place`-th of its machine.

    Raises UserError where the named device does not exist, or fp16 is set for a CPU or for
    sharded weights.
    """
    place = _place_among_visible(place)
    kind = _kind(hardware, place)
    _require_precision(hardware, precision, kind)
    torch.set_num_threads(hardware.num_threads)
    device = torch.device("cpu") if kind == "cpu" else torch.device("cuda", place)
    if kernels_on(device):
        keep_freed_memory()
    if kind == "cuda":
        torch.cuda.set_device(place)
    else:
        torch.use_deterministic_algorithms(
            True
        )  # operations that differ from run to run are refused
        # By default it also fills every new tensor with nan first, a tenth of a step's time.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    return Device(device, precision)


def describe(device: Device, num_devices: int = 1) -> dict[str, object]:
    """The machine, in words for the report."""
    kind = device.torch_device.type
    name = torch.cuda.get_device_name(device.torch_device) if kind == "cuda" else processor()
    return {
        "device": f"{kind}: {name}",
        "devices": num_devices,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        **arithmetic(device),
    }


def arithmetic(device: Device) -> dict[str, str]:
    """The settings that decide the last bits of every sum, beside code and data, in words.

    The CPU's instructions are those that torch and oneDNN may use: ATEN_CPU_CAPABILITY and
    ONEDNN_MAX_CPU_ISA hold them back.
    """
    kind = device.torch_device.type
    if kind == "cuda":
        return {"GPU": torch.cuda.get_device_name(device.torch_device)}
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA") or os.environ.get("DNNL_MAX_CPU_ISA")
    return {
        "number of threads": str(torch.get_num_threads()),
        "CPU instructions": torch.backends.cpu.get_cpu_capability(),
        "limit of oneDNN's instructions": (limit or "none").upper(),
    }


def _require_precision(hardware: Hardware, precision: str, kind: str) -> None:
    if precision != "fp16":
        return
    if kind == "cpu":
        raise UserError(
            "training.precision = 'fp16' needs a GPU. On a CPU set it to 'fp32' or 'bf16'."
        )
    if hardware.strategy == "shard":
        raise UserError(
            "training.precision = 'fp16' does not work with hardware.strategy = 'shard', where no "
            "process sees whether all gradients are finite. Set training.precision = 'bf16', or "
            "hardware.strategy = 'replicate'."
        )


def _num_gpus() -> int:
    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def _place_among_visible(place: int) -> int:
    """The number of this process's GPU: 0 where SLURM shows each task only its own.

    SLURM does so with --gpus-per-task. torchrun and Cantus start all processes of a machine with
    one environment, so that they would share the one GPU.
    """
    shown_to_task = "CUDA_VISIBLE_DEVICES" in os.environ and "TORCHELASTIC_RUN_ID" not in os.environ
    return 0 if shown_to_task and _num_gpus() == 1 else place


def _kind(hardware: Hardware, place: int) -> str:
    there = _num_gpus()
    if hardware.device == "cpu" or (hardware.device == "auto" and there == 0):
        return "cpu"
    if there == 0:
        raise UserError(
            "params.toml says hardware.device = 'cuda', but torch finds no CUDA device here. "
            "Set it to 'auto' or 'cpu'."
        )
    if place >= there:
        raise UserError(
            f"Process {place} of this machine has no GPU of its own: torch finds "
            f"{there}. Start no more processes than a machine has GPUs: hardware.num_devices = "
            f"{there} in params.toml, torchrun's --nproc-per-node={there}, or SLURM's "
            f"--ntasks-per-node={there}. In SLURM ask for as many GPUs as tasks, by "
            "--gpus-per-task=1 or --gpus-per-node."
        )
    return "cuda"


def processor() -> str:
    """The CPU's model name."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return "unknown processor"
