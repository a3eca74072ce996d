"""Where and in what arithmetic a run computes: Lightning Fabric, set up from recipe and params."""

import torch
from lightning_fabric import Fabric

from engine.errors import UserError
from engine.nn.cpu.memory import keep_freed_memory
from engine.nn.cpu.switch import kernels_on
from engine.recipe.params import Hardware

_PRECISIONS = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}


def make_fabric(hardware: Hardware, precision: str, place: int = 0) -> Fabric:
    """Lightning Fabric for the one device of this process, the `place`-th of its machine.

    Fabric knows nothing of other processes of the run: see `ranks.py`. Raises UserError where the
    named device is not there, or fp16 is asked of a CPU.
    """
    device = _device(hardware, place)
    if precision == "fp16" and device == "cpu":
        raise UserError(
            "training.precision = 'fp16' needs a GPU: on a CPU choose 'fp32' or 'bf16'."
        )
    torch.set_num_threads(hardware.num_threads)
    if kernels_on(torch.device(device)):
        keep_freed_memory()
    if device == "cpu":
        torch.use_deterministic_algorithms(True)  # what would differ from run to run is refused
        # It would also fill every new tensor with nan first, a tenth of a step's time.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    fabric = Fabric(
        accelerator=device,
        devices=[place] if device == "cuda" else 1,
        precision=_PRECISIONS[precision],  # type: ignore[arg-type]
    )
    fabric.launch()
    return fabric


def describe(fabric: Fabric, num_devices: int = 1) -> dict[str, object]:
    """The machine, in words for the report."""
    device = fabric.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else processor()
    return {
        "device": f"{device.type}: {name}",
        "devices": num_devices,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def _device(hardware: Hardware, place: int) -> str:
    there = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if hardware.device == "cpu" or (hardware.device == "auto" and there == 0):
        return "cpu"
    if there == 0:
        raise UserError(
            "params.toml says hardware.device = 'cuda', but torch finds no CUDA device here. "
            "Set it to 'auto' or 'cpu'."
        )
    if place >= there:
        raise UserError(
            f"The run's process {place} on this machine finds no GPU of its own: torch finds "
            f"{there}. Set hardware.num_devices = {there} in params.toml, or start no more "
            "processes than that with torchrun."
        )
    return "cuda"


def processor() -> str:
    """The CPU's model name."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return "unknown processor"
