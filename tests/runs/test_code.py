from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from engine.project import Project
from engine.recipe import load_recipe
from engine.runs.code import code_files, code_version
from engine.systems import recipe_classes
from tests.training.toy import toy_recipe


def test_the_version_is_the_same_for_the_same_code():
    assert code_version(toy_recipe()) == code_version(toy_recipe(epochs=7))


def test_an_edit_of_the_systems_room_is_another_version(tmp_path, monkeypatch):
    import shutil
    import sys

    from tests.training import toy

    room = tmp_path / "edited_room"
    room.mkdir()
    shutil.copy(toy.__file__, room / "toy_copy.py")
    (room / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    from edited_room import toy_copy

    before = code_version(toy_copy.toy_recipe())
    (room / "toy_copy.py").write_text((room / "toy_copy.py").read_text() + "# edited\n")
    assert code_version(toy_copy.toy_recipe()) != before
    sys.modules.pop("edited_room.toy_copy")


ROOT = Path(__file__).parents[2]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
TRAINED = [name for name, stage in STAGES.items() if stage.get("cmd") == f"cantus train {name}"]


@pytest.mark.parametrize("name", TRAINED)
def test_a_stage_depends_on_the_very_code_that_makes_another_run(name):
    recipe = load_recipe(Project(ROOT).recipe(name), classes=recipe_classes())
    places = [ROOT / dep for dep in STAGES[name]["deps"] if dep.startswith("engine/")]
    files = {file for place in places for file in ([place], place.rglob("*.py"))[place.is_dir()]}
    assert files == set(code_files(recipe))
    assert ROOT / "engine/metrics/codes.py" in files


@pytest.mark.parametrize("name", TRAINED)
def test_what_is_prepared_is_a_stage_that_training_depends_on(name):
    recipe = load_recipe(Project(ROOT).recipe(name), classes=recipe_classes())
    room = type(recipe).__module__.rpartition(".")[0]
    deps, prepared = STAGES[name]["deps"], f"build/prepared/{name}"
    assert (name in STAGES["prepare"]["foreach"]) is (find_spec(f"{room}.prepare") is not None)
    assert (prepared in deps) is (name in STAGES["prepare"]["foreach"])


def test_what_is_prepared_depends_on_the_corpus_and_on_code_that_training_depends_on():
    stage = STAGES["prepare"]
    wanted = {dep for dep in stage["do"]["deps"] if dep.startswith(("engine/", "build/corpus/"))}
    for name, item in stage["foreach"].items():
        assert wanted <= set(STAGES[name]["deps"])
        recipe = load_recipe(Project(ROOT).recipe(name, "demo"), classes=recipe_classes())
        parent = recipe.start.from_ if recipe.start else None
        inherited = f"models/{parent}/evaluation/clips.tsv"
        assert item["evaluated_on"] == (inherited if parent else "evaluation")
