from engine.recipe import Change, diff_recipes


def test_what_differs_is_told_key_by_key():
    left = {"a": 1, "t": {"x": [1], "y": 2.0, "same": "s"}}
    right = {"t": {"x": [1, 2], "y": 2.0, "same": "s"}, "b": True}
    assert diff_recipes(left, right) == [
        Change("a", 1, None),
        Change("t.x", [1], [1, 2]),
        Change("b", None, True),
    ]


def test_a_table_on_one_side_is_told_value_by_value():
    assert diff_recipes({}, {"start": {"from": "a", "pick": "best"}}) == [
        Change("start.from", None, "a"),
        Change("start.pick", None, "best"),
    ]


def test_equal_recipes_differ_in_nothing(load):
    from engine.recipe import to_plain

    assert diff_recipes(to_plain(load()), to_plain(load())) == []
