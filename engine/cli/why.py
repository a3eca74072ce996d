"""`cantus why`: how a run ended."""

import click

from engine.project import find_project
from engine.report.ending import tell_ending
from engine.report.find import find_run


@click.command()
@click.argument("run")
def command(run: str) -> None:
    """Say in a sentence or three how a run ended, and why.

    RUN is a recipe's name (its newest run) or the folder of a run.

    \b
    Examples:
      cantus why audio_vae
      cantus why runs/audio_vae/3f9c2ab81d04
    """
    click.echo(tell_ending(find_run(find_project(), run)))
