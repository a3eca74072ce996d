"""`cantus refs`: refresh what `dvc metrics diff RECIPE RECIPE` compares."""

import click

from engine.files.untrusted import as_user_error
from engine.project import find_project
from engine.terminal.say import say
from engine.tracking.comparable import tell_incomparable
from engine.tracking.recipe_refs import refresh_recipe_refs


@click.command()
def command() -> None:
    """Refresh the git refs that DVC compares recipes by.

    Training does this by itself. It is needed where DVC restored a result from its cache instead
    of training.

    \b
    Examples:
      cantus refs
      dvc metrics diff audio_vae audio_vae_plus
    """
    project = find_project()
    with as_user_error(f"A file in {project.root / 'metrics'} is damaged: train its recipe again."):
        changed = refresh_recipe_refs(project)
        incomparable = tell_incomparable(project)
    say(f"refreshed: {', '.join(changed)}" if changed else "everything was up to date")
    if incomparable:
        say(incomparable)
