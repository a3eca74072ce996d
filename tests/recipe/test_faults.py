from pathlib import Path

import pytest

from engine.recipe.faults import Fault, Place, RecipeError, did_you_mean, dotted, listed, shown


def test_a_path_is_written_as_a_person_would():
    assert dotted(("guard", "codes", "between", 1)) == "guard.codes.between[1]"


def test_faults_are_sorted_by_file_and_line_and_told_once():
    late, early = Fault(Place("a.toml", 10), ("x",), "late"), Fault(Place("a.toml", 9), (), "early")
    error = RecipeError([late, early, late])
    assert error.faults == (early, late)
    assert str(error) == "2 faults\na.toml:9  early\na.toml:10  x: late"


def test_an_error_without_faults_is_a_programmers_error():
    with pytest.raises(AssertionError):
        RecipeError([])


def test_the_nearest_name_is_offered_only_where_one_is_near():
    assert did_you_mean("epoch", ["epochs", "steps"]) == "; did you mean 'epochs'?"
    assert did_you_mean("zzz", ["epochs", "steps"]) == ""
    assert listed([]) == "none"


def test_files_are_named_from_where_one_stands(folder):
    assert shown(folder / "recipes" / "a.toml") == "recipes/a.toml"
    assert shown(Path("recipes/a.toml")) == "recipes/a.toml"
    assert shown(Path("/elsewhere/a.toml")) == "/elsewhere/a.toml"
