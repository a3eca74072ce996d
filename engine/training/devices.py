"""Where and in what arithmetic a run computes: Lightning Fabric, set up from recipe and params."""

import os

import torch
from lightning_fabric import Fabric

from engine.errors import UserError
from engine.nn.memory import keep_freed_memory
from engine.recipe.params import Hardware

_PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}


def make_fabric(hardware: Hardware, precision: str) -> Fabric:
    """Lightning Fabric for one device.

    Raises UserError where the named device is not there, several are asked for (the order of clips
    and the meter know ranks, but files and signals do not yet), or fp16 is asked of a CPU.
    """
    device = _device(hardware)
    if hardware.num_devices > 1 or int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UserError(
            "A run uses one device for now: set hardware.num_devices = 1 in params.toml, and start "
            "it without torchrun."
        )
    if precision == "fp16" and device == "cpu":
        raise UserError(
            "training.precision = 'fp16' needs a GPU: on a CPU choose 'fp32' or 'bf16'."
        )
    torch.set_num_threads(hardware.num_threads)
    if device == "cpu":
        keep_freed_memory()
        torch.use_deterministic_algorithms(True)  # what would differ from run to run is refused
        # It would also fill every new tensor with nan first, a tenth of a step's time.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    fabric = Fabric(
        accelerator=device,
        devices=1,
        precision=_PRECISIONS[precision],  # type: ignore[arg-type]
    )
    fabric.launch()
    return fabric


def describe(fabric: Fabric) -> dict[str, object]:
    """The machine, in words for the report."""
    device = fabric.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else processor()
    return {
        "device": f"{device.type}: {name}",
        "devices": fabric.world_size,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def _device(hardware: Hardware) -> str:
    if hardware.device == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "params.toml says hardware.device = 'cuda', but torch finds no CUDA device here. "
            "Set it to 'auto' or 'cpu'."
        )
    if hardware.device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return hardware.device


def processor() -> str:
    """The CPU's model name."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return "unknown processor"
