"""Probes of models that are tables of counts: what comes after what, at whichever offset."""

import numpy as np
import pytest
import torch
from attrs import evolve

from engine.recipe.training import Start
from engine.system_support.autoregressive import (
    Decoding,
    autoregressive_probe,
    decoding_check,
    labels_check,
    start_of,
    uniform_check,
    usual_rates,
)
from engine.system_support.predictions import Predictions, laid_out
from engine.system_support.shift import shift_check
from tests.training.toy import toy_recipe

V, START, STOP = 12, 10, 11


def chain(repeats, seed=0, num_clips=8, length=40):
    """Clips of a Markov chain of ten tokens that stays where it is so often, and else goes on."""
    random = np.random.default_rng(seed)
    clips = []
    for _ in range(num_clips):
        tokens = [int(random.integers(10))]
        while len(tokens) < length:
            goes_on = (tokens[-1] + int(random.choice([1, 1, 1, 3]))) % 10
            tokens.append(tokens[-1] if random.random() < repeats else goes_on)
        clips.append(torch.tensor([START, *tokens, STOP]))
    return clips


def table(clips, offset, weight=1.0):
    """Scores [V, V] of what stands at an offset from each token, as a model would learn them."""
    counts = torch.full((V, V), 0.3)
    for clip in clips:
        places = range(max(0, -offset), len(clip) - max(0, offset))
        for place in places:
            counts[clip[place], clip[place + offset]] += weight
    return counts.log()


def predictions(clips, scores, labels_at=1):
    """Of all tokens but the last, by a table, asked for the token at an offset."""
    tokens, clip, first = laid_out(clips)
    within = torch.arange(len(tokens)) - first[clip]
    position = (within < len(clips[0]) - 1).nonzero()[:, 0]
    ends = first + len(clips[0]) - 1
    labels = tokens[(position + labels_at).clamp(0, None).minimum(ends[clip[position]])]
    return Predictions(
        kind="codes",
        scores=scores[tokens[position]],
        labels=labels,
        position=position,
        tokens=tokens,
        clip=clip,
        special=(START, STOP),
    )


def test_labels_that_are_the_next_tokens_pass_with_any_scores():
    clips = chain(0.2)
    check = labels_check(predictions(clips, torch.zeros(V, V)))
    assert (check.ok, check.detail) == (True, "all 328 are the token after their position")


@pytest.mark.parametrize(
    ("offset", "cause"), [(0, "not shifted"), (2, "shifted by two positions"), (-1, "wrong way")]
)
def test_labels_at_another_offset_are_named_before_anything_is_learned(offset, cause):
    found = predictions(chain(0.2), torch.zeros(V, V))
    inside = (found.position + offset >= 0) & (found.position + offset < len(found.tokens))
    place = (found.position + offset)[inside]
    own = found.clip[place] == found.clip[found.position[inside]]
    keep = inside.nonzero()[:, 0][own]
    broken = evolve(
        found,
        labels=found.tokens[place[own]],
        position=found.position[keep],
        scores=found.scores[keep],
    )
    check = labels_check(broken)
    assert check.ok is False
    assert cause in check.detail


def test_labels_of_other_tokens_are_at_no_offset():
    found = predictions(chain(0.2), torch.zeros(V, V))
    check = labels_check(evolve(found, labels=(found.labels + 5) % 10))
    assert check.ok is False
    assert "at no one offset" in check.detail


def test_fresh_scores_cannot_tell_the_order():
    for seed in range(20):
        scores = torch.randn(V, V, generator=torch.Generator().manual_seed(seed))
        assert shift_check([predictions(chain(0.2, seed), scores)], learned=False).ok is None


def test_scores_without_any_order_cost_the_same_at_each_offset():
    clips = chain(0.2)
    unigram = table(clips, 1).exp().sum(0).log().expand(V, V)
    check = shift_check([predictions(clips, unigram)], learned=True)
    assert check.ok is None
    costs = {part.rsplit(" ", 1)[1] for part in check.detail.split(" nats")[0].split(", ")}
    assert len(costs) == 1, "wrapped around, targets are the same at every offset"


@pytest.mark.parametrize("repeats", [0.0, 0.2, 0.5, 0.8, 0.95])
def test_a_model_of_the_next_token_never_fails_however_often_tokens_repeat(repeats):
    for seed in range(20):
        clips = chain(repeats, seed)
        for learned_from in (clips, chain(repeats, seed + 100)):
            check = shift_check([predictions(clips, table(learned_from, 1))], learned=True)
            assert check.ok is not False, check.detail


def test_a_model_of_the_next_token_is_told():
    clips = chain(0.2)
    check = shift_check([predictions(clips, table(clips, 1))], learned=True)
    assert check.ok is True
    assert "least at +1" in check.detail


@pytest.mark.parametrize(
    ("offset", "cause"),
    [
        (-1, "the token before"),
        (0, "repeat the token that it is given: the labels are not shifted"),
        (2, "the labels are shifted by two positions"),
        (3, "shifted by three"),
    ],
)
def test_a_model_that_has_learned_another_offset_is_named_with_the_cause(offset, cause):
    clips = chain(0.2)
    check = shift_check([predictions(clips, table(clips, offset))], learned=True)
    assert check.ok is False
    assert cause in check.detail


def test_clips_of_a_few_tokens_tell_nothing():
    clips = chain(0.2, length=5)
    assert shift_check([predictions(clips, table(clips, 1))], learned=True).ok is None


@pytest.mark.parametrize(
    ("scale", "start", "ok"),
    [
        (0.3, "fresh", True),
        (6.0, "fresh", False),
        (0.3, "published", False),
        (0.3, "parent", None),
    ],
)
def test_scores_that_know_nothing_cost_what_chance_does_and_no_more(scale, start, ok):
    scores = scale * torch.randn(V, V, generator=torch.Generator().manual_seed(1))
    check = uniform_check([predictions(chain(0.2), scores)], start)
    assert check.ok is ok
    assert "a uniform guess of its 12 tokens 2.48" in check.detail


def test_the_worst_kind_of_tokens_is_named_and_no_number_is_the_worst():
    clips = chain(0.2)
    fine = predictions(clips, table(clips, 1))
    wrong = evolve(fine, kind="codebook 3", scores=-5 * fine.scores)
    assert uniform_check([fine, wrong], "fresh").detail.startswith("codebook 3 costs")
    broken = evolve(fine, kind="codebook 5", scores=fine.scores * float("nan"))
    check = uniform_check([fine, wrong, broken], "fresh")
    assert check.ok is False
    assert check.detail.startswith("codebook 5 costs nan")


@pytest.mark.parametrize("start", ["parent", "published"])
def test_weights_that_learned_cost_less_than_chance(start):
    clips = chain(0.2)
    assert uniform_check([predictions(clips, table(clips, 1))], start).ok is True


def test_the_first_position_that_is_decoded_otherwise_is_named():
    forced = [torch.randn(9, V), torch.randn(7, V)]
    same = Decoding(forced=forced, cached=[one + 1e-6 for one in forced])
    assert decoding_check(same).ok is True
    cached = [one.clone() for one in forced]
    cached[1][4:] += 0.1
    check = decoding_check(Decoding(forced=forced, cached=cached))
    assert check.ok is False
    assert "from position 4 of clip 1 on" in check.detail
    cached[0][2, 3] = float("nan")
    assert "from position 2 of clip 0" in decoding_check(evolve(same, cached=cached)).detail


def test_weights_are_taken_for_learned_after_some_steps_or_where_they_were_before():
    clips = chain(0.2)
    probe = autoregressive_probe(lambda _: [predictions(clips, table(clips, 1))], "fresh")
    first, later = ({c.name: c.ok for c in probe({}, step)} for step in (0, 50))
    assert (first["order of tokens"], later["order of tokens"]) == (None, True)


def test_what_a_recipe_starts_with():
    assert start_of(toy_recipe()) == "fresh"
    assert start_of(toy_recipe(start=Start(from_="base"))) == "parent"
    assert start_of(toy_recipe(start=Start(from_="base", carry=("schedule",)))) == "fresh"
    assert start_of(toy_recipe(start=Start(weights="published/model.pth"))) == "published"


def test_random_weights_need_a_higher_learning_rate_than_trained_ones():
    assert usual_rates(toy_recipe(), 1e-7) == (1e-5, 1e-2)
    assert usual_rates(toy_recipe(start=Start(from_="toy")), 1e-7) == (1e-7, 1e-2)
