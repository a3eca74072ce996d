from pathlib import Path

import pytest
import tomli

from engine.recipe import load_recipe
from engine.report.history import History
from engine.report.trained import run_of, what_was_trained
from engine.system_support.discovery import recipe_classes
from engine.tracking.events import Event
from tests.run_folders import start

RECIPES = Path(__file__).parents[2] / "recipes"
TERMS = ("discriminator/discriminator", "generator/mel", "generator/waveform")


def recipe(name, *overrides):
    return load_recipe(RECIPES / f"{name}.toml", classes=recipe_classes(), overrides=overrides)


def told(*events, overrides=()):
    return " ".join(what_was_trained(History(events), recipe("demo/codec_dac_fixed", *overrides)))


def test_losses_are_those_of_the_values_whatever_the_summary_says():
    assert "waveform 500, " in told()
    assert "(least squares, sum over discriminators, sum over feature maps)" in told()
    changed = told(overrides=["losses.waveform=0.0", "model.discriminator.loss=hinge"])
    assert "waveform" not in changed
    assert "(hinge, " in changed


def test_a_term_that_no_step_had_is_named():
    train = Event("train", 40, 1.0, {f"train/{term}": 1.0 for term in TERMS})
    said = told(start("codec_dac_fixed"), train)
    assert "Not yet begun at step 40: adversarial, feature, commitment, codebook." in said


def test_size_clips_and_steps_are_those_of_the_run():
    data = {"training": 32, "evaluation": 5}
    begun = start("codec_dac_fixed", parameters=812345, data=data)
    said = told(begun, Event("stop", 408, 3.0, facts={"reason": "guard"}))
    assert "812,345 trainable parameters." in said
    assert "Trained on 32 clips, 5 held out for evaluation." in said
    assert "408 steps of 8 clips (3 epochs) done, of 680 steps." in said


def test_a_run_of_other_values_says_which():
    assert run_of({}) is None
    facts = {"of": "words", "overrides": ["a.b=1"], "command": "cantus train words -S a.b=1"}
    assert run_of(facts) == "A run of words with other values: -S a.b=1"
    assert run_of(facts | {"overrides": []}).endswith("cantus train words -S a.b=1")


@pytest.mark.parametrize("path", RECIPES.glob("*/*.toml"), ids=lambda path: path.stem)
def test_a_demo_has_a_summary_of_its_own(path):
    assert tomli.loads(path.read_text("utf-8"))["summary"]
