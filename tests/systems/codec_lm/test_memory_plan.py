"""What fits on which card, found without weights."""

from types import SimpleNamespace

import pytest

from engine.project import Project
from engine.systems.codec_lm.memory_plan import memory_plan
from engine.systems.codec_lm.recipe import Published, Scratch
from engine.training.memory_plan import Way, card_for, table
from engine.training.step_memory import StepMemory


def planned(make_recipe, tmp_path, model, positions):
    return memory_plan(make_recipe(model=model), Project(tmp_path), positions)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Of the released sizes, with activations computed again."""
    recipe = SimpleNamespace(
        model=Published(activation_checkpointing=True),
        adapters=None,
        training=SimpleNamespace(ema_decay=None),
    )
    return memory_plan(recipe, Project(tmp_path_factory.mktemp("nothing")), 8192)


def test_the_released_models_weights_are_counted_without_its_files(published):
    whole, _, in_bf16, adapted = published
    number = 5_771_283_456
    assert whole.learned == whole.gradients == 4 * number
    assert whole.moments == 8 * number
    assert in_bf16.learned == in_bf16.moments == 2 * number
    assert adapted.learned == pytest.approx(4 * 24.3e6, rel=0.01)
    assert 2 * number < adapted.frozen < 4 * number


def test_the_smallest_card_of_each_way_is_named(published):
    cards = [card_for(way.total) for way in published]
    assert cards == ["141 GB", "80 GB", "48 GB", "24 GB"]
    assert all(way.on_each_of(8) < way.total for way in published)
    assert len(list(table(published))) == 1 + len(published)


def test_the_gradients_of_the_first_part_of_a_step_are_there_in_forward_of_the_others():
    sizes = {"frozen": 1, "learned": 2, "gradients": 2, "moments": 4, "averages": 0}
    way = Way(name="any", **sizes, step=StepMemory(forward=30, backward=20))
    assert way.total == 1 + 2 + 2 + 4 + 30


def test_activations_grow_with_positions_and_less_where_layers_are_computed_again(
    make_recipe, tmp_path
):
    small = {"num_layers": 20, "dim": 64, "num_heads": 2, "num_key_heads": 1, "ffn_dim": 128}
    kept, again = (Scratch(**small, activation_checkpointing=choice) for choice in (False, True))
    few, many = (planned(make_recipe, tmp_path, kept, number)[0] for number in (1024, 4096))
    assert 3 * few.step.forward < many.step.forward < 5 * few.step.forward
    assert planned(make_recipe, tmp_path, again, 4096)[0].step.forward < many.step.forward / 2
