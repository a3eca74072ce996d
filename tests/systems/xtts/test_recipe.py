import math
from pathlib import Path

import pytest
from attrs import evolve

from engine.recipe import load_recipe
from engine.recipe.faults import RecipeError
from engine.recipe.training import Start
from engine.system_support.discovery import recipe_classes
from engine.systems.xtts.recipe import Losses, Published, Scratch

RECIPES = Path(__file__).parents[3] / "recipes"


def load(name="xtts_phase1", *overrides):
    path = RECIPES / f"{name}.toml"
    return load_recipe(path, classes=recipe_classes(), overrides=overrides)


def fault(*overrides, name="xtts_phase1"):
    with pytest.raises(RecipeError) as caught:
        load(name, *overrides)
    return str(caught.value)


def test_the_first_authors_numbers_are_his():
    first, second = load(), load("xtts_phase2")
    assert isinstance(first.model, Published)
    assert first.start == Start(weights="published/xtts_v2/model.pth")
    assert (
        15 <= first.training.steps / math.ceil(311 / 3) < 16
    )  # epochs of write-up 002's 311 clips
    assert second.training.epochs == 30
    assert (first.training.batch_size, second.training.batch_size) == (3, 3)
    rates = [recipe.optimizer["gpt"].learning_rate for recipe in (first, second)]
    assert rates == [1.5e-6, 1e-6]
    optimizer = second.optimizer["gpt"]
    assert (optimizer.betas, optimizer.weight_decay) == ((0.9, 0.96), 0.01)
    assert optimizer.decays == "weights"
    assert first.loss_weights == {"mel_ce": 1.0, "text_ce": 0.01}


def test_the_second_phase_is_the_first_but_for_its_start_its_rate_and_its_length():
    first, second = load(), load("xtts_phase2")
    assert second.start == Start(from_="xtts_phase1", pick="step:1500", carry=("weights",))
    assert second.start.evaluation == "inherited"
    for table in ("dataset", "model", "losses", "speech", "schedule", "guard"):
        assert getattr(first, table) == getattr(second, table), table


def test_the_checkpoint_that_the_second_phase_picks_is_kept_by_the_first():
    first, second = load(), load("xtts_phase2")
    step = int(second.start.pick.removeprefix("step:"))
    assert step % int(first.training.keep_every.removeprefix("step:")) == 0
    assert step <= first.training.steps


def test_the_demo_begins_from_scratch_and_its_second_phase_goes_on_from_its_first():
    first, second = (load(f"demo/{name}") for name in ("xtts_phase1", "xtts_phase2"))
    assert (first.start, first.model) == (None, second.model)
    assert isinstance(first.model, Scratch)
    assert (second.start.from_, second.start.weights) == ("xtts_phase1", None)
    assert second.optimizer["gpt"].learning_rate < first.optimizer["gpt"].learning_rate


def test_a_text_loss_without_weight_is_no_term():
    assert evolve(load(), losses=Losses(text_ce=0.0)).loss_weights == {"mel_ce": 1.0}


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model.kind='scratch'", "start.weights needs kind 'published'"),
        ("speech.language='en'", "'en' is not one of dataset.languages, which are hu"),
        ("dataset.languages=[]", "languages"),
        ("dataset.conditioning_seconds=[6.0, 3.0]", "two lengths above 0, the shorter first"),
        ("dataset.conditioning_seconds=[0.0, 3.0]", "two lengths above 0, the shorter first"),
        ("dataset.min_seconds=0.33", "min_seconds"),
        ("dataset.max_seconds=29.0", "max_seconds"),
        ("dataset.max_text_tokens=403", "max_text_tokens"),
        ("losses.mel_ce=0.0", "mel_ce"),
        ("speech.top_k=-1", "top_k"),
        ("speech.top_p=1.5", "top_p"),
        (
            'guard."eval/text_ce"={gap="eval/speech/wer", gap_steps=9}',
            "before and after training only",
        ),
        ('guard."eval/mel".below=4.0', "did you mean 'eval/mel_ce'"),
    ],
)
def test_what_cannot_be_is_refused(override, said):
    assert said in fault(override)


def test_a_figure_of_sentences_takes_sentences():
    said = fault("speech.sentences=[]", 'expect."eval/speech/odd"={steps=[9], low=[0.0]}')
    assert "eval/speech/odd is measured on speech.sentences, which is empty" in said


def test_heads_must_divide_the_width():
    assert "must divide the width of 128, got 3" in fault(
        "model.num_heads=3", name="demo/xtts_phase1"
    )
