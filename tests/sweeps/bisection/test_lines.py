"""The lines in which two recipes differ, and recipes with some of them."""

from pathlib import Path

import pytest

from engine.errors import UserError
from engine.recipe import load_recipe
from engine.sweeps.bisection.lines import lines_of, mixture, not_tested
from engine.sweeps.bisection.plan import plan_of, require_comparable, require_lines
from engine.system_support.discovery import recipe_classes

PATH = Path(__file__).parents[3] / "recipes" / "audio_vae_plus.toml"


def recipe(*overrides):
    return load_recipe(PATH, classes=recipe_classes(), overrides=overrides)


def lines(*overrides):
    return {line.name: line for line in lines_of(recipe(), recipe(*overrides))}


def test_each_key_that_affects_training_is_a_line():
    found = lines(
        "training.batch_size=8",
        "optimizer.autoencoder.learning_rate=1e-4",
        "training.log_every_steps=3",
        "summary='another'",
    )
    assert [*found] == ["optimizer.autoencoder.learning_rate", "training.batch_size"]
    said = "training.batch_size: 64 -> 8"
    assert found["training.batch_size"].said == said


def test_a_table_whose_kind_differs_is_one_line():
    found = lines("model.quantizer={kind='gradient', num_codes=12}", "training.batch_size=8")
    assert [*found] == ["model.quantizer", "training.batch_size"]
    assert found["model.quantizer"].said == "model.quantizer: ordered -> gradient"
    mixed = mixture(recipe(), [found["model.quantizer"]], 50)
    assert mixed["model"]["quantizer"] == {"kind": "gradient", "num_codes": 12}


def test_alternatives_are_one_line_and_replace_each_other():
    (line,) = lines("schedule.autoencoder.warmup_share=0.1").values()
    assert line.name == "schedule.autoencoder.warmup_share|warmup_steps"
    schedule = mixture(recipe(), [line], 50)["schedule"]["autoencoder"]
    assert (schedule["warmup_share"], schedule["warmup_steps"]) == (0.1, 0)


def test_short_runs_set_their_length_and_it_is_not_a_line():
    longer = recipe("training.epochs=9", "training.batch_size=8")
    assert not_tested(recipe(), longer) == ["training.epochs"]
    mixed = mixture(recipe(), lines_of(recipe(), longer), 50)["training"]
    assert (mixed["steps"], mixed["evaluate_every"], mixed["batch_size"]) == (50, "step:50", 8)
    assert "epochs" not in mixed


def test_the_good_recipe_is_not_changed():
    before = recipe()
    mixture(before, lines_of(before, recipe("training.batch_size=8")), 50)
    assert before == recipe()


def test_the_number_of_runs_is_bounded_and_at_least_a_halving_each():
    plan = plan_of(16, 6, 100)
    assert (plan.least, plan.most, plan.one_at_a_time) == (3 * 2 + 4 + 3 * 2 + 3, 100, 6 * 17)
    assert plan_of(1, 2, 100).most < 100


def test_what_a_search_saves_is_said_and_where_it_saves_nothing():
    many, few = plan_of(16, 6, 100).said, plan_of(2, 2, 100).said
    assert "saves up to 83 of the 102 runs that trying each line alone would take" in many
    assert "which saves none of the 6 runs" in few


def test_nothing_to_search_among_is_refused():
    with pytest.raises(UserError, match="No value that affects training differs between a and b"):
        require_lines(("a", "b"), [], [])
    with pytest.raises(UserError, match=r"differ only in training\.epochs, which short runs set"):
        require_lines(("a", "b"), [], ["training.epochs"])


def test_two_systems_and_a_metric_without_a_direction_are_refused():
    other = load_recipe(PATH.with_name("codec_dac_fixed.toml"), classes=recipe_classes())
    with pytest.raises(UserError, match="of the system 'vqvae' and codec_dac_fixed of 'codec'"):
        require_comparable(recipe(), other, "eval/rmse_db")
    for metric in ("eval/perplexity", "eval/nothing"):
        with pytest.raises(UserError, match="lower or higher must be better") as refused:
            require_comparable(recipe(), recipe(), metric)
        assert "eval/rmse_db" in refused.value.allowed
    assert require_comparable(recipe(), recipe(), "eval/rmse_db")
