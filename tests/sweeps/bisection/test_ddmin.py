import pytest

from engine.sweeps.bisection.ddmin import ddmin


@pytest.mark.parametrize("guilty", [{3}, {0, 7}, {2, 5, 11}, set(range(12))])
def test_the_smallest_part_that_fails_is_found(guilty):
    assert set(ddmin(range(12), lambda part: guilty <= set(part))) == guilty


def test_one_of_two_causes_is_found():
    assert ddmin(range(8), lambda part: bool({1, 6} & set(part))) == [1]


def test_no_part_is_asked_for_twice_and_one_item_takes_few_questions():
    asked = []

    def fails(part):
        asked.append(tuple(part))
        return 13 in part

    assert ddmin(range(16), fails) == [13]
    assert len(asked) == len(set(asked))
    assert len(asked) <= 8


def test_a_part_that_cannot_be_decided_counts_as_not_failing():
    undecided = {(0, 1), (2, 3)}
    found = ddmin(range(4), lambda part: tuple(part) not in undecided and 2 in part)
    assert found == [2]


def test_one_item_needs_no_question():
    assert ddmin(["a"], lambda part: pytest.fail("asked")) == ["a"]
