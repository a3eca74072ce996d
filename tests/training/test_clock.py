from engine.training.clock import Clock
from tests.training.toy import toy_recipe


def test_epochs_become_steps():
    clock = Clock.of(toy_recipe(epochs=3).training, steps_per_epoch=5)
    assert clock.length.total_steps == 15
    assert [s for s in range(1, 16) if clock.is_due("epoch:1", s)] == [5, 10, 15]
    assert [s for s in range(1, 16) if clock.is_due("step:4", s)] == [4, 8, 12]
    assert clock.epoch(7) == 1.4


def test_steps_are_taken_as_they_are():
    assert Clock.of(toy_recipe(steps=7).training, steps_per_epoch=5).length.total_steps == 7
