"""The machine a benchmark ran on, as it stands beside its results."""

import platform
from pathlib import Path

import torch


def machine(num_threads: int) -> dict[str, object]:
    """CPU, threads and versions."""
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    avx512 = any(line.startswith("flags") and "avx512f" in line for line in lines)
    return {"cpu": model, "avx512": avx512, "threads": num_threads, **versions}
