"""Whether training a recipe again would give another model than the present one, and why.

This reads a few files, without torch and without opening the corpus: `cantus identity` compares
everything.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from engine.errors import UserError
from engine.files.atomic import write_atomically
from engine.files.source_code import source_file
from engine.files.untrusted import read_json_object
from engine.project import Project
from engine.recipe.code import LIBRARIES, training_code
from engine.recipe.diff import diff_recipes
from engine.recipe.plain import to_plain
from engine.recipe.schema import Recipe
from engine.training.weights_digest import weights_digest

_NAMED = 3
"""Keys or modules that are named before the rest is counted."""
_CORPUS = "corpus.json"


def corpus_digest(project: Project, corpus: str) -> str | None:
    """Digest of the clips of an ingested corpus; None where it is not ingested here."""
    facts = project.corpus(corpus) / _CORPUS
    return str(read_json_object(facts).get("digest")) if facts.is_file() else None


def staleness(
    project: Project, recipe: Recipe, seed: int, trained: Mapping[str, Any]
) -> Iterator[str]:
    """Differences from what `trained` (a model's run.json) was trained with, in phrases.

    Raises UserError where a file is damaged.
    """
    covers = trained.get("covers")
    if not isinstance(covers, dict):
        yield "its run.json does not record what it was trained with"
        return
    settings = to_plain(recipe, identity_only=True)
    keys = [change.path for change in diff_recipes(_table(covers, "settings"), settings)]
    yield from _named("recipe edited", keys)
    code, before = current_code(project, recipe), _table(covers, "code")
    modules = sorted(n for n in code.keys() | before.keys() if code.get(n) != before.get(n))
    yield from _named("code changed", modules)
    if covers.get("seed") != seed:
        yield f"the seed changed from {covers.get('seed')} to {seed}"
    name, then = recipe.dataset.corpus, trained.get("corpus")
    now = corpus_digest(project, name)
    if then is not None and now is not None and then != now:
        yield f"data changed (corpus {name})"
    yield from _of_parent(project, recipe, covers)


def current_code(project: Project, recipe: Recipe) -> Mapping[str, str]:
    """The digests of `training_code`, from build/status.json where no module's file has changed."""
    cache = project.root / "build" / "status.json"
    known = _read(cache)
    entry = known.get(recipe.system)
    if not (isinstance(entry, dict) and entry.get("files") == _times(entry.get("files"))):
        code = training_code(recipe)
        files = [source_file(name) for name in code if name not in LIBRARIES]
        entry = {"files": _times([str(file) for file in files if file]), "code": code}
        write_atomically(cache, json.dumps(known | {recipe.system: entry}))
    return {**entry["code"], **{name: version(name) for name in LIBRARIES}}


def _times(files: Any) -> dict[str, int]:
    """When each file was last changed."""
    paths = map(Path, files if isinstance(files, list | dict) else ())
    return {str(path): path.stat().st_mtime_ns for path in paths if path.is_file()}


def _read(cache: Path) -> dict[str, Any]:
    try:
        return read_json_object(cache)
    except UserError:
        return {}


def _of_parent(project: Project, recipe: Recipe, covers: Mapping[str, Any]) -> Iterator[str]:
    start = recipe.start
    if start is None or start.from_ is None:
        return
    checkpoint = project.model(start.from_) / "checkpoints" / start.pick.replace(":", "_")
    if not checkpoint.is_dir():
        yield f"{start.from_} has no checkpoint '{start.pick}' here"
    elif weights_digest(checkpoint) != covers.get("parent"):
        yield f"{start.from_} was trained again"


def _named(what: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield f"{what} ({', '.join(names[:_NAMED])}{more})"


def _table(covers: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = covers.get(key)
    return found if isinstance(found, dict) else {}
