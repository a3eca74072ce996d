import pytest

from engine.recipe import RecipeError, recipe_profiles
from engine.systems import recipe_classes

DEMO = "\n[profile.demo.training]\nsteps = 20\n"


def test_full_is_the_recipe_as_written(load, minimal):
    assert load(minimal + DEMO).training.epochs == 5


def test_a_profile_is_laid_over_the_recipe(load, minimal):
    training = load(minimal + DEMO, profile="demo").training
    assert (training.steps, training.epochs, training.batch_size) == (20, None, 64)


def test_an_unknown_profile_lists_those_there_are(faults, minimal):
    (fault,) = faults(minimal + DEMO, profile="dmo")
    assert fault.endswith("no profile 'dmo'; did you mean 'demo'? (there are: full, demo)")


def test_a_profile_is_held_to_the_same_types_and_blamed_on_its_line(faults, minimal):
    text = minimal + '\n[profile.demo.training]\nbatch_size = "8"\n'
    line = len(text.splitlines())
    (fault,) = faults(text, profile="demo")
    assert fault == f"words.toml:{line}  training.batch_size: expected a whole number, got '8'"


def test_a_childs_profile_is_merged_with_its_parents(write, minimal):
    from engine.recipe import load_recipe

    write(minimal.replace("words", "parent") + DEMO, "parent")
    path = write(
        'extends = "parent.toml"\nname = "words"\ndataset.corpus = "words"\n'
        "[profile.demo.training]\nbatch_size = 4\n"
    )
    training = load_recipe(path, classes=recipe_classes(), profile="demo").training
    assert (training.steps, training.batch_size) == (20, 4)


def test_profiles_are_listed_with_full_first(write, minimal):
    assert recipe_profiles(write(minimal + DEMO)) == ("full", "demo")


@pytest.mark.parametrize(
    ("text", "path"),
    [("profile = 3", "profile"), ("profile.demo = 3", "profile.demo"), ("[profile.full]", "full")],
)
def test_a_profile_must_be_a_table_with_a_name_of_its_own(write, text, path):
    with pytest.raises(RecipeError, match=path):
        recipe_profiles(write(text))


@pytest.mark.parametrize("key", ["extends", "profile", "profile.other.training.epochs"])
def test_a_profile_holds_neither_profiles_nor_a_parent(faults, minimal, key):
    (fault,) = faults(f"{minimal}\n[profile.demo]\n{key} = 1\n", profile="demo")
    assert f"{key.partition('.')[0]}: no such setting" in fault
