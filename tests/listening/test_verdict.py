"""Verdicts that listeners decide."""

import pytest
from attrs import evolve

from engine.errors import UserError
from engine.listening.answers import AnswerLog, Questions, parse_all
from engine.listening.places import ANSWERS, kept_answers
from engine.listening.results import results_of, write_results
from engine.listening.verdict import verdict_by_listening
from engine.recipe import load_recipe
from engine.recipe.judgement import Verdict
from engine.recipe.training import Start
from engine.report.ending import level_in_words
from engine.report.verdict import Compared, reach_verdict
from engine.system_support.discovery import recipe_classes
from engine.system_support.finished_run import finished_run
from tests.listening.made import GOOD_EARS, listener

METRIC = "listening/overall"
TABLE = Verdict(metric=METRIC, cuts=(5.0,), say=("poor", "good"))
IDENTITIES = {"codec_a": "codec_a00000", "codec_b": "codec_b00000"}


@pytest.fixture
def decided(project, folder, test):
    """What listeners decide of a recipe that continues another, before and after they listened."""

    def decided(name, parent=None, *, listen=True):
        if listen:
            answers, _ = parse_all(Questions(test), listener(test, GOOD_EARS))
            AnswerLog(folder / ANSWERS, test.id).add(answers)
            write_results(results_of(test, kept_answers(test, folder), screen=False), folder)
        recipe = finished_run(project, name).recipe
        start = Start(from_=parent) if parent else None
        return verdict_by_listening(
            project, evolve(recipe, verdict=TABLE, start=start), IDENTITIES[name]
        )

    return decided


def test_without_a_parent_the_value_alone_is_judged(decided):
    verdict = decided("codec_a")["verdict"]
    assert (verdict["value"], verdict["say"], verdict["keep"]) == (6.25, "good", "codec_a")


def test_a_phase_that_listeners_find_worse_gives_way_to_its_parent(decided):
    found = decided("codec_b", "codec_a")
    assert found["verdict"]["keep"] == "codec_a"
    assert found["verdict"]["say"].startswith("worse than codec_a")
    assert found["gain"].startswith("By listeners, overall: codec_b minus codec_a -1.75")


def test_a_phase_that_listeners_find_better_is_kept_whichever_stands_first(decided):
    found = decided("codec_a", "codec_b")
    assert found["verdict"]["keep"] == "codec_a"
    assert found["verdict"]["say"].startswith("better than codec_b")


def test_until_somebody_has_listened_the_verdict_says_so(decided):
    assert decided("codec_a", listen=False) == {}
    waiting = reach_verdict(TABLE, METRIC, None, Compared("codec_a"))
    assert waiting.say == "no verdict yet: nobody has listened"
    assert level_in_words(waiting.facts()).startswith(
        "listening/overall has no answers of listeners yet"
    )
    compared = reach_verdict(TABLE, METRIC, None, Compared("codec_a", {"codec_b": "better"}))
    assert "no answers of listeners yet" in level_in_words(compared.facts())


def test_a_recipe_may_name_it_as_verdict_and_not_as_what_picks_the_best(tmp_path, project):
    text = (project.model("codec_a") / "recipe.toml").read_text()
    head, _, _ = text.partition("\n[verdict")
    verdict = f'\n[verdict]\nmetric = "{METRIC}"\ncuts = [5.0]\nsay = ["poor", "good"]\n'
    path = tmp_path / "codec_a.toml"
    path.write_text(head + verdict)
    assert load_recipe(path, classes=recipe_classes()).verdict.metric == METRIC
    path.write_text(head.replace('best = "eval/', f'best = "{METRIC}" # "', 1) + verdict)
    with pytest.raises(UserError, match="'listening/overall' is not a metric of the evaluation"):
        load_recipe(path, classes=recipe_classes())
