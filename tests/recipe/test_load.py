import subprocess
import sys

import pytest

from engine.recipe import RecipeError, load_recipe
from engine.recipe.optimizers import Constant
from engine.system_support.discovery import recipe_classes
from engine.systems.vqvae.recipe import VqvaeRecipe

FAULTY = """\
schema = 2
name = "words"
system = "vqvae"
summary = 7

[dataset]
corpus = "words"
sample_rate_hz = 16000.0

[model]
kind = "puzle"

[losses]
commitment = "0.25"

[optimizer.autoencodr]
kind = "adam"
learning_rate = 0.0

[training]
epoch = 5
batch_size = 64
learning_rate = 1e-3

[guard."eval/perplexty"]
at = "epoch:1"
above = 2.0
below = 5.0

[verdict]
metric = "eval/order"
cuts = [2.0, 1.0]
keep = ["words"]
say = ["good", "fair", "bad"]
"""


def test_every_fault_of_a_file_in_one_pass_sorted_by_line(faults):
    found = [fault.partition(": ")[0] for fault in faults(FAULTY)]
    assert found == [
        "words.toml:4  summary",
        "words.toml:8  dataset.sample_rate_hz",
        "words.toml:11  model.kind",
        "words.toml:14  losses.commitment",
        "words.toml:16  optimizer.autoencoder",
        "words.toml:16  optimizer.autoencodr",
        "words.toml:18  optimizer.autoencodr.learning_rate",
        "words.toml:20  training.best",
        "words.toml:21  training.epoch",
        "words.toml:23  training.learning_rate",
        'words.toml:25  guard."eval/perplexty"',
        "words.toml:32  verdict.cuts",
    ]


def test_the_message_counts_the_faults_and_a_single_one_stands_alone(load, minimal):
    with pytest.raises(RecipeError, match=r"^12 faults\nwords.toml:4  summary: "):
        load(FAULTY)
    with pytest.raises(RecipeError, match=r"^words.toml:24  trainin: no such setting"):
        load(minimal + "[trainin]\n")


def test_an_unknown_key_is_reported_with_line_and_nearest_name(faults, minimal):
    (fault,) = faults(minimal + "epoch = 3\n")
    assert fault.startswith(
        "words.toml:24  training.epoch: no such setting; did you mean 'epochs'? (known: epochs, "
    )


def test_a_key_that_belongs_elsewhere_says_where(faults, minimal):
    (fault,) = faults(minimal + "learning_rate = 1e-3\n")
    assert "training.learning_rate: no such setting; it belongs in [optimizer.<turn>] " in fault


def test_a_missing_key_is_blamed_on_its_table(faults, minimal):
    (fault,) = faults(minimal.replace("batch_size = 64\n", ""))
    missing = "missing: number of clips in a step, over all devices"
    assert fault == f"words.toml:20  training.batch_size: {missing}"


def test_a_missing_table_is_blamed_on_the_file(faults, minimal):
    (fault,) = faults(minimal.replace('[model]\nkind = "puzzle"\n', ""))
    assert fault == "words.toml:1  model: missing: the networks"


def test_an_inherited_fault_is_blamed_on_the_parent(write, minimal):
    write(minimal.replace("epochs = 5", "epochs = 0"), "parent")
    path = write('extends = "parent.toml"\n\n[training]\nbatch_size = 0\n')
    with pytest.raises(RecipeError) as caught:
        load_recipe(path, classes=recipe_classes())
    assert [str(fault) for fault in caught.value.faults] == [
        "parent.toml:21  training.epochs: must be at least 1",
        "words.toml:4  training.batch_size: must be at least 1",
    ]


def test_a_name_that_is_given_is_the_files_own(write, minimal):
    path = write(minimal.replace('"words"', '"other"', 1))
    with pytest.raises(RecipeError, match=r"words.toml:2  name: .* file's own name, 'words'"):
        load_recipe(path, classes=recipe_classes())


def test_a_recipe_beside_a_run_keeps_its_name(write, minimal):
    assert load_recipe(write(minimal, "recipe"), classes=recipe_classes()).name == "words"


def test_an_unknown_system_is_the_only_fault_and_lists_the_known(faults, minimal):
    text = minimal.replace('"vqvae"', '"vqvea"').replace("epochs = 5", "epochs = 0")
    assert faults(text.partition("\n[model]")[0]) == [
        "words.toml:3  system: no such system: 'vqvea'; did you mean 'vqvae'? (known: codec, "
        "codec_lm, rvc, vqvae, xtts). Is its package installed in this environment? "
        "docs/adding-a-system.md"
    ]


def test_a_system_that_is_no_word_is_a_type_fault(faults, minimal):
    assert faults(minimal.replace('"vqvae"', "3")) == ["words.toml:3  system: expected text, got 3"]


def test_a_date_is_one_fault_even_where_text_is_wanted(faults, minimal):
    (fault,) = faults(minimal.replace('"a test"', "2024-01-01"))
    assert fault.startswith("words.toml:4  summary: dates and times are not allowed")
    assert "'2024-01-01' in quotes" in fault


def test_a_turn_without_schedule_gets_a_constant_one(load):
    assert load().schedule == {"autoencoder": Constant()}


def test_what_the_quantizer_does_not_produce_is_reported_by_its_system(faults, minimal):
    text = minimal.replace('kind = "puzzle"', 'kind = "puzzle"\nquantizer = { kind = "ema" }')
    (fault,) = faults(text)
    assert fault.startswith("words.toml:15  losses.codebook: the ema quantizer has no codebook")


def test_reading_recipes_imports_no_torch():
    code = (
        "import sys; from engine.system_support.discovery import recipe_classes; recipe_classes(); "
        "sys.exit(bool({'torch', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_child_of_a_recipe_that_continues_may_start_from_scratch(load, write, minimal):
    text = minimal + "\n[start]\nweights = 'published/model.pth'\n"
    assert load(text).start.weights == "published/model.pth"
    child = write("extends = 'words.toml'\n[start]\nfrom = 'scratch'\n", "child")
    assert load_recipe(child, classes=recipe_classes()).start is None


DEFAULT = "eval/perplexity"


def test_a_recipe_has_the_guards_of_its_system(load):
    assert load().guard == {DEFAULT: (VqvaeRecipe.default_guards[DEFAULT],)}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("at = 'epoch:9'", ("epoch:9", 2.0, "stop")),
        ("action = 'off'", ("from step:150", 2.0, "off")),
    ],
)
def test_a_recipe_changes_a_guard_of_its_system_key_by_key(load, minimal, change, expected):
    (guard,) = load(f"{minimal}\n[guard]\n'{DEFAULT}' = {{ {change} }}\n").guard[DEFAULT]
    assert (guard.at, guard.above, guard.action) == expected


def test_another_condition_takes_the_place_of_the_systems(load, minimal):
    (guard,) = load(f"{minimal}\n[guard]\n'{DEFAULT}' = {{ below = 9.0 }}\n").guard[DEFAULT]
    assert (guard.below, guard.above) == (9.0, None)


def test_a_fault_is_blamed_on_the_recipe_and_not_on_the_guards_of_its_system(faults, minimal):
    (fault,) = faults(f"{minimal}\n[guard]\n'{DEFAULT}' = {{ below = 9.0, above = 1.0 }}\n")
    assert fault.startswith('words.toml:26  guard."eval/perplexity": give exactly one of')
    (missing,) = faults(minimal.replace('[model]\nkind = "puzzle"\n', "[guard]\n"))
    assert missing == "words.toml:1  model: missing: the networks"


def test_no_recipe_is_called_scratch(write, minimal):
    path = write(minimal.replace('"words"', '"scratch"'), "scratch")
    with pytest.raises(RecipeError, match="cannot be named 'scratch'"):
        load_recipe(path, classes=recipe_classes())
