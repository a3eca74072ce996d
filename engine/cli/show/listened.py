"""Computes a listening test's results, prints them, and brings what shows them up to date."""

from pathlib import Path

from engine.cli.report import rebuild_report
from engine.errors import UserError
from engine.listening.figures import identity_of
from engine.listening.listening_test import read_test
from engine.listening.places import kept_answers
from engine.listening.results import Results, results_of, write_results
from engine.listening.shown import shown
from engine.project import Project
from engine.runs.publish import publish_again
from engine.system_support.finished_run import finished_run
from engine.terminal.columns import aligned
from engine.terminal.say import say


def print_results(project: Project, folder: Path, *, screen: bool) -> None:
    """Compute and keep a test's results; refresh metrics and reports of the runs they are of.

    Raises UserError where nobody has answered yet.
    """
    test = read_test(folder)
    answers = kept_answers(test, folder)
    if not answers.all:
        raise UserError(f"{folder.name} has no answers yet: cantus listen, or --collect FILE...")
    results = results_of(test, answers, screen=screen)
    write_results(results, folder)
    _print(results, len(answers.all))
    for run in results.runs:
        if identity_of(project.model(run.recipe)) != run.identity:
            say(f"{run.recipe} was trained again since: its report leaves these results out.")
            continue
        publish_again(project, finished_run(project, run.recipe).recipe)
        rebuild_report(project, project.model(run.recipe))
        say(f"metrics/{run.recipe}.json and models/{run.recipe}/report.html hold these results.")


def _print(results: Results, num_answers: int) -> None:
    table = shown(results)
    say(f"{table.name}: {num_answers} answers of {len(results.listeners)} listeners")
    rows = [("mean rating, 1 to 10 (95 % CI)", *table.scales)]
    rows += [(one.title, *one.ratings) for one in table.versions]
    for line in aligned(rows):
        say(line)
    for sentence in table.sentences:
        say(sentence)
