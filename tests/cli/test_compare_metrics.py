import json

import numpy as np
import pytest
from attrs import evolve

from engine.cli.compare_metrics import Figures, everything, missing, what_matters
from engine.errors import UserError
from engine.evaluation.unit import Unit
from engine.project import Project
from engine.report.paired_runs import compare_runs
from engine.system_support.finished_run import run_files
from engine.tracking.shown_metrics import Measured, write_shown
from tests.run_folders import make_finished, units

CLIPS = np.linspace(1.0, 9.0, 60)
FIGURES = {"db": 7.0, "pesq": 1.0}
NOISE = np.where(np.arange(60) % 2, 0.21, -0.2)


def present(tmp_path, name, measured=None, **content):
    """A side of which only DVC's file is there."""
    path = Project(tmp_path).metrics(name)
    path.parent.mkdir(exist_ok=True)
    if measured is None:
        path.write_text(json.dumps(content))
    else:
        write_shown(path, measured)
    return Figures(recipe=name, file=path, title=name)


def finished(tmp_path, name, clips, **metrics):
    """A side with a finished model."""
    folder = make_finished(Project(tmp_path).model(name), clips, **metrics)
    file = folder / "metrics.json"
    return Figures(recipe=name, file=file, title=name, run=run_files(name, folder))


def rows(lines):
    return {words[0]: words[1:] for line in lines if (words := line.split())}


def test_figures_that_may_be_compared_have_a_difference(tmp_path):
    decibels, pesq = Unit(definition="db 1"), Unit(definition="pesq 1", programs={"pesq": "0.0.4"})
    other = evolve(pesq, programs={"pesq": "0.0.3"})
    left = present(tmp_path, "a", Measured(FIGURES, 10, "x", {"db": decibels, "pesq": pesq}))
    right = present(tmp_path, "b", Measured(FIGURES, 20, "x", {"db": decibels, "pesq": other}))
    lines = [*what_matters(left, right, None)]
    assert rows(lines[:-1]) == {
        "a": ["b", "difference"],
        "db": ["7", "7", "+0"],
        "pesq": ["1", "1"],
        "step": ["10", "20"],
    }
    assert lines[-1] == (
        "No difference is given for pesq: measured with pesq 0.0.4 in a and 0.0.3 in b."
    )


def test_figures_whose_unit_a_file_does_not_know_have_none_and_a_sentence_says_so(tmp_path):
    unit = {"db": Unit(definition="db 1")}
    left = present(tmp_path, "a", Measured({"db": 7.0}, 10, "x", unit))
    right = present(tmp_path, "b", eval={"db": 6.5}, evaluation_set="x", step=20)
    lines = [*what_matters(left, right, None)]
    assert rows(lines)["db"] == ["7", "6.5"]
    assert lines[-1].startswith("No difference is given for db: nothing says how b measured it")
    assert "`cantus measure b`" in lines[-1]


@pytest.mark.parametrize("sets", [("x", "y"), (None, None), ("x", None)])
def test_figures_of_other_clips_have_none_and_a_sentence_says_so(tmp_path, sets):
    left, right = (
        present(tmp_path, name, Measured({"db": value}, 10, clips))
        for name, value, clips in zip("ab", (7.0, 6.5), sets, strict=True)
    )
    lines = [*what_matters(left, right, None)]
    assert rows(lines)["db"] == ["7", "6.5"]
    assert lines[-1] == "No difference is given: a and b were evaluated on different clips."


def test_of_finished_models_the_difference_clip_by_clip_is_shown(tmp_path):
    left = finished(tmp_path, "a", {"mel_ce": CLIPS, "stop_ce": CLIPS})
    right = finished(tmp_path, "b", {"mel_ce": CLIPS - 0.5 + NOISE, "stop_ce": CLIPS})
    paired = compare_runs(right.run, left.run)
    lines = [*what_matters(left, right, paired)]
    assert lines[1].startswith("mel_ce")  # what picks the best comes first
    assert lines[1].endswith("-0.495 (95 % CI -0.548 to -0.442, 60 clips): better")


def test_few_clips_are_not_told_of_in_every_row(tmp_path):
    sides = [finished(tmp_path, name, {"mel_ce": CLIPS[:9]}) for name in "ab"]
    (line,) = [
        line
        for line in what_matters(*sides, compare_runs(sides[1].run, sides[0].run))
        if line.startswith("mel_ce")
    ]
    assert line.endswith("9 clips): indistinguishable from noise")


def test_a_figure_of_one_side_is_looked_up_on_the_other(tmp_path):
    many = {f"made_up_{n}": CLIPS for n in range(10)} | {"mel_ce": CLIPS, "zz": CLIPS}
    sides = [finished(tmp_path, "a", many | {"aa": CLIPS}), finished(tmp_path, "b", many)]
    found = rows(what_matters(*sides, None))
    assert "zz" in sides[1].shown().figures
    assert "zz" not in sides[0].shown().figures
    assert found["zz"] == ["5", "5", "+0"]


def test_what_listeners_said_stands_beside_what_was_measured(tmp_path):
    sides = [finished(tmp_path, name, {"mel_ce": CLIPS}) for name in "ab"]
    heard = {"listening/overall": 7.5, "scale/listening/overall": "a test"}
    sides[1] = evolve(sides[1], listened=heard)
    assert rows(what_matters(*sides, None))["listening.overall"] == ["-", "7.5"]


def test_everything_has_the_groups_and_their_units(tmp_path):
    groups = {name: {"loss": 1.0, "db": 2.0} for name in ("eval", "parent")}
    groups["baseline"] = {"grid": {"loss": 3.0, "db": 4.0}}
    known = units("loss", "db")
    other = {**known, "scale": {**known["scale"], "loss": "cd"}}
    left = present(tmp_path, "a", **groups, **known, evaluation_set="x")
    right = present(tmp_path, "b", **groups, **other, evaluation_set="x")
    found = rows(everything(left, right))
    for group in ("eval", "parent", "baseline.grid"):
        assert len(found[f"{group}.loss"]) == 2
        assert found[f"{group}.db"][-1] == "+0"
    assert not any(name.startswith(("scale", "units", "evaluation_set")) for name in found)


def test_everything_of_a_file_for_dvc_is_what_it_holds(tmp_path):
    unit, known = Unit(definition="speech/wer"), units("speech/wer")
    left = present(tmp_path, "a", Measured({"speech.wer": 0.5}, 10, "x", {"speech.wer": unit}))
    wer = {"eval": {"speech": {"wer": 0.25}}}
    right = present(tmp_path, "b", **wer, **known, evaluation_set="x", step=5)
    assert rows(everything(left, right)) == {
        "a": ["b", "difference"],
        "eval.speech.wer": ["0.5", "0.25", "-0.25"],
        "step": ["10", "5", "-5"],
    }


def test_recipes_that_are_not_trained_are_named_with_what_trains_them(tmp_path):
    project = Project(tmp_path)
    sides = [Figures(recipe=n, file=project.metrics(n), title=n) for n in "ab"]
    assert missing(project, sides) == (
        "a is not trained: `dvc repro a` trains it\nb is not trained: `dvc repro b` trains it"
    )
    assert missing(project, [present(tmp_path, "a")]) is None


@pytest.mark.parametrize("content", ["", "{", "\x00", "[]"])
def test_a_damaged_file_says_how_to_make_it_again(tmp_path, content):
    side = present(tmp_path, "a")
    side.file.write_text(content)
    for lines in (everything(side, side), what_matters(side, side, None)):
        with pytest.raises(UserError, match="dvc repro -f a"):
            next(lines)


def test_a_figure_too_large_to_subtract_is_an_error(tmp_path):
    left = present(tmp_path, "a", eval={"m": 10**400}, **units("m"), evaluation_set="x")
    right = present(tmp_path, "b", eval={"m": 1.5}, **units("m"), evaluation_set="x")
    with pytest.raises(UserError, match="too large"):
        [*everything(left, right)]
