"""Packages that come with trained weights: whether one is here, and what it is."""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from engine.errors import UserError
from engine.files.checksum import digest_of, sha256_of


def require_package(module: str, package: str, what: str, extra: str = "rvc") -> str:
    """The version of an installed package. Raises UserError saying how to install it."""
    try:
        found = version(package) if find_spec(module) else None
    except PackageNotFoundError:
        found = None
    if found is None:
        raise UserError(
            f"{what} needs the package {package!r}, which is not installed. Install it with: "
            f"pip install 'cantus[{extra}]'"
        )
    return found


def packaged_digest(module: str, package_version: str, weights: str) -> str:
    """Digest of a method whose weights lie in its package, by their path in it."""
    spec = find_spec(module)
    assert spec is not None, f"{module} was asked for before"
    assert spec.origin is not None
    return digest_of([module, package_version, sha256_of(Path(spec.origin).parent / weights)])
