"""Freed memory stays with the process: every step allocates tensors of the same large sizes."""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's mallopt(3)."""


def keep_freed_memory() -> bool:
    """Make glibc reuse freed memory instead of giving it back; False where there is no glibc.

    By default every tensor above 32 MB is mapped again and its pages are zeroed as they are first
    touched, which costs a CPU training step up to a third of its time. The process's memory then
    stays at its peak.
    """
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt"):
        return False
    never = 2**31 - 1
    settings = (_TRIM_THRESHOLD, _MMAP_THRESHOLD)
    return all(library.mallopt(setting, never) == 1 for setting in settings)
