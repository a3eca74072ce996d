from pathlib import Path

import pytest

from engine.recipe import load_recipe
from engine.recipe.faults import RecipeError
from engine.recipe.training import Start
from engine.system_support.discovery import recipe_classes
from engine.systems.codec_lm.recipe import Published, Scratch

RECIPES = Path(__file__).parents[3] / "recipes"
DEMO = "demo/higgs_zero_shot"


def load(name="higgs_zero_shot", *overrides):
    path = RECIPES / f"{name}.toml"
    return load_recipe(path, classes=recipe_classes(), overrides=overrides)


def fault(*overrides, name="higgs_zero_shot"):
    with pytest.raises(RecipeError) as caught:
        load(name, *overrides)
    return str(caught.value)


def test_the_full_recipe_is_that_of_write_up_000_with_a_warm_up_that_is_a_share():
    recipe = load()
    assert isinstance(recipe.model, Published)
    assert recipe.start == Start(weights="published/higgs_audio_v2")
    assert recipe.optimizer["lm"].learning_rate == 5e-5
    assert recipe.schedule["lm"].warmup_share == 0.05
    assert recipe.training.precision == "bf16"
    assert recipe.model.activation_checkpointing
    assert recipe.model.max_positions == 2048
    assert recipe.models_read == ()
    assert recipe.dataset.split == "speaker_disjoint"


def test_adapters_are_of_attention_and_of_the_audio_expert():
    recipe = load("higgs_zero_shot_lora")
    assert recipe.adapters is not None
    assert recipe.adapters.layers == ("attention", "audio_expert")
    assert recipe.model == load().model


def test_the_demo_reads_the_codec_that_another_recipe_trains_at_its_rate():
    recipe, codec = load(DEMO), load("demo/codec_tokens")
    assert isinstance(recipe.model, Scratch)
    assert recipe.start is None
    assert recipe.models_read == (codec.name,)
    assert recipe.reads_hz == codec.reads_hz
    assert recipe.dataset.corpus == codec.dataset.corpus
    assert recipe.codec.folder is None


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (['start.weights="w.safetensors"'], "start.weights needs kind 'published'"),
        (['codec.from="higgs_zero_shot"'], "must name another recipe"),
        (["dataset.max_seconds=0.5"], "must be greater than min_seconds, 0.5"),
        (['training.best="eval/generated/stop_rate"'], "measured before and after training only"),
        (["model.num_key_heads=3"], "must divide num_heads, 4"),
        (
            ['model.weights="bfloat16"', "adapters.rank=8"],
            "must be 'float32' where there are adapters",
        ),
        (['model.whisper="large"'], "whisper"),
    ],
)
def test_what_does_not_go_together_is_refused(overrides, said):
    assert said in fault(*overrides, name=DEMO)


def test_figures_of_what_is_generated_need_something_that_is():
    expected = 'expect."eval/generated/stop_rate"={steps=[400], low=[0.9], because="x"}'
    assert "is measured on speech.num_clips clips, which is 0" in fault(
        "speech.num_clips=0", expected, name=DEMO
    )
