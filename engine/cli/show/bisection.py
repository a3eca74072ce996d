"""The page of a bisection, and the JSON beside it."""

import math
import shlex
import sys

from engine.cli.answers.answer import as_json
from engine.cli.answers.bisect import BisectAnswer, LineTried, TrialDone
from engine.files.atomic import write_atomically
from engine.project import Project
from engine.sweeps.bisection.lines import shown
from engine.sweeps.written import table_page


def num_tried(answer: BisectAnswer) -> str:
    """The number of runs, or of preflights where nothing was trained."""
    if answer.by_preflight:
        return f"{answer.num_preflights:,} preflights, no run"
    return f"{answer.num_runs:,} runs of {answer.steps:,} steps, {answer.num_seeds} seeds at most"


def write(answer: BisectAnswer, project: Project) -> None:
    """Write the page, and the JSON beside it."""
    page = project.root / answer.page
    rows = [[one.name, shown(one.good), shown(one.bad), _result(one)] for one in answer.lines]
    table = [["line", answer.good, answer.bad, "result"], *rows]
    metric = f"By {answer.metric}, of which the {answer.best_is} is best: {num_tried(answer)}."
    kinds = [one.verdict for one in answer.lines]
    title, made = f"{answer.bad} against {answer.good}", shlex.join(["cantus", *sys.argv[1:]])
    page.parent.mkdir(parents=True, exist_ok=True)
    trials = [["lines of " + answer.bad, "outcome", "runs", "difference", "why"]]
    trials += map(_trial, answer.trials)
    said = [metric, *answer.sentences]
    tried = "What was tried, in order"
    text = table_page("bisection", title, said, table, kinds, made, tried, trials)
    write_atomically(page, text)
    write_atomically(page.with_suffix(".json"), as_json(answer))


def _result(line: LineTried) -> str:
    return "not shown to be worse" if line.verdict == "not shown" else line.verdict


def _trial(trial: TrialDone) -> list[str]:
    harm = f"{trial.harm:.4g} worse" if math.isfinite(trial.harm) else ""
    return [", ".join(trial.lines), trial.outcome, str(trial.num_runs), harm, trial.why]
