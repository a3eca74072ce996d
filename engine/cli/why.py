"""`cantus why`: how a run ended."""

import click

from engine.project import find_project
from engine.report.ending import tell_ending
from engine.report.find import find_run
from engine.text import visible_lines
from engine.untrusted import refused


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
    folder = find_run(find_project(), run)
    with refused(f"The events in {folder} are not as a run writes them: the folder is damaged."):
        click.echo(visible_lines(tell_ending(folder)))
