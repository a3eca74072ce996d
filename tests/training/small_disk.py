"""Disks of any size, that only this process and its children see: tmpfs in a mount namespace."""

import ctypes
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.training.train_toy import start_other, train

NOT_PERMITTED = 77
"""The exit code where this system lets nobody make a disk."""
_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000
_READ_ONLY, _REMOUNT, _PRIVATE, _RECURSIVE = 1, 32, 1 << 18, 16384
_libc = ctypes.CDLL(None, use_errno=True)


def in_namespace(target: Callable[..., None], *arguments: Any) -> int:
    """Call `target` in a process that may mount; return its exit code."""
    process = start_other(_enter, target, arguments)
    process.join(300)
    return process.exitcode


def mount(folder: Path, num_bytes: int = 1 << 26) -> None:
    """Put a fresh disk over a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    _call(_libc.mount(b"tmpfs", bytes(folder), b"tmpfs", 0, f"size={num_bytes}".encode()))


def resize(folder: Path, num_bytes: int) -> None:
    """Give a disk another size."""
    _call(_libc.mount(b"tmpfs", bytes(folder), b"tmpfs", _REMOUNT, f"size={num_bytes}".encode()))


def set_read_only(folder: Path, *, read_only: bool) -> None:
    """Make a disk read-only, or writable again."""
    flags = _REMOUNT | (_READ_ONLY if read_only else 0)
    _call(_libc.mount(b"tmpfs", bytes(folder), b"tmpfs", flags, None))


def attempt(folder: Path, **settings: Any) -> tuple[int, str]:
    """Train in a child of this process, which sees its disks; return exit code and error."""
    (folder / "error").unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        try:
            train(folder, settings)
        except SystemExit as left:
            os._exit(int(left.code or 0))
        except BaseException:  # noqa: BLE001 (told to the parent by the exit code)
            traceback.print_exc()
        os._exit(99)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    error = folder / "error"
    return code, error.read_text() if error.exists() else ""


def _enter(target: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    root = os.geteuid() == 0
    if _libc.unshare(_NEW_MOUNTS if root else _NEW_MOUNTS | _NEW_USER) != 0:
        sys.exit(NOT_PERMITTED)
    if _libc.mount(b"none", b"/", None, _PRIVATE | _RECURSIVE, None) != 0:
        sys.exit(NOT_PERMITTED)
    target(*arguments)


def _call(answer: int) -> None:
    if answer != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
