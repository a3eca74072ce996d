"""`cantus measure`: measure a finished model again."""

import click

from engine.cli.show.recipe_options import run_argument
from engine.errors import UserError
from engine.project import find_project
from engine.recipe import load_params, load_recipe
from engine.report.unknown_name import unknown_name
from engine.system_support.discovery import recipe_classes
from engine.terminal.say import say


@click.command()
@run_argument
def command(run: str) -> None:
    """Measure a finished model again, with the installed versions of what measures.

    RUN is the name of a trained recipe. Nothing is trained. Use it where figures are not compared
    because they were measured with other versions, or by an older Cantus that did not record how.
    The model's best weights and the baselines are evaluated on the same clips, and the new figures
    replace the old ones in its metrics; curves, report and verdict stay those of the run. Figures
    of other weights stay where their unit has not changed; those left out are named. With DVC,
    `dvc commit RUN` keeps the changed model.

    \b
    Examples:
      cantus measure audio_vae
    """
    project = find_project()
    model = project.model(run)
    if not (model / "metrics.json").is_file():
        raise unknown_name(project, run) or UserError(
            f"'{run}' has no finished model to measure: there is no {model}. Train it first."
        )
    recipe = load_recipe(model / "recipe.toml", classes=recipe_classes())
    params = load_params(project.params)
    from engine.corpus.corpus import require_ingested

    require_ingested(project.corpus(recipe.dataset.corpus))
    from engine.runs.measure import measure
    from engine.tracking.recipe_refs import keep_refs_fresh

    say(measure(recipe, project, params).in_words(run))
    if (note := keep_refs_fresh(project)) is not None:
        say(note)
    say(f"The model has changed: `dvc commit {run}` keeps it where DVC tracks it.")
