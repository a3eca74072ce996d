import pytest

from engine.recipe import RecipeError, load_recipe
from engine.recipe.lineage import profile_of, read_document
from engine.system_support.discovery import recipe_classes

DEMO = 'extends = "../words.toml"\n[training]\nsteps = 20\n'


def message(path) -> str:
    with pytest.raises(RecipeError) as caught:
        read_document(path)
    return str(caught.value)


def test_a_child_adds_to_its_parent_and_each_value_keeps_its_line(write):
    write("a = 1\n[t]\nx = 1\ny = 2\n", "parent")
    child = read_document(write('extends = "parent.toml"\n\n[t]\ny = 3\n'))
    assert child.values == {"a": 1, "t": {"x": 1, "y": 3}}
    assert str(child.place(("t", "x"))) == "parent.toml:3"
    assert str(child.place(("t", "y"))) == "words.toml:4"


def test_a_chain_of_parents_is_followed(write):
    write("a = 1\nb = 1\nc = 1\n", "first")
    write('extends = "first.toml"\nb = 2\nc = 2\n', "second")
    assert read_document(write('extends = "second.toml"\nc = 3\n')).values == {
        "a": 1,
        "b": 2,
        "c": 3,
    }


def test_a_recipe_that_extends_itself_is_refused(write):
    wrong = message(write('a = 1\nextends = "words.toml"\n'))
    assert wrong == (
        "words.toml:2  extends: a recipe may not extend itself: words.toml -> words.toml"
    )


def test_a_circle_is_refused_and_named(write):
    write('extends = "words.toml"\n', "b")
    wrong = message(write('extends = "b.toml"\n'))
    assert wrong.endswith("itself: words.toml -> b.toml -> words.toml")


def test_a_missing_parent_is_blamed_on_the_line_that_names_it(write):
    write("", "parent")
    wrong = message(write('\nextends = "parnt.toml"\n'))
    assert wrong.startswith("words.toml:2  extends: no such file; did you mean 'parent.toml'?")


@pytest.mark.parametrize("value", ["3", '"/etc/parent.toml"', "[]", '"parent"'])
def test_a_parent_is_a_relative_path(write, value):
    assert "expected the path of the parent" in message(write(f"extends = {value}\n"))


def test_a_name_is_not_inherited(write, minimal):
    write(minimal.replace('"words"', '"parent"', 1), "parent")
    path = write('extends = "parent.toml"\n')
    assert load_recipe(path, classes=recipe_classes()).name == "words"


def test_a_childs_body_wins_over_all_that_it_inherits(write, minimal):
    write(minimal, "recipes/first")
    write('extends = "first.toml"\n[training]\nsteps = 9\n', "recipes/words")
    demo = write(DEMO, "recipes/demo/words")
    write('extends = "words.toml"\n[training]\nbatch_size = 4\nsteps = 7\n', "recipes/child")
    child = demo.parents[1] / "child.toml"
    trained = [load_recipe(one, classes=recipe_classes()).training for one in (demo, child)]
    assert [(one.steps, one.epochs, one.batch_size) for one in trained] == [
        (20, None, 64),
        (7, None, 4),
    ]


def test_a_demo_has_the_name_of_its_recipe_and_a_fault_its_own_line(write, minimal):
    write(minimal, "recipes/words")
    demo = write(DEMO, "recipes/demo/words")
    assert load_recipe(demo, classes=recipe_classes()).name == "words"
    write(DEMO.replace("20", '"20"'), "recipes/demo/words")
    with pytest.raises(RecipeError, match=r"^recipes/demo/words.toml:3  training.steps: expected"):
        load_recipe(demo, classes=recipe_classes())


@pytest.mark.parametrize(
    ("extends", "line"),
    [('extends = "../other.toml"', 1), ('extends = "other.toml"', 1), ("[training]", 1)],
)
def test_a_demo_extends_its_own_recipe(write, minimal, extends, line):
    for name in ("words", "other", "demo/other"):
        write(minimal.replace('name = "words"\n', ""), f"recipes/{name}")
    assert message(write(f"{extends}\n", "recipes/demo/words")) == (
        f"recipes/demo/words.toml:{line}  extends: a recipe of recipes/demo extends its own: "
        'extends = "../words.toml"'
    )


def test_a_demo_without_a_recipe_is_refused(write, minimal):
    write(minimal, "recipes/word")
    assert message(write(DEMO, "recipes/demo/words")) == (
        "recipes/demo/words.toml:1  extends: no such file; did you mean 'word.toml'? (there are: "
        "word.toml)"
    )


def test_no_recipe_extends_a_demo(write, minimal):
    write(minimal, "recipes/words")
    write(DEMO, "recipes/demo/words")
    assert message(write('extends = "demo/words.toml"\n', "recipes/child")) == (
        "recipes/child.toml:1  extends: a recipe may not extend a demo, one of recipes/demo: "
        "extend words.toml"
    )


@pytest.mark.parametrize("outside", ["../words.toml", "../upstream/words.toml", "a/b/words.toml"])
def test_a_parent_lies_in_recipes(write, minimal, outside):
    for name in ("words", "upstream/words", "recipes/a/b/words"):
        write(minimal, name)
    said = message(write(f'extends = "{outside}"\n', "recipes/words"))
    assert said == (
        f"recipes/words.toml:1  extends: {outside} lies outside recipes/; "
        "extend a recipe of that folder"
    )


def test_the_profile_of_a_file_is_its_folder_below_recipes(folder):
    recipes = folder / "recipes"
    assert profile_of(recipes / "demo" / "words.toml") == "demo"
    assert profile_of(recipes / "words.toml") is None
    assert profile_of(recipes / "demo" / ".." / "words.toml") is None
    assert profile_of(folder / "upstream" / "words.toml") is None
