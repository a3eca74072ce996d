"""The recipes that are shipped: all load, fit a screen or two, and point to what is there."""

import re
from pathlib import Path

import pytest

from engine.project import Project
from engine.recipe import load_recipe
from engine.recipe.judgement import guards_on
from engine.recipe.lineage import plain_recipe, profile_of
from engine.recipe.loss_settings import loss_settings
from engine.recipe.plain import to_toml
from engine.system_support.discovery import recipe_classes

ROOT = Path(__file__).parents[2]
WRITTEN = sorted(ROOT.glob("recipes/*.toml"))
DEMOS = sorted(ROOT.glob("recipes/demo/*.toml"))
UPSTREAM = sorted(ROOT.glob("upstream/*.toml"))
POINTER = re.compile(r"docs/([\w-]+)\.md#([\w-]+)")


def load(path: Path):
    return load_recipe(path, classes=recipe_classes())


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def anchors(page: Path) -> set[str]:
    """What a heading of a page can be pointed to by."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_so_many_are_shipped():
    assert (len(WRITTEN), len(DEMOS), len(UPSTREAM)) == (18, 9, 5)


@pytest.mark.parametrize("path", [*WRITTEN, *DEMOS, *UPSTREAM], ids=named)
def test_each_loads_and_none_is_long(path):
    assert load(path).name == path.stem
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= (50 if path.stem == "codec_dac_fixed" and path in WRITTEN else 100)


@pytest.mark.parametrize("path", [*WRITTEN, *DEMOS, *UPSTREAM], ids=named)
def test_what_a_run_writes_of_it_beside_the_weights_loads_as_the_same(path, tmp_path):
    recipe = load(path)
    (tmp_path / path.name).write_text(to_toml(recipe), encoding="utf-8")
    assert load(tmp_path / path.name) == recipe


@pytest.mark.parametrize("path", [*WRITTEN, *DEMOS], ids=named)
def test_what_is_guarded_and_believed_lies_within_the_run_and_has_a_reason(path):
    recipe = load(path)
    training = recipe.training
    unit, last = ("step", training.steps) if training.steps else ("epoch", training.epochs)
    for on in guards_on(recipe.guard):
        at = on.guard.at.removeprefix("from ")
        if not recipe.has_default_guard(on.metric) and at.startswith(unit):
            assert int(at.removeprefix(f"{unit}:")) <= last
        assert on.guard.because, on.name
    for metric, expectation in recipe.expect.items():
        points = getattr(expectation, f"{unit}s")
        assert points is None or max(points) <= last
        assert expectation.because, metric


@pytest.mark.parametrize("path", [*WRITTEN, *DEMOS, *UPSTREAM], ids=named)
def test_every_place_in_the_docs_that_a_recipe_points_to_is_there(path):
    recipe = load(path)
    guards = [on.guard.because for on in guards_on(recipe.guard)]
    pointed = "\n".join([path.read_text(encoding="utf-8"), *guards])
    for page, anchor in POINTER.findall(pointed):
        assert anchor in anchors(ROOT / "docs" / f"{page}.md"), f"docs/{page}.md#{anchor}"


def test_the_recipes_do_point_to_the_docs():
    assert len({*POINTER.findall("".join(p.read_text("utf-8") for p in WRITTEN))}) > 5


@pytest.mark.parametrize("path", WRITTEN, ids=named)
def test_a_published_setup_is_a_file(path):
    upstream = load(path).upstream
    assert upstream is not None
    assert Project(ROOT).upstream(upstream) in UPSTREAM


@pytest.mark.parametrize("path", DEMOS, ids=named)
def test_a_demo_with_other_losses_says_so_in_its_summary(path):
    assert profile_of(path) == "demo"
    written = load(plain_recipe(path))
    settings = loss_settings(load(path), written)
    assert (settings is not None) == (
        path.stem in ("codec_dac_fixed", "codec_tokens", "rvc_v2_40k")
    )
    if settings is not None:
        assert settings in load(path).summary


def test_other_losses_are_told_in_words_and_figures():
    path = ROOT / "recipes" / "codec_dac_fixed.toml"
    said = loss_settings(load(path.parent / "demo" / path.name), load(path))
    assert said == (
        "demo settings: least squares instead of hinge, sum instead of mean over discriminators, "
        "sum instead of mean over feature maps, feature 2 instead of 10, mel 5 instead of 0, "
        "waveform 500 instead of 0.1, commitment 0.25 instead of 1"
    )
    assert loss_settings(load(path), load(path)) is None
