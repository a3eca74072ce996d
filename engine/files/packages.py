"""Packages that contain trained weights: whether one is installed, and in which version."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from attrs import frozen

from engine.errors import UserError
from engine.files.checksum import digest_of, sha256_of


def require_package(module: str, package: str, what: str, extra: str = "rvc") -> str:
    """The version of an installed package. Raises UserError saying how to install it."""
    found = _version(module, package)
    if found is None:
        raise UserError(
            f"{what} needs the package {package!r}, which is not installed. Install it with: "
            f"pip install 'cantus[{extra}]'"
        )
    return found


def packaged_digest(module: str, package_version: str, weights: str) -> str:
    """Digest of a method whose weights are in its package, at the path `weights` there."""
    return digest_of([module, package_version, sha256_of(_folder(module) / weights)])


@frozen
class PackagedWeights:
    """A package, and its files of weights, which must be those that Cantus was tested with."""

    module: str
    package: str
    files: Mapping[str, str]
    """SHA-256 by path in the package."""
    imports: tuple[str, ...] = ()
    """Modules, of this or other packages, that must be importable."""
    install: str = "pip install 'cantus[judges]'"
    runs_on: tuple[str, ...] = ()
    """Packages that compute what the weights say, such as onnxruntime."""

    def fault(self) -> str | None:
        """Why the package cannot be used, in words; None where it can."""
        if _version(self.module, self.package) is None:
            return f"the package {self.package!r} is not installed. {self._advice}"
        return self._not_importable() or self._changed()

    def path(self, name: str) -> Path:
        """One of the files, where it is installed."""
        return _folder(self.module) / name

    @property
    def programs(self) -> dict[str, str]:
        """The version of the package, and of those that it runs on."""
        return {name: version(name) for name in (self.package, *self.runs_on)}

    @property
    def sha256(self) -> str:
        """SHA-256 of the weights: of several files, that of their digests."""
        digests = [*self.files.values()]
        return digests[0] if len(digests) == 1 else digest_of(digests) if digests else ""

    @property
    def _advice(self) -> str:
        return f"Install it with: {self.install}."

    def _not_importable(self) -> str | None:
        for module in self.imports:
            try:
                import_module(module)
            except (ImportError, ValueError) as error:  # ValueError: compiled for another NumPy
                return f"the module {module!r} cannot be imported ({error}). {self._advice}"
        return None

    def _changed(self) -> str | None:
        for name, wanted in self.files.items():
            path = self.path(name)
            found = f"SHA-256 {_digest(path)[:12]}" if path.is_file() else "no such file"
            if not found.endswith(wanted[:12]):
                return (
                    f"the weights {name} of {self.package} "
                    f"{_version(self.module, self.package)} have changed: {found}, not "
                    f"{wanted[:12]}. {self._advice}"
                )
        return None


def _version(module: str, package: str) -> str | None:
    try:
        return version(package) if find_spec(module) else None
    except PackageNotFoundError:
        return None


def _folder(module: str) -> Path:
    spec = find_spec(module)
    assert spec is not None, f"{module} was asked for before"
    assert spec.origin is not None
    return Path(spec.origin).parent


@cache
def _digest(path: Path) -> str:
    return sha256_of(path)
