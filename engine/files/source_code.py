"""The modules that a module imports, directly or not, and digests of their code.

Sources are read, never run. A digest is one of the parsed code: comments, docstrings and layout do
not count.
"""

import ast
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from attrs import frozen

from engine.errors import UserError


def import_closure(roots: Iterable[str], apart: Collection[str] = ()) -> dict[str, str]:
    """SHA-256 of every module that `roots` import, directly or not, by its name, sorted.

    Only modules of the roots' own top-level packages are followed. A name that a package takes over
    from one of its modules (`from engine.corpus import Corpus`) leads to that module. Imports
    inside functions count; those for type checkers alone do not. Modules that `apart` names, and
    those below a package it names, are left out unless they are roots. Raises ModuleNotFoundError
    where a root does not exist, UserError where a module does not parse.
    """
    ahead = [*roots]
    packages = {root.partition(".")[0] for root in ahead}
    found: dict[str, str] = {}
    while ahead:
        name = ahead.pop()
        if name in found:
            continue
        source = _read(name)
        found[name] = source.sha256
        imported = (place for place in _imported(name, source) if _belongs_to(place[0], packages))
        modules = (module for place in imported for module in _defining(*place))
        ahead += [module for module in modules if not _belongs_to(module, apart)]
    return dict(sorted(found.items()))


def source_file(module: str) -> Path | None:
    """The file of a module, or None. No package is imported."""
    return _find(module)


def digest_of_code(modules: Mapping[str, str]) -> str:
    """One SHA-256 for all modules of a closure."""
    text = "".join(f"{name} {digest}\n" for name, digest in modules.items())
    return hashlib.sha256(text.encode()).hexdigest()


def _belongs_to(module: str, packages: Collection[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in packages)


@frozen
class _Source:
    """The parsed source of a module."""

    sha256: str
    imports: tuple[ast.Import | ast.ImportFrom, ...]
    is_package: bool


def _read(module: str) -> _Source:
    path = _find(module)
    if path is None:
        raise ModuleNotFoundError(f"no module named {module!r}", name=module)
    return _read_file(path, path.stat().st_mtime_ns)


@cache
def _read_file(path: Path, changed_ns: int) -> _Source:  # noqa: ARG001  # an edited file has another time
    try:
        tree = ast.parse(path.read_bytes(), path)
    except SyntaxError as error:
        raise UserError(
            f"{path}:{error.lineno}  {error.msg}: this module is not valid Python."
        ) from error
    imports = tuple(_imports(tree))
    code = repr(_content(tree))
    sha256 = hashlib.sha256(code.encode()).hexdigest()
    return _Source(sha256, imports, path.name == "__init__.py")


@cache
def _find(module: str) -> Path | None:
    """The file of a module, or None. The packages around it are not imported."""
    top, *rest = module.split(".")
    spec = find_spec(top)
    if spec is None:
        return None
    if not rest:
        return Path(spec.origin) if spec.origin else None
    for folder in spec.submodule_search_locations or ():
        place = Path(folder, *rest)
        for path in (place / "__init__.py", place.with_suffix(".py")):
            if path.is_file():
                return path
    return None


def _content(node: ast.AST) -> tuple[Any, ...]:
    """The content of a tree without texts and what is empty: the same in Python 3.11 and 3.12."""
    kind = type(node)
    found: list[Any] = [kind.__name__]
    for name in kind._fields:
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            value = _content(value)
        elif isinstance(value, list):
            if name in {"args", "values"}:
                value = _counted(node, value)
            parts = (one for one in value if not _is_text(one))
            value = [_content(one) if isinstance(one, ast.AST) else one for one in parts]
        if value is not None and value != []:
            found.append((name, value))
    return tuple(found)


def _is_text(node: Any) -> bool:
    """Whether a statement is a docstring, or another string that nothing is done with."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _counted(node: ast.AST, values: list[Any]) -> list[Any]:
    """Without the help of a recipe's key, which `setting` is given first, and empty strings.

    Python 3.12 parses an f-string with fewer empty strings than 3.11.
    """
    if isinstance(node, ast.Call):
        is_setting = isinstance(node.func, ast.Name) and node.func.id == "setting"
        return values[1:] if is_setting else values
    if isinstance(node, ast.JoinedStr):
        return [one for one in values if getattr(one, "value", None) != ""]
    return values


def _imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                yield from _imports(other)
        elif not isinstance(node, ast.expr):
            yield from _imports(node)


def _imported(module: str, source: _Source) -> Iterator[tuple[str, str]]:
    """The imports of a module: (module, name in it), without a name for `import module`."""
    for node in source.imports:
        place = _absolute(node, module, source) if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            yield (place, alias.name) if place else (alias.name, "")


def _absolute(node: ast.ImportFrom, module: str, source: _Source) -> str:
    """The full name of the module in `from ... import`, which may begin with dots."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    up = node.level - 1 if source.is_package else node.level
    return ".".join([*parts[: len(parts) - up], *filter(None, [node.module])])


def _defining(place: str, name: str) -> Iterator[str]:
    """The module that `from place import name` leads to; empty where `place` is not found."""
    if name and _find(f"{place}.{name}") is not None:
        yield f"{place}.{name}"
    elif _find(place) is not None:
        source = _read(place)
        taken_over = _taken_over(name, place, source) if source.is_package else None
        yield from _defining(*taken_over) if taken_over else [place]


def _taken_over(name: str, package: str, source: _Source) -> tuple[str, str] | None:
    """The module from which a package imports a name, and its name there; None if its own."""
    for node in source.imports:
        for alias in node.names:
            if isinstance(node, ast.ImportFrom) and (alias.asname or alias.name) == name:
                return _absolute(node, package, source), alias.name
    return None
