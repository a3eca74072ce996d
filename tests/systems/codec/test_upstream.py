"""The published setup, and the recipes that follow or leave it."""

from pathlib import Path

import pytest

from engine.recipe import diff_recipes, load_recipe, to_plain
from engine.system_support.discovery import recipe_classes

ROOT = Path(__file__).parents[3]


def plain(path):
    return to_plain(load_recipe(ROOT / path, classes=recipe_classes()), identity_only=True)


def departures(name):
    changes = diff_recipes(plain("upstream/dac_44khz.toml"), plain(f"recipes/{name}.toml"))
    return {change.path: (change.left, change.right) for change in changes if change.path != "name"}


def test_the_papers_recipe_is_the_published_setup_but_for_what_is_safer_or_cheaper_or_told():
    assert departures("codec_dac_paper") == {
        "dataset.upsampling": ("allow", "refuse"),
        "training.evaluate_every": ("step:1000", "step:5000"),
        "training.best_by": ("value", "paired"),
        "evaluation.quantizers": ([9], [1, 2, 3, 6, 9]),
        "evaluation.judges": ([], ["pesq", "stoi"]),
    }


def test_the_recipe_of_write_up_001_differs_in_what_that_says_alone():
    assert set(departures("codec_dac_fixed")) - set(departures("codec_dac_paper")) == {
        "losses.commitment",
        "losses.feature",
        "losses.mel",
        "losses.waveform",
        "model.discriminator.features",
        "model.discriminator.loss",
        "model.discriminator.reduction",
        "schedule.discriminator.every",
        "schedule.discriminator.gamma",
        "schedule.discriminator.kind",
        "schedule.generator.every",
        "schedule.generator.gamma",
        "schedule.generator.kind",
        "training.batch_size",
        "training.best",
        "training.best_is",
        "training.epochs",
        "training.steps",
    }


@pytest.mark.parametrize(
    ("name", "kbps"),
    [
        ("codec_dac_paper", 7.75),
        ("codec_dac_fixed", 7.75),
        ("codec_dac_44khz_16kbps", 15.5),
        ("codec_dac_24khz", 24.0),
        ("codec_dac_16khz", 6.0),
    ],
)
def test_recipes_have_the_published_bitrates(name, kbps):
    recipe = load_recipe(ROOT / "recipes" / f"{name}.toml", classes=recipe_classes())
    assert recipe.bits_per_second / 1000 == pytest.approx(kbps, abs=0.01)


@pytest.mark.parametrize("name", ["codec_dac_44khz_16kbps", "codec_dac_24khz", "codec_dac_16khz"])
def test_the_other_published_sizes_differ_from_the_paper_in_sizes_alone(name):
    own = set(departures(name)) - set(departures("codec_dac_paper"))
    assert own <= {
        "dataset.sample_rate_hz",
        "model.decoder_rates",
        "model.encoder_rates",
        "model.latent_dim",
        "model.num_codebooks",
    }
