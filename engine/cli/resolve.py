"""`cantus resolve`: a recipe as DVC sees it."""

import click

from engine.cli.load import load_project_recipe
from engine.recipe import write_recipe


@click.command()
@click.argument("recipe")
def command(recipe: str) -> None:
    """Write a recipe with everything filled in to build/recipes/, for DVC.

    The file holds what changes what is learned: inherited values, the profile of params.toml and
    defaults, but no sample, guard or comment. It is left alone where it is up to date, so that a
    stage that lists it under `params:` runs again only when such a value changed.

    \b
    Examples:
      cantus resolve audio_vae
      cantus resolve recipes/audio_vae.toml
    """
    loaded = load_project_recipe(recipe)
    path = loaded.project.resolved_recipe(loaded.recipe.name)
    write_recipe(loaded.recipe, path, identity_only=True)
    click.echo(path.relative_to(loaded.project.root))
