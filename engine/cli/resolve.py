"""`cantus resolve`: a recipe as DVC sees it."""

import hashlib

import click
import tomli_w

from engine.cli.show.load import Loaded, load_project_recipe
from engine.fetch.published import find_weights
from engine.files.checksum import sha256_of
from engine.recipe import to_plain, write_recipe
from engine.recipe.dataset import CorpusClips
from engine.recipe.plain import write_where_new
from engine.systems.prepare import published_files

_DATA = ("system_version", "system", "dataset", "model", "start", "published_files")
"""Tables of a resolved recipe that decide what its clips are made into."""
_START_OF_DATA = ("from", "evaluation")
"""And the keys of `start` that do: whose evaluation clips they are."""


@click.command()
@click.argument("recipe")
def command(recipe: str) -> None:
    """Write a recipe with everything filled in to build/recipes/, for DVC.

    The file holds what changes what is learned: inherited values, the profile of params.toml and
    defaults, but no sample, guard or comment; and the digests of the frozen evaluation set's clips
    and of the published weights that it names. It is left alone where it is up to date, so that a
    stage that depends on it runs again only when such a value, clip or file changed.

    RECIPE.data.toml beside it holds the part that decides which clips are used, and what `cantus
    prepare` makes of them.

    \b
    Examples:
      cantus resolve audio_vae
      cantus resolve recipes/audio_vae.toml
    """
    loaded = load_project_recipe(recipe)
    path = loaded.project.resolved_recipe(loaded.recipe.name)
    frozen = _frozen_clips(loaded)
    write_recipe(loaded.recipe, path, identity_only=True, more=frozen + _weights(loaded))
    write_where_new(loaded.project.resolved_data(loaded.recipe.name), _data(loaded) + frozen)
    click.echo(path.relative_to(loaded.project.root))


def _data(loaded: Loaded) -> str:
    """What decides which clips are used and what they are made into, published files included."""
    values = to_plain(loaded.recipe, identity_only=True)
    start = values.get("start", {})
    values["start"] = {key: start[key] for key in _START_OF_DATA if key in start}
    paths = published_files(loaded.recipe, loaded.project)
    values["published_files"] = {path.name: sha256_of(path) for path in paths}
    return tomli_w.dumps({key: value for key, value in values.items() if key in _DATA and value})


def _frozen_clips(loaded: Loaded) -> str:
    """What the frozen evaluation set holds, whatever its clips are called; nothing where none."""
    dataset = loaded.recipe.dataset
    if not isinstance(dataset, CorpusClips) or dataset.evaluation is None:
        return ""
    from engine.evaluation.digests import keys
    from engine.split.select import read_frozen_table

    table = read_frozen_table(dataset.evaluation, loaded.project)
    digest = hashlib.sha256(b"".join(sorted(keys(table.digests)))).hexdigest()
    return f'\n[frozen_evaluation]\nclips_sha256 = "{digest}"\n'


def _weights(loaded: Loaded) -> str:
    """What the published weights are that the recipe starts from; nothing where there are none."""
    start = loaded.recipe.start
    if start is None or start.weights is None:
        return ""
    digest = sha256_of(find_weights(start.weights, loaded.project))
    return f'\n[published_weights]\nsha256 = "{digest}"\n'
