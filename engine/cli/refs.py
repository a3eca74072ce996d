"""`cantus refs`: refresh what `dvc metrics diff RECIPE RECIPE` compares."""

import click

from engine.files.untrusted import as_user_error
from engine.project import find_project
from engine.terminal.say import say
from engine.tracking.after_dvc import wait_for_end
from engine.tracking.comparable import incomparable_in_words
from engine.tracking.recipe_refs import refresh_recipe_refs


@click.command()
@click.option("--quiet", is_flag=True, help="Print nothing if everything was up to date.")
@click.option("--after", type=int, hidden=True, help="Wait for the end of this process first.")
def command(quiet: bool, after: int | None) -> None:
    """Refresh the git refs by which DVC compares recipes.

    Training does this, and so do the commands that show results, a git hook, and the end of `dvc
    repro`. Run it after DVC alone has changed results, as `dvc exp apply` does.

    \b
    Examples:
      cantus refs
      dvc metrics diff audio_vae audio_vae_plus
    """
    project = find_project()
    if after is not None:
        wait_for_end(after)
    with as_user_error(f"A file in {project.root / 'metrics'} is damaged: train its recipe again."):
        changed = refresh_recipe_refs(project)
        incomparable = incomparable_in_words(project)
    if changed or not quiet:
        say(f"refreshed: {', '.join(changed)}" if changed else "everything was up to date")
    if incomparable and not quiet:
        say(incomparable)
