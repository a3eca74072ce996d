"""`cantus diff` and `cantus compare` of recipes with seeds: stopped, measured otherwise, lent."""

import json

import pytest

from engine.project import Project
from tests.cli.answers.two_models import make_models
from tests.seed_projects import keep_seeds


@pytest.fixture
def models(project, recipe):
    """The recipes `words` and `other`, each with a model."""
    return Project(make_models(project, recipe))


def diff(cantus, *more):
    return json.loads(cantus("diff", "words", "other", *more, "--json").out)


def test_a_recipe_that_guards_stopped_more_often_is_not_called_better(models, cantus):
    keep_seeds(models, "words", 0.0, 0.02, -0.02, 0.01, -0.01)
    keep_seeds(models, "other", -0.5, -0.52, stopped=3)
    document = diff(cantus)
    first = document["comparisons"][0]
    assert first["high"] < 0, "lower is better, and the interval is below zero"
    assert (first["outcome"], first["speaks_of"]) == ("undecided", "recipes")
    assert (first["num_seeds"], first["num_stopped"]) == ([2, 5], [3, 0])
    assert "guards stopped 3 of 5 seeds, against 0 of 5" in first["sentence"]
    sides = document["left"], document["right"]
    assert [(one["num_seeds"], one["num_stopped"]) for one in sides] == [(5, 0), (2, 3)]
    (note,) = document["notes"]
    assert "3 of 5 seeds of other were stopped by a guard" in note
    said = cantus("diff", "words", "other").out
    assert "other is not shown to be better or worse than words" in said
    assert "Guards stopped 3 of 5 seeds of other and 0 of 5 seeds of words." in said
    assert f"note: {note}" in said
    for pair in (("words", "other"), ("other", "words")):
        page = cantus("compare", *pair).out
        assert "guards stopped more seeds of the one whose other seeds are better" in page
        assert "3 of 5 seeds of other were stopped by a guard" in page


@pytest.mark.parametrize(("stopped", "of_words"), [(0, 3), (2, 2)])
def test_a_recipe_that_guards_stopped_no_more_often_may_be_better(
    models, cantus, stopped, of_words
):
    keep_seeds(models, "words", 0.0, 0.02, stopped=of_words)
    keep_seeds(models, "other", -0.5, -0.52, stopped=stopped)
    document = diff(cantus)
    first = document["comparisons"][0]
    assert (first["outcome"], first["num_stopped"]) == ("better", [stopped, of_words])
    assert any(f"{of_words} of {of_words + 2} seeds of words" in one for one in document["notes"])


def test_weights_are_compared_where_all_seeds_but_one_were_stopped_and_that_is_said(models, cantus):
    keep_seeds(models, "other", -0.5, stopped=4)
    document = diff(cantus)
    assert document["comparisons"][0]["speaks_of"] == "weights"
    assert "4 of 5 seeds of other were stopped by a guard" in document["notes"][0]


@pytest.mark.parametrize("unit", [None, "ab" * 8], ids=["unknown", "another"])
def test_seeds_that_were_measured_otherwise_are_not_used_and_are_to_be_trained_again(
    models, cantus, unit
):
    for name in ("words", "other"):
        keep_seeds(models, name, 0.0, 0.02, -0.02)
        for path in models.seeds(name).glob("seed_*/metrics.json"):
            content = json.loads(path.read_text())
            content["scale"] = {"rmse_db": unit} if unit else {}
            path.write_text(json.dumps(content))
    document = diff(cantus)
    first = document["comparisons"][0]
    assert (first["speaks_of"], first["outcome"]) == ("weights", "better")
    notes = " ".join(document["notes"])
    assert "how rmse_db is measured" in notes
    assert "To train them again: cantus seeds words" in notes
    human = cantus("diff", "words", "other").out
    assert "cantus measure" not in notes + human
    if unit is None:
        refused = cantus("diff", "words", "other", "--borrow", "words")
        assert refused.code == 2
        assert "To train them again: cantus seeds words" in refused.error


def test_a_page_names_the_seeds_of_the_better_run_first_where_it_was_named_first(models, cantus):
    keep_seeds(models, "words", 0.0, 0.02)
    keep_seeds(models, "other", -0.5, -0.52, -0.48)
    page = cantus("compare", "other", "words").out
    assert "Use other: it is better than words." in page
    assert "(other minus words)" in page
    assert "3 and 2 seeds" in page
    assert "2 and 3 seeds" not in page


def test_a_spread_that_nobody_borrows_is_refused(models, cantus):
    keep_seeds(models, "words", 0.0, 0.02)
    keep_seeds(models, "other", -0.5, -0.52, -0.48)
    for more in ((), ("--json",)):
        answer = cantus("diff", "words", "other", "--borrow", "words", *more)
        assert answer.code == 2
        assert "words and other have seeds of their own (2 and 3)" in answer.out + answer.error
        assert "Leave out --borrow" in answer.out + answer.error
    forms = cantus("diff", "recipes/words.toml", "recipes/demo/words.toml", "--borrow", "words")
    assert forms.code == 2
    assert "--borrow needs two recipes" in forms.error
