"""A MemoryError where `ulimit -v` leaves too little room to import torch.

Without it, half-loaded libraries end the process with a segmentation fault and no message.
"""

import resource
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType


def address_space() -> int | None:
    """The bytes that this process may address; None without a limit."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if limit == resource.RLIM_INFINITY else limit


def require_room_for_torch() -> None:
    """From now on, in this process, raise MemoryError where torch is imported without memory."""
    if address_space() is not None:
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        limit = address_space()
        if fullname != "torch" or limit is None:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        needed = _size_of_libraries(Path(spec.origin).parent) if spec and spec.origin else 0
        if needed + _in_use() > limit:
            raise MemoryError(f"cannot allocate {needed / 1e9:.1f} GB for PyTorch's libraries")
        return None


def _size_of_libraries(torch: Path) -> int:
    """Bytes of the libraries of PyTorch and of NVIDIA, which are mapped whole."""
    files = (*torch.glob("lib/*.so*"), *torch.parent.glob("nvidia/**/*.so*"))
    return sum(file.stat().st_size for file in files)


def _in_use() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()
