from engine.recipe.faults import Place
from engine.recipe.layers import Layer, merge


def layer(values, source="a.toml"):
    places = {(): Place(source, 1)}
    _note(values, (), source, places)
    return Layer(values, places)


def _note(values, path, source, places):
    for key, value in values.items():
        places[(*path, key)] = Place(source, len(places))
        if isinstance(value, dict):
            _note(value, (*path, key), source, places)


def merged(base, over):
    return merge(layer(base, "base"), layer(over, "over"))


def test_tables_merge_key_by_key_and_lists_are_replaced():
    result = merged({"t": {"a": 1, "b": [1, 2]}}, {"t": {"b": [3], "c": 4}})
    assert result.values == {"t": {"a": 1, "b": [3], "c": 4}}


def test_a_value_is_blamed_on_the_layer_that_wrote_it():
    result = merged({"t": {"a": 1, "b": 2}}, {"t": {"b": 3}})
    assert result.place(("t", "a")).source == "base"
    assert result.place(("t", "b")).source == "over"


def test_a_merged_table_keeps_its_place_and_a_replaced_one_does_not():
    base = {"t": {"a": 1}, "model": {"kind": "a", "inner": {}}}
    result = merged(base, {"t": {"b": 2}, "model": {"kind": "b", "inner": {}}})
    assert result.place(("t",)).source == "base"
    assert result.place(("model",)).source == "over"
    assert result.place(("model", "inner")).source == "over"


def test_what_was_not_written_is_blamed_on_its_table():
    assert merged({"t": {"a": 1}}, {}).place(("t", "x", "y")) == Place("base", 1)


def test_a_changed_kind_inherits_nothing_below_it():
    base = {"model": {"kind": "a", "size": 1, "inner": {"x": 1}}}
    result = merged(base, {"model": {"kind": "b", "inner": {"y": 2}}})
    assert result.values == {"model": {"kind": "b", "inner": {"y": 2}}}
    assert ("model", "size") not in result.places
    assert ("model", "inner", "x") not in result.places


def test_the_same_kind_inherits():
    result = merged({"model": {"kind": "a", "size": 1}}, {"model": {"kind": "a", "depth": 2}})
    assert result.values == {"model": {"kind": "a", "size": 1, "depth": 2}}


def test_one_alternative_replaces_the_other():
    result = merged({"training": {"epochs": 5, "batch_size": 8}}, {"training": {"steps": 100}})
    assert result.values == {"training": {"steps": 100, "batch_size": 8}}


def test_two_alternatives_written_together_both_stay():
    result = merged({"training": {"epochs": 5}}, {"training": {"epochs": 3, "steps": 100}})
    assert result.values == {"training": {"epochs": 3, "steps": 100}}


def test_a_value_may_take_the_place_of_a_table_and_the_other_way_round():
    assert merged({"t": {"a": 1}}, {"t": 3}).values == {"t": 3}
    assert merged({"t": 3}, {"t": {"a": 1}}).values == {"t": {"a": 1}}


def test_merging_changes_neither_layer():
    base, over = layer({"t": {"a": 1}}), layer({"t": {"b": 2}})
    merge(base, over)
    assert base.values == {"t": {"a": 1}}
    assert over.values == {"t": {"b": 2}}


def test_a_key_is_left_out_with_its_places():
    result = layer({"a": {"b": 1}, "c": 2}).without("a")
    assert result.values == {"c": 2}
    assert set(result.places) == {(), ("c",)}
