"""`cantus why`: how a run ended."""

import click

from engine.files.untrusted import as_user_error
from engine.project import find_project
from engine.report.ending import tell_ending
from engine.report.find import find_run
from engine.report.history import History
from engine.report.remark import remark_on_verdict
from engine.terminal.say import say


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
    project = find_project()
    folder = find_run(project, run)
    with as_user_error(
        f"The events in {folder} are not as a run writes them: the folder is damaged."
    ):
        remark = remark_on_verdict(History.of(folder), project)
        say(tell_ending(folder, remark))
