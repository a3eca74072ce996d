"""`cantus resolve`: a recipe as DVC sees it."""

import hashlib

import click

from engine.checksum import sha256_of
from engine.cli.load import Loaded, load_project_recipe
from engine.published import find_weights
from engine.recipe import write_recipe
from engine.recipe.dataset import CorpusClips


@click.command()
@click.argument("recipe")
def command(recipe: str) -> None:
    """Write a recipe with everything filled in to build/recipes/, for DVC.

    The file holds what changes what is learned: inherited values, the profile of params.toml and
    defaults, but no sample, guard or comment; and the digests of the frozen evaluation set's clips
    and of the published weights that it names. It is left alone where it is up to date, so that a
    stage that depends on it runs again only when such a value, clip or file changed.

    \b
    Examples:
      cantus resolve audio_vae
      cantus resolve recipes/audio_vae.toml
    """
    loaded = load_project_recipe(recipe)
    path = loaded.project.resolved_recipe(loaded.recipe.name)
    write_recipe(
        loaded.recipe, path, identity_only=True, more=_frozen_clips(loaded) + _weights(loaded)
    )
    click.echo(path.relative_to(loaded.project.root))


def _frozen_clips(loaded: Loaded) -> str:
    """What the frozen evaluation set holds, whatever its clips are called; nothing where none."""
    dataset = loaded.recipe.dataset
    if not isinstance(dataset, CorpusClips) or dataset.evaluation is None:
        return ""
    from engine.corpus.choose import read_frozen_table
    from engine.evaluation.digests import keys

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
