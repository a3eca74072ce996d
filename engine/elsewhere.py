"""Imports, from another current folder, of libraries that search the current folder.

The current folder may be a data folder, and code there must not run: NVIDIA's libraries, which
torch loads, search it for `libcuda.so.1` (an empty entry in their RUNPATH), matplotlib for
`matplotlibrc`, numba for `.numba_config.yaml`, which can name a folder of pickled code.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_NUMBA, _COMPILERS = "numba.core.config", "torch._inductor.compile_worker.subproc_pool"
_SEARCH_HERE = ("torch", "matplotlib", _NUMBA, _COMPILERS)


@contextmanager
def elsewhere() -> Iterator[None]:
    """Inside, the file system's root is the current folder."""
    here = os.open(".", os.O_PATH | os.O_DIRECTORY)
    os.chdir("/")
    try:
        yield
    finally:
        os.fchdir(here)
        os.close(here)


def import_elsewhere() -> None:
    """From now on, in this process, import those libraries from the root folder."""
    sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname not in _SEARCH_HERE:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(Loader):
    """The loader of a module that runs it in the root folder."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self._loader
        with elsewhere():
            self._loader.exec_module(module)
        if module.__name__ == _NUMBA:  # it looks again each time that something is compiled
            vars(module)["_config_fname"] = f"/{module._config_fname}"
        if module.__name__ == _COMPILERS:  # processes that import torch by themselves
            pool = module.SubprocPool
            pool.__init__ = elsewhere()(pool.__init__)
