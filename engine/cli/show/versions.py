"""What a report of a bug has to name: versions and the platform."""

import platform
from importlib.metadata import PackageNotFoundError, version


def versions() -> str:
    """One line; torch is looked up and not imported."""
    python = f"Python {platform.python_version()}"
    system = f"{platform.system()} {platform.machine()}"
    return f"cantus {_of('cantus')} ({python}, torch {_of('torch')}, {system})"


def _of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
