import datetime
from typing import ClassVar, Literal

import pytest
from attrs import frozen

from engine.recipe.fields import above, at_least, setting
from engine.recipe.structure import structure


@frozen(kw_only=True)
class Round:
    kind: ClassVar[str] = "round"
    radius: float = setting("radius", check=above(0.0))


@frozen(kw_only=True)
class Square:
    kind: ClassVar[str] = "square"
    side: float = setting("side", default=1.0)


@frozen(kw_only=True)
class Things:
    count: int = setting("count", default=1, check=at_least(0))
    size: float = setting("size", default=1.0)
    on: bool = setting("on", default=True)
    word: str = setting("word", default="")
    choice: Literal["left", "right"] = setting("choice", default="left")
    maybe: int | None = setting("maybe", default=None)
    numbers: tuple[float, ...] = setting("numbers", default=())
    pair: tuple[float, float] | None = setting("pair", default=None)
    choices: tuple[Literal["a", "b"], ...] = setting("choices", default=())
    shape: Round | Square = setting("shape", default=Square())
    maybe_shape: Round | Square | None = setting("maybe shape", default=None)
    shapes: dict[str, Round] = setting("shapes", default={})
    from_: str = setting("from", default="", key="from")


def wrong(**values) -> list[tuple[str, str]]:
    built, faults = structure(values, Things)
    assert built is None
    return [(".".join(map(str, path)), what) for path, what in faults]


def right(**values) -> Things:
    built, faults = structure(values, Things)
    assert not faults
    assert built is not None
    return built


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("count", 3.7, "expected a whole number, got 3.7"),
        ("count", 3.0, "expected a whole number, got 3.0"),
        ("count", "3", "expected a whole number, got '3'"),
        ("count", True, "expected a whole number, got true"),
        ("count", [], "expected a whole number, got a list of 0"),
        ("count", datetime.date(2024, 1, 1), "expected a whole number, got a date or time"),
        ("count", -1, "must be at least 0"),
        ("size", "1.0", "expected a number, got '1.0'"),
        ("size", False, "expected a number, got false"),
        ("size", float("inf"), "expected a finite number"),
        ("on", "false", "expected true or false, got 'false'"),
        ("on", 0, "expected true or false, got 0"),
        ("word", 5, "expected text, got 5"),
        ("word", {}, "expected text, got a table"),
        ("maybe", "x", "expected a whole number, got 'x'"),
        ("choice", "lft", "expected 'left' or 'right', got 'lft'; did you mean 'left'?"),
        ("choice", 1, "expected 'left' or 'right', got 1"),
        ("choice", [], "expected 'left' or 'right', got a list of 0"),
        ("numbers", "1", "expected a list of numbers, got '1'"),
        ("numbers", 1, "expected a list of numbers, got 1"),
        ("pair", [1.0], "expected a list of 2 numbers, got a list of 1"),
        ("pair", [1.0, 2.0, 3.0], "expected a list of 2 numbers, got a list of 3"),
        ("shape", 3, "expected a table, got 3"),
        ("shapes", [], "expected a table, got a list of 0"),
        ("from", 1, "expected text, got 1"),
    ],
)
def test_nothing_is_coerced(key, value, expected):
    assert wrong(**{key: value}) == [(key, expected)]


def test_a_whole_number_may_stand_for_a_number():
    size = right(size=2).size
    assert (size, type(size)) == (2.0, float)
    assert right(numbers=[1, 2.5]).numbers == (1.0, 2.5)


def test_each_wrong_item_of_a_list_is_named():
    assert wrong(numbers=[1.0, "x", True], choices=["a", "c"]) == [
        ("numbers.1", "expected a number, got 'x'"),
        ("numbers.2", "expected a number, got true"),
        ("choices.1", "expected 'a' or 'b', got 'c'"),
    ]


def test_kind_picks_the_table():
    assert right(shape={"kind": "round", "radius": 2.0}).shape == Round(radius=2.0)
    assert right(maybe_shape={"kind": "square"}).maybe_shape == Square()


def test_an_unknown_kind_lists_the_known():
    assert wrong(shape={"kind": "rond"}) == [
        ("shape.kind", "expected 'round' or 'square', got 'rond'; did you mean 'round'?")
    ]


@pytest.mark.parametrize("kind", [3, [], {}, True])
def test_a_kind_is_a_word(kind):
    ((path, what),) = wrong(shape={"kind": kind})
    assert path == "shape.kind"
    assert what.startswith("expected 'round' or 'square', got ")


def test_a_missing_kind_lists_the_choices():
    assert wrong(maybe_shape={"radius": 1.0}) == [
        ("maybe_shape.kind", "missing; choose 'round' or 'square'")
    ]


def test_a_missing_key_is_named_with_its_meaning():
    assert wrong(shapes={"one": {}}) == [("shapes.one.radius", "missing: radius")]


def test_every_fault_of_every_table_is_found_at_once():
    found = wrong(
        count="x",
        extra=1,
        shape={"kind": "round", "radius": -1.0, "sides": 4},
        shapes={"one": {"radius": "x"}, "two": 3},
    )
    assert {path for path, _ in found} == {
        "count",
        "extra",
        "shape.radius",
        "shape.sides",
        "shapes.one.radius",
        "shapes.two",
    }


def test_an_unknown_key_names_the_nearest_or_where_it_belongs():
    (_, near), (_, home) = wrong(cout=1, radius=2.0)
    assert near.startswith("no such setting; did you mean 'count'? (known: count, size,")
    assert "it belongs in [shape] of kind 'round' or [maybe_shape] of kind 'round' or " in home


def test_a_long_value_is_shortened_in_the_message():
    ((_, what),) = wrong(count="x" * 1000)
    assert len(what) < 120


def test_a_renamed_key_is_read_by_its_name_in_the_file():
    assert right(**{"from": "x"}).from_ == "x"
    assert wrong(from_="x")[0][0] == "from_"


def test_a_whole_that_is_no_table_is_a_fault():
    assert structure(3, Things) == (None, [((), "expected a table, got 3")])
