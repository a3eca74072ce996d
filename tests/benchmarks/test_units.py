"""A slice of the campaign on units: what was measured otherwise is subtracted nowhere."""

import numpy as np

from benchmarks.units.__main__ import _count
from benchmarks.units.pairs import CHANGES, PLACES, random_unit


def test_no_place_subtracts_where_one_part_differs_and_each_does_where_none_does():
    found = _count("pairs of a test", num_pairs=len(CHANGES))
    assert found["of"] == dict.fromkeys(CHANGES, 1) | {"nothing": len(CHANGES)}
    for changed in CHANGES:
        assert found["subtracted"][changed] == dict.fromkeys(PLACES, 0), changed
    assert found["subtracted"]["nothing"] == dict.fromkeys(PLACES, len(CHANGES))


def test_a_change_is_a_change_of_the_unit_or_of_the_clips():
    random = np.random.default_rng(0)
    for name, change in CHANGES.items():
        if name == "not recorded":
            continue
        for _ in range(50):
            unit, clips = random_unit(random)
            other, other_clips = change(unit, clips, random)
            assert (unit.digest != other.digest) != (clips != other_clips), name
