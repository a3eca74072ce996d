import platform
import subprocess
import sys

import pytest

SCRIPT = """
import resource
import torch
from engine.nn.cpu.memory import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(20_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(min(faults() for _ in range(3)))
assert keep_freed_memory()
held = [torch.ones(20_000_000) for _ in range(4)]
del held
print(min(faults() for _ in range(10)))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
def test_large_tensors_reuse_the_pages_of_those_before():
    command = [sys.executable, "-c", SCRIPT]
    said = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
    default, kept = map(int, said)
    assert default > 1_000
    assert kept < 100
