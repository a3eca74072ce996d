import numpy as np
import pytest
from attrs import frozen

from engine.errors import UserError
from engine.system_support.lower_rates import recorded_lower, upsampled_warnings


@frozen
class Recorded:
    """What is asked of a clip."""

    id: str
    sample_rate_hz: int


CLIPS = [Recorded("a", 44_100), Recorded("b", 8_000), Recorded("c", 22_050)]


def test_clips_of_a_lower_rate_are_found():
    for choice in ("allow", "leave_out"):
        assert recorded_lower(CLIPS, "voice", 22_050, choice).tolist() == [False, True, False]


def test_they_are_refused_by_name_where_the_recipe_says_so():
    with pytest.raises(UserError, match=r"1 of the 3 clips of corpus 'voice'.* b \(8,000 Hz\)"):
        recorded_lower(CLIPS, "voice", 22_050, "refuse")
    assert not recorded_lower(CLIPS, "voice", 8_000, "refuse").any()


def test_what_is_used_of_them_is_warned_of():
    (warning,) = upsampled_warnings(CLIPS, np.array([0, 1]), 22_050)
    assert warning.startswith("1 of the 2 clips that are used were recorded below 22,050 Hz, the")
    assert upsampled_warnings(CLIPS, np.array([0, 2]), 22_050) == []
