"""Loss and judges that part: found where both comparisons are sure, and rarely otherwise."""

import numpy as np
import pytest
from attrs import evolve

from engine.training.model_selection import Score, SelectionRule
from engine.training.parting import Rules
from engine.training.parting import find_parting as find

EVALUATIONS = 20
LOSS = SelectionRule("eval/ce", lowest=True, paired=True, comparisons=EVALUATIONS)
WORDS = SelectionRule("eval/judged/wer", lowest=True, paired=True, comparisons=EVALUATIONS)
QUALITY = evolve(WORDS, metric="eval/judged/dnsmos_ovrl", lowest=False)
RULES = Rules(LOSS, (WORDS, QUALITY))


def find_parting(rules, by_loss, by_judges):
    return find(rules, by_loss, by_judges, ("best", "best_by_judges"))


def score(step, ce, wer, quality=3.0, seed=0):
    """An evaluation of 40 clips and of 24 judged ones."""
    random = np.random.default_rng([step, seed])
    figures = {
        "ce": ce + random.normal(0, 0.01, 40),
        "judged/wer": wer + random.normal(0, 0.05, 24),
        "judged/dnsmos_ovrl": quality + random.normal(0, 0.1, 24),
    }
    return Score(step, ce, figures)


def test_better_by_the_loss_and_worse_by_words_is_said_with_both_intervals():
    found = find_parting(RULES, score(600, 1.0, 0.5), score(200, 1.2, 0.2))
    assert (found.by_loss, found.by_judges) == (600, 200)
    assert found.loss.startswith("eval/ce -0.1988 ")
    assert found.loss.endswith("40 clips): better")
    (worse,) = found.judges
    assert worse.startswith("eval/judged/wer +0.3")
    assert "24 clips): worse" in worse
    assert "Step 600 against step 200" in found.sentence()


def test_the_side_of_each_judge_counts():
    found = find_parting(RULES, score(600, 1.0, 0.2, 2.0), score(200, 1.2, 0.2, 3.0))
    assert [said.split()[0] for said in found.judges] == ["eval/judged/dnsmos_ovrl"]
    assert find_parting(RULES, score(600, 1.0, 0.2, 4.0), score(200, 1.2, 0.2, 3.0)) is None


@pytest.mark.parametrize(("ce", "wer"), [(1.2, 0.5), (1.0, 0.2), (1.0, 0.1), (1.3, 0.5)])
def test_what_is_not_sure_on_both_sides_is_no_parting(ce, wer):
    assert find_parting(RULES, score(600, ce, wer), score(200, 1.2, 0.2)) is None


def test_without_figures_of_each_clip_nothing_is_sure():
    assert find_parting(RULES, Score(600, 1.0), Score(200, 1.2)) is None


def test_a_judge_that_knows_nothing_new_parts_in_5_of_100_runs_at_most():
    """20 evaluations whose loss falls, and whose words are drawn anew each time."""
    parted = sum(_parts_by_chance(seed) for seed in range(300))
    assert parted <= 0.05 * 300


def _parts_by_chance(seed):
    best_by_words = None
    for step in range(1, EVALUATIONS + 1):
        new = score(step, 2.0 - 0.05 * step, 0.3, seed=seed)
        if WORDS.is_better(new, best_by_words):
            best_by_words = new
        if find_parting(Rules(LOSS, (WORDS,)), new, best_by_words):
            return True
    return False
