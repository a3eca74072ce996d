"""`cantus resolve`: recipes and corpora as DVC compares them."""

import hashlib
from pathlib import Path
from typing import Any

import click
import tomli_w

from engine.cli.show.load import Loaded, load_project_recipe
from engine.cli.show.recipe_options import recipes_argument
from engine.errors import UserError
from engine.fetch.published import find_all_weights
from engine.files.checksum import sha256_of
from engine.pipeline.stages import lacking_rates
from engine.project import Project, find_project
from engine.recipe import load_params, to_plain
from engine.recipe.code import preparing_code, training_code
from engine.recipe.dataset import CorpusClips
from engine.recipe.params import CorpusSource
from engine.recipe.plain import write_where_new
from engine.system_support.published import (
    lacking_published,
    published_files,
    require_published,
)
from engine.terminal.say import say
from engine.tracking.after_dvc import refresh_after_dvc

_DATA = ("system_version", "system", "dataset", "codec", "model", "start")
"""Tables of a resolved recipe that decide what its clips are made into."""
_START_OF_DATA = ("from", "evaluation")
"""And the keys of `start` that do: whose evaluation clips they are."""


@click.command()
@recipes_argument
def command(recipes: tuple[str, ...]) -> None:
    """Write recipes and corpora with every value filled in to build/, for DVC.

    build/recipes/RECIPE.toml holds everything that affects what is learned: inherited values and
    defaults, without samples, guards and comments; the digests of the pinned evaluation clips and
    of the published weights that the recipe names; the digests of the code that trains and
    evaluates it. RECIPE.data.toml holds the part that decides which clips are used, and what
    `cantus prepare` makes of them; build/corpora/CORPUS.toml holds what makes a corpus. A file that
    is up to date is not written, so DVC runs a stage again only after a relevant change.

    Without RECIPE, all recipes and corpora are written. The files of a recipe with faults are
    deleted, so that its own stages fail and the others run. A recipe that lacks published files has
    files that say so: its stage names what to fetch, and runs again once that is there. A recipe
    whose corpus is not packed at its sample rate has no stage and no files.

    \b
    Examples:
      cantus resolve
      cantus resolve audio_vae
    """
    project = find_project()
    if recipes:
        for name in recipes:
            loaded = load_project_recipe(name)
            require_published(loaded.recipe, loaded.project)
            path = _write_recipe(loaded)
            say(str(path.relative_to(project.root)))
        return
    params = load_params(project.params)
    for name, source in params.corpora.items():
        write_where_new(project.resolved_corpus(name), tomli_w.dumps(_corpus(source)))
    found = {path.stem for path in project.recipes.glob("*.toml")}
    _drop_others(project, found, set(params.corpora))
    refresh_after_dvc(project)
    for name in sorted(found):
        try:
            loaded = load_project_recipe(name)
            if lacking_rates(loaded.recipe, params):  # it has no stage: `cantus check` says why
                _drop(project, name)
            else:
                _write_recipe(loaded)
        except UserError as error:
            _drop(project, name)
            say(f"{name} cannot be trained: {error}")


def _drop(project: Project, name: str) -> None:
    """Delete both files of a recipe."""
    project.resolved_recipe(name).unlink(missing_ok=True)
    project.resolved_data(name).unlink(missing_ok=True)


def _write_recipe(loaded: Loaded) -> Path:
    """Write both files of a recipe; the first."""
    name, frozen = loaded.recipe.name, _frozen_clips(loaded)
    lacking = lacking_published(loaded.recipe, loaded.project)
    given = {"lacking": lacking} if lacking else _weights(loaded)
    whole = to_plain(loaded.recipe, identity_only=True) | frozen | given
    whole["code"] = training_code(loaded.recipe)
    code = preparing_code(loaded.recipe)
    files = {"lacking": lacking} if lacking else _published(loaded)
    data = _data(loaded) | files | frozen | ({"code": code} if code else {})
    path = loaded.project.resolved_recipe(name)
    write_where_new(path, tomli_w.dumps(whole))
    write_where_new(loaded.project.resolved_data(name), tomli_w.dumps(data))
    return path


def _corpus(source: CorpusSource) -> dict[str, Any]:
    """What a corpus is made of and by."""
    from engine.corpus.code import ingesting_code

    return {"source": to_plain(source), "code": ingesting_code()}


def _drop_others(project: Project, recipes: set[str], corpora: set[str]) -> None:
    """Delete the files of recipes and corpora that no longer exist."""
    kept = {project.resolved_recipe(name) for name in recipes}
    kept |= {project.resolved_data(name) for name in recipes}
    kept |= {project.resolved_corpus(name) for name in corpora}
    for folder in {project.resolved_recipe("").parent, project.resolved_corpus("").parent}:
        for path in folder.glob("*.toml"):
            if path not in kept:
                path.unlink()


def _data(loaded: Loaded) -> dict[str, Any]:
    """What decides which clips are used and what they are made into, without published files."""
    values = to_plain(loaded.recipe, identity_only=True)
    start = values.get("start", {})
    values["start"] = {key: start[key] for key in _START_OF_DATA if key in start}
    return {key: value for key, value in values.items() if key in _DATA and value}


def _published(loaded: Loaded) -> dict[str, Any]:
    """The digests of published files that clips are made into something by; nothing without any."""
    paths = published_files(loaded.recipe, loaded.project)
    digests = {path.name: sha256_of(path) for path in paths}
    return {"published_files": digests} if digests else {}


def _frozen_clips(loaded: Loaded) -> dict[str, Any]:
    """What the frozen evaluation set holds, whatever its clips are called; nothing where none."""
    dataset = loaded.recipe.dataset
    if not isinstance(dataset, CorpusClips) or dataset.evaluation is None:
        return {}
    from engine.evaluation.digests import keys
    from engine.split.select import read_frozen_table

    table = read_frozen_table(dataset.evaluation, loaded.project)
    digest = hashlib.sha256(b"".join(sorted(keys(table.digests)))).hexdigest()
    return {"frozen_evaluation": {"clips_sha256": digest}}


def _weights(loaded: Loaded) -> dict[str, Any]:
    """What the published weights are that the recipe starts from; nothing where there are none."""
    files = find_all_weights(loaded.recipe.published_weights, loaded.project)
    digests = [sha256_of(path) for path in files]
    return {"published_weights": {"sha256": digests}} if digests else {}
