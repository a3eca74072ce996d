"""What answers say: means, intervals, ABX, and listeners who say little."""

import json

import numpy as np
import pytest
from attrs import evolve
from scipy.stats import binomtest, ttest_1samp

from engine.errors import UserError
from engine.listening.answers import AnswerLog, Questions, parse_all
from engine.listening.figures import figures_of_run, identity_of, listened, listening_metrics
from engine.listening.intervals import mean_of, share_right
from engine.listening.places import ANSWERS, kept_answers
from engine.listening.results import read_results, results_of, write_results
from engine.listening.sentences import results_in_words
from tests.listening.made import GOOD_EARS, listener

IDENTITY = "codec_a00000"


@pytest.fixture
def answered(test, folder):
    """Add answers of listeners; return all that count."""

    def answered(*lists):
        raws = [one for answers in lists for one in answers]
        answers, refused = parse_all(Questions(test), raws)
        assert not refused
        AnswerLog(folder / ANSWERS, test.id).add(answers)
        return kept_answers(test, folder)

    return answered


def test_a_mean_has_students_interval_over_clips():
    values = {("ann", str(k)): float(k * k % 7) for k in range(9)}
    found = mean_of(values)
    expected = ttest_1samp([*values.values()], 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx(tuple(expected))


def test_from_three_listeners_on_the_wider_interval_counts():
    shift = {"ann": -2.0, "bob": 0.0, "cy": 2.0}
    values = {(who, str(k)): k * 0.1 + more for who, more in shift.items() for k in range(9)}
    found = mean_of(values)
    per_listener = ttest_1samp([0.4 + more for more in shift.values()], 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx(tuple(per_listener))
    two = {cell: value for cell, value in values.items() if cell[0] != "cy"}
    assert mean_of(two).high - mean_of(two).low < 1
    assert mean_of({}) is None


@pytest.mark.parametrize(("right", "of"), [(0, 5), (5, 5), (9, 12), (30, 48)])
def test_abx_is_the_exact_binomial_test(right, of):
    found = share_right(right, of)
    exact = binomtest(right, of, 0.5, alternative="greater")
    interval = binomtest(right, of).proportion_ci(0.95, method="exact")
    assert found.p == pytest.approx(exact.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(interval))


def test_results_are_paired_within_listener_and_clip(test, answered):
    answers = answered(listener(test, GOOD_EARS), listener(test, GOOD_EARS, id="ff" * 8, name=""))
    results = results_of(test, answers, screen=False)
    rated = {one.title: one.figures["overall"].mean for one in results.rated}
    assert rated == {"codec_a": 6.25, "codec_b": 4.5, "hidden reference": 10.0, "anchor": 2.0}
    pair = next(one for one in results.pairs if one.scale == "overall")
    assert (pair.of, pair.against) == (1, 0)
    ours = np.array([GOOD_EARS["1"](one.clip) - GOOD_EARS["0"](one.clip) for one in test.ratings])
    expected = ttest_1samp(ours, 0).confidence_interval(0.95)
    assert (pair.figure.low, pair.figure.high) == pytest.approx(tuple(expected))
    said = results_in_words(results)
    assert any(
        one.startswith("overall: codec_b minus codec_a -1.75") and "2 listeners, 4 clips" in one
        and one.endswith("): worse")
        for one in said
    )  # fmt: skip
    assert any("ABX: codec_a and codec_b are distinguished: 8 of 8 right" in one for one in said)
    assert {one.name for one in results.listeners} == {"Ann", "listener ffff"}


def test_who_misses_the_reference_or_the_controls_is_named_and_left_out_only_when_asked(
    test, answered
):
    deaf = {**GOOD_EARS, "reference": lambda _: 5, "anchor": lambda _: 10, "0": lambda _: 1}
    controls = [one.is_control for one in test.comparisons]
    wrong = listener(test, deaf, id="dd" * 8, name="Dee", right=lambda k: not controls[k])
    answers = answered(listener(test, GOOD_EARS), wrong)
    kept, screened = (results_of(test, answers, screen=screen) for screen in (False, True))
    assert [one.name for one in kept.listeners if one.against] == ["Dee"]
    said = " ".join(results_in_words(kept))
    for words in (
        "Dee: the hidden reference below 9 in 3 of 3 clips (ITU-R BS.1534-3, 4.1.2)",
        "the anchor above 9 in 4 of 4 clips",
        "0 of 3 ABX controls right",
        "still counted",
    ):
        assert words in said
    means = [one.rated[0].figures["overall"].mean for one in (kept, screened)]
    assert means == [3.625, 6.25]
    assert "1 of 2 listeners are left out by rule" in " ".join(results_in_words(screened))


def test_figures_are_of_the_run_that_was_listened_to_and_of_no_other(
    project, folder, test, answered
):
    answers = answered(listener(test, GOOD_EARS))
    write_results(results_of(test, answers, screen=False), folder)
    model = project.model("codec_a")
    figures = figures_of_run(project, "codec_a", identity_of(model))
    assert figures["listening/overall"].mean == 6.25
    assert figures["listening/overall"].num_listeners == 1
    metrics = listening_metrics(project, "codec_a", IDENTITY)
    assert metrics["listening/listeners"] == 1
    unit = metrics[f"units/{metrics['scale/listening/overall']}"]
    assert unit == {"definition": "listening/overall", "made_of": test.id}
    path = model / "run.json"
    path.write_text(path.read_text().replace(IDENTITY, "another"))
    assert figures_of_run(project, "codec_a", identity_of(model)) == {}


def test_damaged_results_are_a_sentence_and_stop_nothing(project, folder, test, answered):
    write_results(results_of(test, answered(listener(test, GOOD_EARS)), screen=False), folder)
    path = folder / "results.json"
    content = json.loads(path.read_text())
    for change in ({"version": 2}, {"rated": 7}, {"pairs": [{}]}, {"runs": []}):
        path.write_text(json.dumps(content | change))
        with pytest.raises(UserError, match="to make it again"):
            read_results(folder)
        found = listened(project, "codec_a", IDENTITY)
        assert (len(found.results), len(found.complaints)) == (0, 1)
    assert listening_metrics(project, "codec_a", IDENTITY) == {}


def test_of_two_runs_of_one_recipe_each_has_its_own_figures(project, folder, test, answered):
    first, second = test.runs
    mixed = evolve(test, runs=(first, evolve(second, recipe=first.recipe)))
    answers = answered(listener(test, GOOD_EARS))
    write_results(results_of(mixed, answers, screen=False), folder)
    means = [
        figures_of_run(project, first.recipe, one.identity)["listening/overall"].mean
        for one in (first, second)
    ]
    assert means == [6.25, 4.5]
