"""What Cantus and each of its extras take on the disk, by what its packages say they installed.

python -m benchmarks.installed_size         in an environment that has the extras to measure

A package's size is that of the files in its RECORD: `du` would count hard links once, and what
Python compiles besides. An extra's size is that of what it needs and the core does not.
"""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, metadata

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

_GROUPS = {
    "PyTorch": ("torch", "torchaudio"),
    "for NVIDIA GPUs": ("nvidia-", "cuda-", "triton"),
}
"""Parts of the core that are named, by the beginnings of their names."""


def needed(name: str, extra: str = "") -> frozenset[str]:
    """The packages that are installed for a package with an extra, itself included."""
    found: set[str] = set()
    asked: set[tuple[NormalizedName, str]] = set()
    waiting = [(canonicalize_name(name), extra)]
    while waiting:
        one = waiting.pop()
        if one not in asked and _is_installed(one[0]):
            asked.add(one)
            found.add(one[0])
            waiting += _requirements(*one)
    return frozenset(found)


def _requirements(name: str, extra: str) -> Iterator[tuple[NormalizedName, str]]:
    for line in distribution(name).requires or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            for one in ("", *requirement.extras):
                yield canonicalize_name(requirement.name), one


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def megabytes(names: frozenset[str]) -> float:
    """The size of packages, in MB."""
    files = (file for name in names for file in distribution(name).files or [])
    return sum(file.size or 0 for file in files) / 1e6


def _largest(names: frozenset[str]) -> str:
    sizes = sorted(((megabytes(frozenset({name})), name) for name in names), reverse=True)
    return ", ".join(f"{name} {size:.0f}" for size, name in sizes[:6])


def main() -> None:
    """Print a line for the core, for parts of it, and for each extra."""
    core = needed("cantus")
    rest = core
    print(f"{'core':<18}{megabytes(core):8.0f} MB  {len(core)} packages")
    for title, beginnings in _GROUPS.items():
        part = frozenset(name for name in rest if name.startswith(beginnings))
        rest -= part
        print(f"  {title:<16}{megabytes(part):8.0f} MB  {_largest(part)}")
    print(f"  {'all else':<16}{megabytes(rest):8.0f} MB  {_largest(rest)}")
    for extra in metadata("cantus").get_all("Provides-Extra") or []:
        added = needed("cantus", extra) - core
        print(f"{extra:<18}{megabytes(added):8.0f} MB  {_largest(added)}")


if __name__ == "__main__":
    main()
