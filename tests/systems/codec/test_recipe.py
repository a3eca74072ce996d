from pathlib import Path

import pytest

from engine.recipe import load_recipe
from engine.recipe.faults import RecipeError
from engine.system_support.discovery import recipe_classes
from engine.systems.codec.recipe import GENERATOR_TERMS, CodecRecipe

RECIPES = Path(__file__).parents[3] / "recipes"


def load(name="codec_dac_fixed", *overrides):
    path = RECIPES / f"{name}.toml"
    return load_recipe(path, classes=recipe_classes(), overrides=overrides)


def fault(*overrides):
    with pytest.raises(RecipeError) as caught:
        load("demo/codec_dac_fixed", *overrides)
    return str(caught.value)


def test_the_numbers_of_write_up_001_are_its_own():
    recipe = load("codec_dac_fixed")
    assert (recipe.training.batch_size, recipe.training.epochs) == (16, 100)
    assert {table.learning_rate for table in recipe.optimizer.values()} == {1e-4}
    losses = recipe.losses
    assert (losses.adversarial, losses.feature, losses.waveform, losses.mel) == (
        1.0,
        10.0,
        0.1,
        0.0,
    )
    assert (losses.commitment, losses.codebook) == (1.0, 1.0)
    judge = recipe.model.discriminator
    assert (judge.loss, judge.reduction) == ("hinge", "mean")
    assert (judge.periods, judge.stft_windows) == ((2, 3, 5, 7, 11), (2048, 1024, 512))
    assert [one.at for one in recipe.guard["train/discriminator/loss_over_chance"]] == ["epoch:1"]
    assert recipe.expect["eval/snr_db"].epochs == (1, 5, 10, 20)


def test_the_papers_numbers_are_the_papers():
    recipe = load("codec_dac_paper")
    losses, judge = recipe.losses, recipe.model.discriminator
    assert (losses.mel, losses.feature, losses.adversarial) == (15.0, 2.0, 1.0)
    assert (losses.commitment, losses.codebook) == (0.25, 1.0)
    assert (judge.loss, judge.reduction, judge.features) == ("least_squares", "sum", "sum")
    assert recipe.bits_per_second == pytest.approx(7751.953125)
    assert load("codec_dac_24khz").bits_per_second == 24_000
    assert load("codec_dac_16khz").bits_per_second == 6_000


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model.decoder_rates=[8,4,4]", "must multiply to 64, as encoder_rates do"),
        ("dataset.segment_seconds=0.01", "must be at least 289 samples long, for a frame of codes"),
        ("model.discriminator.stft_windows=[510]", "each must be divisible by 4"),
        (
            "model.discriminator.stft_windows=[16]",
            "16 samples has no frequency bin in the band from 0 to 0.1",
        ),
        ("model.discriminator.stft_windows=[]", "give at least one of them"),
        ("evaluation.quantizers=[1,9]", "must be at most 8 (model.num_codebooks), got 9"),
        ("training.best='eval/quantizers_9/mel'", "evaluates 1, 2, 4, 8 quantizers"),
        ("training.best='eval/quantizers_0/mel'", "is not a metric of the evaluation"),
        ("training.best='eval/quantizers_<n>/mel'", "is not a metric of the evaluation"),
        ("training.best='eval/quantizers_3/mel'", "evaluates 1, 2, 4, 8 quantizers"),
        ("training.best='eval/codebook_9/usage'", "the model has 8 codebooks"),
        ("training.best='eval/visqol'", "evaluation.judges does not name 'visqol'"),
        ('guard."parent/quantizers_3/mel".below=1.0', "evaluates 1, 2, 4, 8 quantizers"),
        ('guard."train/discriminator/accuracy_stft_64".below=1.0', "no such discrim"),
        ('guard."train/generator/stft".below=1.0', "losses.stft is 0.0"),
        ('guard."train/gradient_share/stft".below=1.0', "losses.stft is 0.0"),
        ('guard."train/generator/restarted_codes".below=1.0', "restart_below is 0.0"),
        ("model.discriminator.starts_at_step=680", "before the discriminators' step 680"),
        ("losses.mel=-1.0", "must be at least 0"),
        ("model.discriminator.every_steps=7", "must lie between 1 and 6"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(override, said):
    assert said in fault(override)


def test_a_recipe_that_learns_nothing_is_refused():
    nothing = [f"losses.{term}=0.0" for term in GENERATOR_TERMS]
    assert "no term of the generator has a weight" in fault(*nothing)
    kept = [one for one in nothing if "commitment" not in one]
    assert "balances gradients at the waveform" in fault(*kept, "losses.balancer={decay=0.9}")


def test_a_guard_of_an_epoch_is_held_against_the_discriminators_first_step():
    recipe = load("codec_dac_fixed", "model.discriminator.starts_at_step=100")
    assert [*recipe.premature_guards(None)] == []
    assert [*recipe.premature_guards(101)] == []
    paths = [path for path, _ in recipe.premature_guards(100)]
    assert paths == [
        "guard.train/discriminator/loss_over_chance.at",
        "guard.train/generator/feature_relative.at",
    ]


def test_a_guard_of_the_system_asks_nothing_of_a_recipe_without_its_metric():
    without = [f"losses.{term}=0.0" for term in ("adversarial", "feature")]
    guard = load("codec_dac_paper", *without).guard["train/generator/feature_relative"]
    assert guard == (CodecRecipe.default_guards["train/generator/feature_relative"],)


def test_a_balancer_does_not_go_with_scaled_losses():
    said = fault("losses.balancer={decay=0.9}", "training.precision='fp16'")
    assert "losses.balancer: needs training.precision 'fp32' or 'bf16'" in said


def test_weights_of_zero_are_no_terms():
    assert "mel" not in load("codec_dac_fixed").generator_weights
    assert "waveform" not in load("codec_dac_paper").generator_weights
    assert load("demo/codec_dac_fixed").evaluated_quantizers == (1, 2, 4, 8)
