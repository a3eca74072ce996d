"""torch.compile of each turn's method, where the recipe asks for it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from types import MethodType

import torch

from engine.errors import UserError
from engine.training.system import System

_OF_THE_COMPILER = ("torch._dynamo", "torch._inductor", "torch._functorch", "triton")


def compile_turns(system: System, mode: str) -> None:
    """Let torch compile the method of every turn when it is first called."""
    if mode == "off":
        return
    import torch._functorch.config as functorch

    functorch.donated_buffer = False  # graphs are kept while terms' gradients are measured
    for turn in system.turns:
        plain = getattr(type(system.module), turn.name)
        compiled = torch.compile(plain, mode=None if mode == "default" else mode)
        setattr(system.module, turn.name, MethodType(compiled, system.module))


@contextmanager
def compiler_in_words(mode: str, device: torch.device) -> Iterator[None]:
    """Inside, a failure of the compiler becomes a UserError; other errors are left as they are."""
    try:
        yield
    except Exception as error:
        if not type(error).__module__.startswith(_OF_THE_COMPILER):
            raise
        found = next((line.strip() for line in str(error).splitlines() if line.strip()), "no words")
        raise UserError(
            f"torch.compile cannot compile the networks here ({type(error).__name__}: "
            f"{found[:300]}).{_missing_compiler(device)} Set training.compile = 'off' in place of "
            f"'{mode}' in the recipe."
        ) from error


def _missing_compiler(device: torch.device) -> str:
    if device.type != "cpu" or any(map(shutil.which, ("g++", "clang++", "c++"))):
        return ""
    return " On a CPU it needs a C++ compiler, and none is installed: install g++ (Debian: g++)."
