"""`cantus report`: rebuild the page of a run."""

from pathlib import Path

import click
from jinja2 import TemplateError

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
@click.argument("run")
def command(run: str) -> None:
    """Rebuild the report of a run; print where it is, and the verdict.

    RUN is a recipe's name (its newest run) or the folder of a run.

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
    damaged = f"The events in {folder} are not as a run writes them: the folder is damaged."
    with as_user_error(damaged, TemplateError):
        listening = shown_of_run(project, recipe, identity_of(folder))
        history = History.of(folder).with_finish(listening.finish)
        remark = remark_on_verdict(history, project)
        page = build_report(folder, recipe, remark, listening)
        return page, verdict_in_words(history, remark)
