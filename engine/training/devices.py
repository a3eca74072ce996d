"""Where and in what arithmetic a run computes: Lightning Fabric, set up from recipe and params."""

import os

import torch
from lightning_fabric import Fabric

from engine.errors import UserError
from engine.nn.memory import keep_freed_memory
from engine.recipe.params import Hardware

_PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}


def make_fabric(hardware: Hardware, precision: str) -> Fabric:
    """One code path from a laptop to a cluster (torchrun and SLURM are found by Fabric itself).

    Raises UserError where the named device is not there, or fp16 is asked of a CPU.
    """
    device = _device(hardware)
    if precision == "fp16" and device == "cpu":
        raise UserError(
            "training.precision = 'fp16' needs a GPU: on a CPU choose 'fp32' or 'bf16'."
        )
    torch.set_num_threads(hardware.num_threads)
    if device == "cpu":
        keep_freed_memory()
    strategy = "auto" if _world_size(hardware) == 1 else "ddp_find_unused_parameters_true"
    fabric = Fabric(
        accelerator=device,
        devices=hardware.num_devices,
        strategy=strategy,
        precision=_PRECISIONS[precision],  # type: ignore[arg-type]
    )
    fabric.launch()
    return fabric


def deterministic_on_cpu() -> None:
    """Make torch refuse what would differ from run to run; CUDA kernels are left as they are."""
    if not torch.cuda.is_available():
        torch.use_deterministic_algorithms(True)
        # It would also fill every new tensor with nan first, a tenth of a step's time.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


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


def _world_size(hardware: Hardware) -> int:
    """Processes in all: as torchrun says, else one a device."""
    return int(os.environ.get("WORLD_SIZE", hardware.num_devices))


def processor() -> str:
    """The CPU's model name."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return "unknown processor"
