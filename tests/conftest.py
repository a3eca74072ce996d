"""In which order the files of the suite run, and that Python keeps what it compiled."""

import os
import sys

import pytest

# The suite starts hundreds of processes. Where this is set, as images of containers have it, each
# that trains compiles torch and all else that it imports again: 8 to 10 s of CPU.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: each free worker takes the next, and short ones end it."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
