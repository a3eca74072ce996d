"""`cantus report`: rebuild the page of a run."""

import click
from jinja2 import TemplateError

from engine.project import find_project
from engine.recipe import load_recipe
from engine.report.ending import tell_verdict
from engine.report.find import find_run
from engine.report.history import History
from engine.report.page import build_report
from engine.systems import recipe_classes
from engine.text import visible_lines
from engine.untrusted import refused


@click.command()
@click.argument("run")
def command(run: str) -> None:
    """Rebuild the report of a run; print where it is, and the verdict.

    RUN is a recipe's name (its newest run) or the folder of a run.

    \b
    Examples:
      cantus report audio_vae
    """
    folder = find_run(find_project(), run)
    recipe = load_recipe(folder / "recipe.toml", classes=recipe_classes())
    damaged = f"The events in {folder} are not as a run writes them: the folder is damaged."
    with refused(damaged, TemplateError):
        click.echo(build_report(folder, recipe))
        verdict = tell_verdict(dict(History.of(folder).facts("finish")))
        click.echo(visible_lines(verdict))
