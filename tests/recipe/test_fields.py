import attrs
import pytest

from engine.recipe.fields import (
    above,
    ascending,
    at_least,
    between,
    matches,
    not_empty,
    setting,
    within,
)


@pytest.mark.parametrize(
    ("check", "good", "bad", "words"),
    [
        (at_least(1), [1, 2], [0, 0.5], "must be at least 1"),
        (above(0.0), [1e-9, 5], [0, -1], "must be greater than 0"),
        (within(0.0, 1.0), [0, 0.5, 1], [-0.1, 1.1], "must lie between 0 and 1"),
        (between(0.0, 1.0), [0.5, 0.999], [0, 1, 2], "must be greater than 0 and less than 1"),
        (not_empty, [[1], "x"], [[], ""], "must not be empty"),
        (ascending, [(), (1,), (1, 2, 3)], [(1, 1), (2, 1)], "must be ascending"),
        (matches("a|b", "a or b"), ["a", "b"], ["ab"], "must be a or b, got 'ab'"),
    ],
)
def test_a_check_says_what_is_wrong_and_nothing_of_what_is_right(check, good, bad, words):
    assert [check(value) for value in good] == [None] * len(good)
    assert [check(value) for value in bad] == [words] * len(bad)


def test_a_limit_is_told_as_a_person_writes_it():
    assert at_least(0.00001)(0) == "must be at least 1e-05"


def test_the_whole_text_must_match_and_not_a_part():
    check = matches(r"step:\d+", "'step:N'")
    assert check("step:10") is None
    assert check("step:10x") == "must be 'step:N', got 'step:10x'"
    assert check("my step:10") == "must be 'step:N', got 'my step:10'"


@attrs.frozen(kw_only=True)
class Table:
    needed: int = setting("needed")
    named: dict[str, int] = setting("named", default={}, identity=False)
    from_: str = setting("from", default="", key="from", names="metric")


def test_a_setting_carries_its_words_and_whether_it_counts():
    needed, named, renamed = attrs.fields(Table)
    assert needed.default is attrs.NOTHING
    assert (needed.metadata["doc"], needed.metadata["identity"]) == ("needed", True)
    assert named.metadata["identity"] is False
    assert (renamed.metadata["key"], renamed.metadata["names"]) == ("from", "metric")


def test_two_tables_do_not_share_a_default():
    one, two = Table(needed=1), Table(needed=1)
    one.named["x"] = 1
    assert two.named == {}
