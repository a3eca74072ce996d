import json

import numpy as np
import pytest

from engine.cli.show.console import ConsoleWatcher
from engine.evaluation.clip_table import ClipTable, write_clip_table
from engine.evaluation.digests import as_digests
from engine.project import Project
from engine.terminal.say import say
from tests.run_folders import resolved_recipe

TITLE = "\x1b]0;pwned\x07"
"""Gives a terminal another title."""


@pytest.mark.parametrize("speak", [say, lambda text: ConsoleWatcher().say(text)])
def test_what_would_steer_a_terminal_is_shown_and_line_breaks_stay(speak, capsys):
    speak(f"clip {TITLE}\nof \u202eabc")
    assert capsys.readouterr().out == "clip \\x1b]0;pwned\\x07\nof \\u202eabc\n"


def test_names_of_metrics_steer_no_terminal(project, recipe, cantus):
    (project / "recipes/other.toml").write_text(recipe.replace('"words"\nsys', '"other"\nsys'))
    digests = as_digests(["ab" * 32, "cd" * 32])
    table = ClipTable(("a", "b"), digests, {f"best/{TITLE}": np.array([1.0, 2.0])})
    for name in ("words", "other"):
        model = Project(project).model(name)
        write_clip_table(model / "evaluation/clips.tsv", table)
        (model / "recipe.toml").write_text(resolved_recipe("audio_vae"))
        for path in (model / "metrics.json", Project(project).metrics(name)):
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps({"eval": {TITLE: 1.0}, "evaluation_set": "x"}))
    answer = cantus("diff", "words", "other")
    assert answer.code == 0, answer.error
    assert answer.out.count("\\x1b]0;pwned\\x07") == answer.out.count("pwned") > 0
    assert "\x1b" not in answer.out
