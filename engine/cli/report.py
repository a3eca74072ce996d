"""`cantus report`: rebuild the page of a run."""

import click
from jinja2 import TemplateError

from engine.files.untrusted import as_user_error
from engine.project import find_project
from engine.recipe import load_recipe
from engine.report.ending import tell_verdict
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
    recipe = load_recipe(folder / "recipe.toml", classes=recipe_classes())
    damaged = f"The events in {folder} are not as a run writes them: the folder is damaged."
    with as_user_error(damaged, TemplateError):
        history = History.of(folder)
        remark = remark_on_verdict(history, project)
        say(build_report(folder, recipe, remark))
        say(tell_verdict(history, remark))
