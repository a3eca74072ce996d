"""A page and a sentence of a run whose loss and judges part."""

import pytest
from attrs import evolve

from engine.recipe import load_recipe
from engine.report.ending import ending_in_words
from engine.report.history import History
from engine.report.page import build_report
from engine.report.parting import PartedRow, parted
from engine.system_support.discovery import recipe_classes
from engine.systems.xtts.recipe import XttsRecipe
from engine.tracking.events import Event
from tests.run_folders import RECIPES, make_run, start

MESSAGE = "Loss and judges disagree. Step 600 against step 200: <b>words</b> worse."
PARTING = {"by_loss": 600, "by_judges": 200, "kept": ["best", "best_by_judges"], "message": MESSAGE}
EVALS = [
    Event("eval", 200, metrics={"eval/mel_ce": 1.5, "eval/judged/dnsmos_ovrl": 3.0}),
    Event("eval", 600, metrics={"eval/mel_ce": 1.2, "eval/judged/dnsmos_ovrl": 2.0}),
    Event("parting", 600, facts=PARTING),
]
FINISH = Event("finish", 600, facts={"parting": PARTING, "best_step": 600, "seconds": 9.0})


@pytest.fixture
def recipe():
    found = load_recipe(RECIPES / "xtts_phase1.toml", classes=recipe_classes())
    assert isinstance(found, XttsRecipe)
    return evolve(found, speech=evolve(found.speech, judges=("dnsmos",)))


def test_both_checkpoints_stand_side_by_side_and_nothing_becomes_markup(tmp_path, recipe):
    make_run(tmp_path, [start("xtts_phase1"), *EVALS, FINISH])
    found = parted(History.of(tmp_path), recipe)
    assert found.titles == ("best, step 600", "best_by_judges, step 200")
    assert found.rows == (
        PartedRow("eval/mel_ce", 1.2, 1.5),
        PartedRow("eval/judged/dnsmos_ovrl", 2.0, 3.0),
    )
    page = build_report(tmp_path, recipe).read_text()
    assert "Loss and judges</h2>" in page
    assert "&lt;b&gt;words&lt;/b&gt; worse" in page
    assert "<b>words" not in page


def test_the_initial_weights_may_be_those_that_the_judge_picks(tmp_path, recipe):
    begin = {"parent/mel_ce": 2.0, "parent/judged/dnsmos_ovrl": 3.5}
    facts = {"parting": PARTING | {"by_judges": 0}}
    make_run(tmp_path, [Event("eval", 0, metrics=begin), *EVALS, Event("finish", 600, facts=facts)])
    rows = parted(History.of(tmp_path), recipe).rows
    assert rows[1] == PartedRow("eval/judged/dnsmos_ovrl", 2.0, 3.5)


def test_a_run_that_does_not_part_at_its_end_has_no_such_section(tmp_path, recipe):
    make_run(tmp_path, [start("xtts_phase1"), *EVALS, evolve(FINISH, facts={"best_step": 600})])
    assert parted(History.of(tmp_path), recipe) is None
    assert MESSAGE not in ending_in_words(tmp_path)


def test_a_run_that_was_killed_tells_what_parted_before(tmp_path):
    make_run(tmp_path, [start("xtts_phase1"), *EVALS])
    assert ending_in_words(tmp_path).endswith(MESSAGE)
