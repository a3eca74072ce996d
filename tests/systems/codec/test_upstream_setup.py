"""The published setup, and the recipes that follow or leave it."""

from pathlib import Path

import pytest

from engine.recipe import diff_recipes, load_recipe, recipe_profiles, to_plain
from engine.recipe.diff import leaves
from engine.systems import recipe_classes
from engine.systems.codec.upstream_setup import NOTES, SETUPS

RECIPES = Path(__file__).parents[3] / "recipes"
PUBLISHED = SETUPS["dac_44khz"]
NAMES = ["codec_dac_paper", "codec_dac_fixed"]
CASES = [(name, one) for name in NAMES for one in recipe_profiles(RECIPES / f"{name}.toml")]


def load(name, profile="full"):
    return load_recipe(RECIPES / f"{name}.toml", classes=recipe_classes(), profile=profile)


def departures(name, profile="full"):
    published, ours = leaves(PUBLISHED), leaves(to_plain(load(name, profile)))
    changes = diff_recipes(published, {path: ours.get(path) for path in published})
    return {change.path: (change.left, change.right) for change in changes}


def test_the_papers_recipe_is_the_published_setup_but_for_what_is_safer_or_cheaper():
    assert departures("codec_dac_paper") == {
        "dataset.upsampling": ("allow", "refuse"),
        "training.evaluate_every": ("step:1000", "step:5000"),
    }


def test_the_first_authors_recipe_differs_in_what_he_says_alone():
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
    ("profile", "kbps"), [("full", 7.75), ("44khz_16kbps", 15.5), ("24khz", 24.0), ("16khz", 6.0)]
)
@pytest.mark.parametrize("name", NAMES)
def test_profiles_have_the_published_bitrates(name, profile, kbps):
    assert load(name, profile).bits_per_second / 1000 == pytest.approx(kbps, abs=0.01)


@pytest.mark.parametrize(("name", "profile"), CASES)
def test_what_is_guarded_and_believed_lies_within_the_run(name, profile):
    recipe = load(name, profile)
    unit, last = (
        ("step", recipe.training.steps)
        if recipe.training.steps
        else ("epoch", recipe.training.epochs)
    )
    for guard in recipe.guard.values():
        at = guard.at.removeprefix("from ")
        assert at == "always" or int(at.removeprefix(f"{unit}:")) <= last
        assert guard.because
    for expectation in recipe.expect.values():
        assert max(getattr(expectation, f"{unit}s")) <= last
        assert expectation.because


def test_every_note_but_remarks_is_of_a_published_value():
    paths = {path for path in NOTES if "." in path}
    assert paths <= set(leaves(PUBLISHED))
