"""`cantus why`: how a run ended."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from engine.cli.answers.why import WhyAnswer, why_answer
from engine.cli.show.recipe_options import json_option, run_argument
from engine.files.untrusted import as_user_error
from engine.listening.figures import identity_of
from engine.listening.verdict import verdict_by_listening
from engine.project import Project, find_project
from engine.recipe import load_recipe
from engine.recipe.metric_names import LISTENING_RESULTS
from engine.report.diagnosis.diagnosis import diagnose
from engine.report.ending import ending_in_words
from engine.report.find import find_run
from engine.report.history import History
from engine.report.remark import remark_on_verdict
from engine.system_support.discovery import recipe_classes
from engine.terminal.say import say


@click.command()
@run_argument
@json_option
def command(run: str, as_json: bool) -> WhyAnswer | None:
    """Explain how a run ended, and what its figures look like, in a few sentences.

    RUN is the name of a recipe (its newest run), or the folder of a run.

    \b
    Examples:
      cantus why audio_vae
      cantus why runs/audio_vae/3f9c2ab81d04
    """
    project = find_project()
    folder = find_run(project, run)
    with as_user_error(
        f"The events in {folder} are damaged: no run writes them like this. Train it again."
    ):
        finish = _decided_by_listeners(project, folder)
        history = History.of(folder).with_finish(finish)
        remark = remark_on_verdict(history, project)
        ending, diagnosis = ending_in_words(folder, remark, finish), diagnose(folder)
        sentences = "\n".join(filter(None, (ending, diagnosis.sentence())))
        if as_json:
            return why_answer(folder, history, sentences, remark, diagnosis)
    say(sentences)
    return None


def _decided_by_listeners(project: Project, folder: Path) -> Mapping[str, Any]:
    """The verdict as it is now, where it is one of listeners."""
    verdict = History.of(folder).facts("finish").get("verdict") or {}
    if verdict.get("metric") not in LISTENING_RESULTS:
        return {}
    recipe = load_recipe(folder / "recipe.toml", classes=recipe_classes())
    return verdict_by_listening(project, recipe, identity_of(folder))
