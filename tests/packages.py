"""Packages as an installer leaves them, and processes that find them."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder that packages are installed into."""
    place = tmp_path / "site"
    place.mkdir()
    return place


@pytest.fixture
def install(site: Path) -> Callable[..., None]:
    """Install a package of modules: install(name, entry_point, module="source", ...)."""

    def install(name: str, entry_point: str, **modules: str) -> None:
        (site / name).mkdir()
        for module, source in {"__init__": "", **modules}.items():
            (site / name / f"{module}.py").write_text(source, encoding="utf-8")
        info = site / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[cantus.systems]\n{entry_point}\n")

    return install


@pytest.fixture
def run_python(site: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a program in a new process that finds the packages: run_python(source, *arguments)."""

    def run(source: str, *arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(site), *sys.path])
        command = [sys.executable, "-c", source, *arguments]
        environment = {**os.environ, "PYTHONPATH": path}
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, **more
        )

    return run
