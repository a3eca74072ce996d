import pytest

from engine.recipe import RecipeError, load_params, load_recipe
from engine.system_support.discovery import recipe_classes

SCHEMA_1 = """\
schema = 1
name = "words"
system = "vqvae"

[dataset]
corpus = "words"
phase = "as_recorded"

[training]
best = "eval/voice_gain"

[guard.loss_is_a_number]
finite = "train/loss"

[guard.everything_learns]
alive = "all"

[guard.worth_it]
metric = "eval/rmse_over_grid"
below = 1.0

[expect.order]
metric = "eval/order"
steps = [400]
low = [0.7]

[verdict]
metric = "parent/text_gain"

[profile.demo.guard.worth_it]
below = 2.0

[profile.tiny.dataset]
phase = "random"
"""


def told(path) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        load_recipe(path, classes=recipe_classes())
    return [str(fault) for fault in caught.value.faults]


def test_a_recipe_of_schema_1_is_told_key_by_key_what_to_change(write):
    demo, tiny = (
        f"profiles are files: move it to recipes/{name}/<name>.toml, "
        'with extends = "../<name>.toml"'
        for name in ("demo", "tiny")
    )
    keyed = 'keyed by the metric: write [{}] "{}" = {{ ... }}, without a name'
    ratio = "eval/rmse_ratio_to_uniform_grid"
    assert told(write(SCHEMA_1)) == [
        "words.toml:1  schema: this Cantus reads schema 2: write schema = 2",
        "words.toml:2  name: remove it: a recipe has the name of its file, words",
        "words.toml:7  dataset.phase: renamed: write phase_rotation = 'off'",
        "words.toml:10  training.best: the metric 'eval/voice_gain' was "
        "renamed: write 'eval/mel_ce_increase_wrong_voice'",
        "words.toml:12  guard.loss_is_a_number: 'finite' is always on: remove this guard",
        "words.toml:15  guard.everything_learns: 'alive' is always on: remove this guard",
        f"words.toml:18  guard.worth_it: {keyed.format('guard', ratio)}",
        "words.toml:19  guard.worth_it.metric: the metric 'eval/rmse_over_grid' was renamed: "
        f"write '{ratio}'",
        f"words.toml:22  expect.order: {keyed.format('expect', 'eval/order')}",
        "words.toml:28  verdict.metric: the metric 'parent/text_gain' was "
        "renamed: write 'parent/mel_ce_increase_wrong_text'",
        f"words.toml:30  profile.demo: {demo}",
        f"words.toml:30  profile.demo.guard.worth_it: {keyed.format('guard', ratio)}",
        f"words.toml:33  profile.tiny: {tiny}",
        "words.toml:34  profile.tiny.dataset.phase: renamed: write phase_rotation = 'random'",
    ]


def test_a_parent_of_schema_1_is_named_and_nothing_else_is_said(write):
    write("schema = 1\n", "parent")
    assert told(write('extends = "parent.toml"\nodd = 3\n')) == [
        "parent.toml:1  schema: this Cantus reads schema 2: write schema = 2"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[profile.demo]", "profile.demo: profiles are files: move it to recipes/demo/"),
        (
            "[guard.codes]\nabove = 1.0",
            'guard.codes: keyed by the metric: write [guard] "<metric>"',
        ),
        ("[guard.codes]\nfinite = 'train/loss'", "guard.codes: 'finite' is always on"),
        ("[evaluation]\nperceptual = ['stoi']", "perceptual: renamed: write evaluation.judges"),
        (
            "[guard]\n'eval/rmse_over_grid' = { below = 1 }",
            "write 'eval/rmse_ratio_to_uniform_grid'",
        ),
    ],
)
def test_what_is_old_in_a_new_recipe_is_told_once_beside_its_other_faults(
    faults, minimal, text, said
):
    old, epochs = sorted(faults(f"{minimal.replace('epochs = 5', 'epochs = 0')}\n{text}\n"))[::-1]
    assert said in old
    assert epochs.endswith("training.epochs: must be at least 1")


def test_an_old_metric_of_an_override_is_told(faults, minimal):
    (fault,) = faults(minimal, "training.best=eval/rmse_over_grid")
    assert fault.startswith("-S training.best=eval/rmse_over_grid  training.best: the metric ")
    assert fault.endswith("write 'eval/rmse_ratio_to_uniform_grid'")


def test_the_old_table_of_params_is_told(write):
    path = write(
        "profile = 'full'\nseed = 1\nhardware.num_threads = 1\ncorpora = {}\n[listeners]\n",
        "params",
    )
    with pytest.raises(RecipeError) as caught:
        load_params(path)
    assert str(caught.value) == "params.toml:5  listeners: renamed: write [speech_evaluation]"


def test_the_program_of_visqol_is_told_to_be_a_package_now(write):
    path = write(
        "profile = 'full'\nseed = 1\nhardware.num_threads = 1\ncorpora = {}\n[programs]\n"
        "visqol = 'bin/visqol'\n",
        "params",
    )
    with pytest.raises(RecipeError) as caught:
        load_params(path)
    assert str(caught.value) == (
        "params.toml:5  programs: remove it: ViSQOL comes with pip install 'cantus[judges]', and a "
        "recipe asks for it in evaluation.judges"
    )


def test_a_metric_that_a_system_has_by_an_old_name_of_anothers_is_no_old_one(write):
    classes = recipe_classes()
    written = write(
        """
schema = 2
system = "codec_lm"
summary = "A voice."
[dataset]
corpus = "none"
sample_rate_hz = 8000
[codec]
folder = "codec"
[model]
kind = "scratch"
[training]
steps = 1
batch_size = 1
best = "eval/audio_ce"
[guard."eval/text_gain"]
above = 0.0
[optimizer.lm]
kind = "adamw"
learning_rate = 1e-3
"""
    )
    assert "eval/text_gain" in load_recipe(written, classes=classes).guard
