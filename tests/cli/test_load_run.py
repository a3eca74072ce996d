"""Of other values than its recipe's stage a run has another name, and every command knows it."""

import json

import pytest

from engine.cli.show.load_run import load_run
from engine.errors import UserError
from engine.recipe import write_recipe
from engine.tracking.run_command import how_to_train

FASTER = "optimizer.autoencoder.learning_rate=0.01"


def begun(project, *arguments, **more):
    """A run that was begun here, without what it learned; its name."""
    loaded, variant = load_run(*arguments, **more)
    name = loaded.recipe.name
    folder = project / "runs" / name / "0123456789ab"
    write_recipe(loaded.recipe, folder / "recipe.toml")
    about = {"recipe": name, "of": variant.of, "command": variant.command}
    (folder / "run.json").write_text(json.dumps(about | {"overrides": variant.overrides}))
    (project / "runs" / name / "latest").write_text(folder.name)
    return name


def test_what_the_stage_trains_has_the_recipes_name(project):
    for given in (("words",), ("recipes/demo/words.toml",), ("words", ["training.epochs=1"])):
        loaded, variant = load_run(*given)
        assert (loaded.recipe.name, variant) == ("words", None)


def test_other_values_have_a_name_of_their_own_whatever_the_order_and_the_spelling(project):
    first, variant = load_run("words", [FASTER, "samples.num_clips=2"])
    again, _ = load_run("words", ["samples.num_clips=2", FASTER.replace("0.01", "1e-2")])
    other, _ = load_run("words", [FASTER])
    assert first.recipe.name == again.recipe.name
    assert first.recipe.name.startswith("words+")
    assert len({"words", first.recipe.name, other.recipe.name}) == 3
    assert variant.command == f"cantus train words -S {FASTER} -S samples.num_clips=2"
    assert variant.of == "words"


def test_a_seed_of_its_own_makes_another_run_which_its_name_continues(project):
    loaded, variant = load_run("words", seed=7)
    assert loaded.recipe.name.startswith("words+")
    assert loaded.params.seed == 7
    assert variant.command == "cantus train words --seed 7"
    assert load_run("words", seed=8)[0].recipe.name != loaded.recipe.name
    name = begun(project, "words", seed=7, called="words_seed7")
    about = project / "runs" / name / "0123456789ab" / "run.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | {"own_seed": 7}))
    again, _ = load_run(name)
    assert (again.recipe.name, again.params.seed) == ("words_seed7", 7)
    with pytest.raises(UserError, match="a run with values of its own"):
        load_run(name, seed=8)


def test_another_file_of_the_recipe_than_the_stage_trains_is_another_run(project):
    loaded, variant = load_run("recipes/words.toml")  # under the profile demo
    assert loaded.recipe.name.startswith("words+")
    assert variant.command == "cantus train recipes/words.toml"


def test_a_file_whose_name_is_free_keeps_it(project, recipe):
    (project / "mine.toml").write_text(recipe.replace('name = "words"\n', ""))
    assert load_run("mine.toml")[0].recipe.name == "mine"
    loaded, variant = load_run("mine.toml", [FASTER])
    assert (loaded.recipe.name[:5], variant.of) == ("mine+", "mine")


def test_a_verdict_knows_the_recipe_under_its_new_name(project, recipe):
    verdict = '[verdict]\nmetric = "eval/rmse_db"\ncuts = [1.0]\nkeep = ["words", "grid"]\n'
    text = f'{recipe}\n{verdict}say = ["a", "b"]\n'
    (project / "recipes/words.toml").write_text(text)
    assert load_run("words", [FASTER])[0].recipe.verdict.keep == ("self", "grid")


def test_a_name_can_be_given_and_is_held_by_what_was_trained_under_it(project):
    assert begun(project, "words", [FASTER], called="faster") == "faster"
    assert load_run("words", [FASTER], "faster")[0].recipe.name == "faster"
    with pytest.raises(UserError, match=r"another run is called so .*0\.01 --name faster"):
        load_run("words", ["training.epochs=7"], "faster")


@pytest.mark.parametrize(
    ("called", "said"), [("words", "a recipe is called so"), ("a+b", "must be a word of letters")]
)
def test_names_that_are_taken_or_none_are_refused(project, called, said):
    with pytest.raises(UserError, match=said):
        load_run("words", [FASTER], called)


def test_a_run_is_found_by_its_name_and_goes_on_by_its_own_command(project, cantus):
    name = begun(project, "words", [FASTER])
    loaded, variant = load_run(name)
    assert (loaded.recipe.name, variant.of) == (name, "words")
    assert variant.command == f"cantus train words -S {FASTER}"
    with pytest.raises(UserError, match=r"is a run with values of its own: cantus train words -S"):
        load_run(name, ["training.epochs=2"])
    differing = cantus("diff", "words", name).out
    assert "optimizer.autoencoder.learning_rate  0.001  0.01" in differing


def test_a_phase_of_a_run_names_its_command_where_it_is_not_finished(project):
    from engine.project import Project

    name = begun(project, "words", [FASTER])
    assert how_to_train(Project(project), name) == f"cantus train words -S {FASTER}"
    assert how_to_train(Project(project), "words") == "dvc repro words"
    assert how_to_train(Project(project), "nothing") == "dvc repro nothing"


def test_a_recipes_file_cannot_have_the_name_of_a_run(project, recipe, cantus):
    path = project / "recipes/words+abcdef.toml"
    path.write_text(recipe.replace('name = "words"\n', ""))
    assert "must be a word of letters" in cantus("check").error


def test_a_recipe_may_continue_a_run(project, recipe, cantus):
    (project / "recipes/next.toml").write_text(
        recipe.replace('name = "words"\n', "") + '\n[start]\nfrom = "words+3f9c2a"\n'
    )
    assert cantus("check", "next").code == 0


def test_identity_names_the_command_or_the_file_that_shows_every_value(project):
    from engine.cli.identity import _shown_by

    loaded, variant = load_run("words", [FASTER])
    assert _shown_by("words", loaded, variant) == f"cantus check words -S {FASTER} -v"
    name = begun(project, "words", [FASTER])
    shown = _shown_by(name, *load_run(name))
    assert shown == f"runs/{name}/0123456789ab/recipe.toml"


def test_a_run_that_ended_before_its_first_step_leaves_its_name_free(project):
    name = begun(project, "words", [FASTER], called="mine")
    other = [FASTER.replace("0.01", "0.02")]
    with pytest.raises(UserError, match=r"or delete runs/mine\.$"):
        load_run("words", other, called=name)
    events = project / "runs" / name / "0123456789ab" / "events.jsonl"
    events.write_text('{"kind": "stop", "step": 0, "time": 0.0, "reason": "error"}\n')
    assert load_run("words", other, called=name)[0].recipe.name == name
