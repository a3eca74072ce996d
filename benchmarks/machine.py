"""The machine a benchmark ran on, as it stands beside its results."""

import platform
from pathlib import Path

import torch

from engine.training.devices import processor


def machine(num_threads: int) -> dict[str, object]:
    """CPU, threads and versions."""
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    avx512 = "avx512f" in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    return {"cpu": processor(), "avx512": avx512, "threads": num_threads, **versions}
