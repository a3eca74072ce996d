"""`cantus phases`: refresh what `dvc metrics diff RECIPE RECIPE` compares."""

import click

from engine.project import find_project
from engine.tracking.phase_refs import refresh_phase_refs


@click.command()
def command() -> None:
    """Refresh the git refs that DVC compares recipes by.

    Training does this by itself. It is needed where DVC restored a result from its cache instead
    of training.

    \b
    Examples:
      cantus phases
      dvc metrics diff audio_vae audio_vae_plus
    """
    changed = refresh_phase_refs(find_project())
    click.echo(f"refreshed: {', '.join(changed)}" if changed else "everything was up to date")
