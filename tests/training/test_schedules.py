import math

import pytest

from engine.recipe.optimizers import Constant, Cosine, Exponential, MultiStep
from engine.training.schedules import Length, learning_rate

LENGTH = Length(total_steps=100, steps_per_epoch=10)


@pytest.mark.parametrize(
    "schedule",
    [
        Constant(warmup_steps=4),
        Cosine(warmup_steps=4),
        Exponential(gamma=0.9, warmup_steps=4),
        MultiStep(milestones=(50,), warmup_steps=4),
    ],
)
def test_the_warm_up_rises_linearly_and_never_starts_at_zero(schedule):
    rates = [learning_rate(0.4, schedule, step, LENGTH) for step in range(4)]
    assert rates == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_a_warm_up_may_be_a_share_of_the_run():
    by_share, by_steps = Cosine(warmup_share=0.04), Cosine(warmup_steps=4)
    for step in range(100):
        expected = learning_rate(0.4, by_steps, step, LENGTH)
        assert learning_rate(0.4, by_share, step, LENGTH) == expected


def test_a_share_and_steps_of_warm_up_are_not_both_given():
    both = Cosine(warmup_steps=4, warmup_share=0.1)
    assert [where for where, _ in both.cross_checks()] == ["warmup_share"]
    assert not list(Cosine(warmup_share=0.1).cross_checks())


def test_cosine_starts_at_the_peak_and_ends_at_its_final_share_with_the_last_step():
    schedule = Cosine(warmup_steps=10, final_share=0.01)
    assert learning_rate(1.0, schedule, 10, LENGTH) == pytest.approx(1.0)
    assert learning_rate(1.0, schedule, 99, LENGTH) == pytest.approx(0.01)
    middle = learning_rate(1.0, Cosine(), 33, LENGTH)
    assert middle == pytest.approx(0.5 * (1 + math.cos(math.pi * 33 / 99)))


def test_cosine_stays_at_its_end_beyond_the_last_step():
    assert learning_rate(1.0, Cosine(final_share=0.1), 500, LENGTH) == pytest.approx(0.1)


def test_exponential_decays_by_step_or_by_epoch():
    by_step, by_epoch = Exponential(gamma=0.5), Exponential(gamma=0.5, every="epoch")
    assert learning_rate(1.0, by_step, 3, LENGTH) == pytest.approx(0.125)
    assert learning_rate(1.0, by_epoch, 9, LENGTH) == 1.0
    assert learning_rate(1.0, by_epoch, 30, LENGTH) == pytest.approx(0.125)


def test_exponential_decay_begins_where_the_warm_up_ends():
    schedule = Exponential(gamma=0.5, warmup_steps=4)
    rates = [learning_rate(1.0, schedule, step, LENGTH) for step in (3, 4, 5)]
    assert rates == pytest.approx([1.0, 1.0, 0.5])


def test_multi_step_drops_at_each_milestone():
    schedule = MultiStep(milestones=(10, 20), gamma=0.1)
    rates = [learning_rate(1.0, schedule, step, LENGTH) for step in (9, 10, 20)]
    assert rates == pytest.approx([1.0, 0.1, 0.01])
