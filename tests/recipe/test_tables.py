from typing import Any, Literal

import pytest

from engine.recipe.judgement import Guard
from engine.recipe.optimizers import Optimizer
from engine.recipe.schema import Recipe
from engine.recipe.tables import keys_of, tables_in, toml_key, type_words, walk
from engine.system_support.discovery import recipe_classes


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (int, "whole number"),
        (float | None, "number"),
        (bool, "true or false"),
        (str, "text"),
        (tuple[float, float], "list of 2 numbers"),
        (tuple[int, ...] | None, "list of whole numbers"),
        (tuple[str, ...], "list of texts"),
        (Literal["a", "b"], "'a' or 'b'"),
        (tuple[Literal["a", "b"], ...], "list of 'a' or 'b'"),
        (Optimizer, "table"),
        (dict[str, tuple[Guard, ...]], "table"),
        (Any, "table"),
    ],
)
def test_types_have_words(annotation, words):
    assert type_words(annotation) == words


def test_every_table_is_walked_with_a_printable_path():
    paths = [section.path for section in walk(Recipe)]
    assert paths[0] == ""
    assert tables_in(dict[str, tuple[Guard, ...]]) == (Guard,)
    assert paths.count("optimizer.<turn>") == len(tables_in(dict[str, Optimizer]))
    assert {"training", "guard.<metric>", "schedule.<turn>", "verdict"} <= set(paths)


def test_what_lies_in_a_table_that_does_not_count_does_not_count():
    counts = {section.path: section.counts for section in walk(Recipe)}
    assert counts["training"]
    assert not counts["guard.<metric>"]


@pytest.mark.parametrize("system", recipe_classes().values())
def test_every_setting_of_every_system_is_declared_with_its_words(system):
    for section in walk(system):
        assert (section.table.__doc__ or "").strip(), section
        for key in keys_of(section.table):
            assert key.metadata.get("doc"), (
                f"{section.path}.{toml_key(key)} is declared by setting()"
            )
            assert type_words(key.type)
