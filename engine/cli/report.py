"""`cantus report`: rebuild the page of a run."""

from pathlib import Path

import click
from jinja2 import TemplateError

from engine.cli.show.recipe_options import run_argument
from engine.files.untrusted import as_user_error
from engine.listening.figures import identity_of
from engine.listening.shown import shown_of_run
from engine.project import Project, find_project
from engine.recipe import load_recipe
from engine.report.ending import verdict_in_words
from engine.report.find import find_run
from engine.report.history import History
from engine.report.page import build_report
from engine.report.remark import remark_on_verdict
from engine.system_support.discovery import recipe_classes
from engine.terminal.say import say


@click.command()
@run_argument
def command(run: str) -> None:
    """Rebuild the report of a run; print its path and the verdict.

    RUN is the name of a recipe (its newest run), or the folder of a run.

    \b
    Examples:
      cantus report audio_vae
    """
    project = find_project()
    folder = find_run(project, run)
    page, verdict = rebuild_report(project, folder)
    say(page)
    say(verdict)


def rebuild_report(project: Project, folder: Path) -> tuple[Path, str]:
    """Build the page of a run as things are now; return it, and the verdict in words.

    Raises UserError where the run's folder is damaged.
    """
    recipe = load_recipe(folder / "recipe.toml", classes=recipe_classes())
    damaged = f"The events in {folder} are damaged: no run writes them like this. Train it again."
    with as_user_error(damaged, TemplateError):
        listening = shown_of_run(project, recipe, identity_of(folder))
        history = History.of(folder).with_finish(listening.finish)
        remark = remark_on_verdict(history, project)
        page = build_report(folder, recipe, remark, listening)
        return page, verdict_in_words(history, remark)
