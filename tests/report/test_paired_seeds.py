"""Real files of runs with several seeds: what is said of recipes, and what of weights."""

import numpy as np
import pytest
from attrs import evolve

from engine.errors import UserError
from engine.report.paired_runs import compare_runs
from engine.report.paired_words import conclude
from engine.system_support.finished_run import run_files
from engine.system_support.seed_runs import require_lends
from tests.run_folders import make_finished, units

CLIPS = np.linspace(1.0, 9.0, 60)
BEST = "eval/mel_ce"


@pytest.fixture
def recipe(tmp_path):
    """A recipe's run with those of its seeds, by the means of their figures."""

    def recipe(name, *means, clips=CLIPS, **more):
        runs = []
        for seed, mean in enumerate(means):
            random = np.random.default_rng([seed, len(name)])
            measured = {"mel_ce": clips + mean + 0.1 * random.standard_normal(len(clips))}
            folder = make_finished(tmp_path / f"{name}{seed}", measured, **more)
            runs.append(run_files(f"{name} with seed {seed}", folder))
        return evolve(runs[0], name=name, seeds=tuple(runs) if len(runs) > 1 else ())

    return recipe


def said(ours, theirs, lender=None):
    return " ".join(conclude(compare_runs(ours, theirs, lender), BEST))


def test_seeds_of_both_speak_of_the_recipes(recipe):
    sentence = said(recipe("new", 1.0, 1.1, 0.9), recipe("old", 2.0, 2.1, 1.9))
    assert sentence.startswith("new is better than old: mel_ce differs by -1")
    assert "3 seeds each, 60 clips)" in sentence
    assert "weights" not in sentence


def test_what_only_the_seed_changed_is_no_difference_of_recipes(recipe):
    new, old = recipe("new", 1.0, 1.5, 2.0), recipe("old", 1.6, 1.2, 2.3)
    assert "new is not shown to be better or worse than old" in said(new, old)
    of_weights = said(*(evolve(run, seeds=()) for run in (new, old)))
    assert "The weights of new are better than those of old" in of_weights


def test_one_seed_on_both_sides_speaks_of_these_weights_never_of_the_recipes(recipe):
    sentence = said(recipe("new", 1.0), recipe("old", 2.0))
    assert sentence.startswith("The weights of new are better than those of old")
    assert "not of these recipes" in sentence


def test_a_borrowed_spread_is_marked(recipe):
    sentence = said(recipe("new", 1.0), recipe("old", 3.0, 3.1, 2.9))
    assert sentence.startswith("new is better than old")
    assert "the spread over seeds is that of old, 3 seeds" in sentence
    assert "as far as its own seeds vary alike" in sentence


def test_a_third_recipe_lends_its_spread_where_both_have_one_seed(recipe):
    lender = recipe("earlier", 5.0, 5.3, 4.7)
    sentence = said(recipe("new", 1.0), recipe("old", 3.0), lender)
    assert "the spread over seeds is that of earlier, 3 seeds" in sentence
    near = said(recipe("new", 1.0), recipe("old", 1.3), lender)
    assert "not shown to be better or worse" in near


@pytest.mark.parametrize(
    ("theirs", "why"),
    [
        ({"evaluation_set": "cd" * 32}, "not of the same evaluation clips"),
        (units("mel_ce", resampler="other"), "resampled by"),
        ({"recipe": "codec_dac_paper"}, "different systems, xtts and codec"),
        ({"clips": CLIPS[:9]}, "not of the same clips"),
        ({"clips": CLIPS[:1]}, "not of the same clips"),
    ],
)
def test_seeds_that_cannot_be_compared_are_said_to_be_so_without_a_figure(recipe, theirs, why):
    sentence = said(recipe("new", 1.0, 1.1), recipe("old", 1.0, 1.2, **theirs))
    assert sentence.startswith("new and old are not compared by mel_ce")
    assert why in sentence
    assert "CI" not in sentence


def test_one_clip_and_equal_figures_give_a_sentence_and_no_interval(recipe, tmp_path):
    one = said(*(recipe(name, 1.0, 1.1, clips=CLIPS[:1]) for name in ("new", "old")))
    assert "one clip is too few" in one
    same = recipe("same", 1.0)
    assert "both have the same figures on every clip" in said(same, same)
    shifted = tmp_path / "shifted"
    table = (tmp_path / "same0/evaluation/clips.tsv").read_text().splitlines()
    head = [line for line in table if not line[:1].isalnum() or line.startswith("sha256")]
    rows = [line.split("\t") for line in table[len(head) :]]
    moved = [*head, *("\t".join([*row[:2], str(float(row[2]) + 2)]) for row in rows)]
    make_finished(shifted, {"mel_ce": CLIPS})
    (shifted / "evaluation/clips.tsv").write_text("\n".join(moved) + "\n")
    sentence = said(run_files("shifted", shifted), same)
    assert "all clips differ by the same amount" in sentence


def test_a_metric_without_figures_of_clips_is_said_to_have_none(recipe, tmp_path):
    new, old = recipe("new", 1.0, 1.1), recipe("old", 1.0, 1.2)
    (tmp_path / "old1/evaluation/clips.tsv").unlink()
    assert "old with seed 1 keeps no figure of each clip" in said(new, old)


def test_a_lender_whose_seeds_cannot_be_compared_is_refused_with_the_reason(recipe):
    lender = recipe("earlier", 5.0, 5.3, evaluation_set="cd" * 32)
    with pytest.raises(UserError, match="earlier cannot lend its spread of mel_ce to old and new"):
        require_lends(lender, BEST, recipe("new", 1.0), recipe("old", 3.0))
