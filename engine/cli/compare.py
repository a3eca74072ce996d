"""`cantus compare`: one page about several runs."""

from pathlib import Path

import click
from jinja2 import TemplateError

from engine.errors import UserError
from engine.files.untrusted import as_user_error
from engine.listening.figures import identity_of
from engine.listening.shown import shown_tests
from engine.project import Project, find_project
from engine.report.compare.page import advice_in_words, build_comparison
from engine.report.compare.verdict import advise
from engine.report.find import find_run
from engine.report.run_files import RunFiles
from engine.system_support.completing import names
from engine.system_support.completing import runs as run_names
from engine.system_support.finished_run import finished_run, run_files
from engine.system_support.seed_runs import with_seeds
from engine.terminal.say import say


@click.command()
@click.argument(
    "runs",
    metavar="RUN RUN...",
    nargs=-1,
    required=True,
    shell_complete=names(run_names, files=True),
)
@click.option(
    "--to",
    "path",
    type=click.Path(path_type=Path),
    help="File to write the page to.  [default: compare/A_B.html]",
)
def command(runs: tuple[str, ...], path: Path | None) -> None:
    """Compare two to six runs on one page, with audio players; print which to use.

    RUN is the name of a recipe (its model, else its newest run), or the folder of a run or a model.
    The page is one file that needs no network and no other file. Where `cantus seeds` has trained
    seeds of both recipes, the comparison is of the recipes, else of these weights.

    \b
    Examples:
      cantus compare xtts_phase1 xtts_phase2
      cantus compare xtts_phase2 runs/xtts_phase2/3f9c2ab81d04 --to phases.html
    """
    project = find_project()
    found = [_found(project, run) for run in runs]
    page = path or project.root / "compare" / f"{'_'.join(_file_name(one) for one in found)}.html"
    damaged = (
        "The events of one of the runs are damaged: no run writes them like this. Train it again."
    )
    with as_user_error(damaged, TemplateError):
        taken_part = [(one.recipe.name, identity_of(one.folder)) for one in found]
        compared = build_comparison(found, page, shown_tests(project, taken_part))
        say(page)
        say(advice_in_words(advise(compared)))


def _found(project: Project, run: str) -> RunFiles:
    """A finished run, or one that has events. Raises UserError where there is neither."""
    try:
        return with_seeds(finished_run(project, run), project)
    except UserError:
        folder = find_run(project, run)
        if (folder / "metrics.json").is_file() and (folder / "recipe.toml").is_file():
            raise  # what is wrong with the recipe
    if (folder / "metrics.json").is_file():
        raise UserError(f"{folder} is damaged: it holds metrics.json, but no recipe.toml.")
    name = folder.name if folder.parent.name == "models" else f"{folder.parent.name}/{folder.name}"
    return run_files(name, folder)


def _file_name(one: RunFiles) -> str:
    return one.name.replace("/", "-")
