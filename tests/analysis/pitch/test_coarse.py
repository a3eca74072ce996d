"""Coarse bins and filled gaps are those of RVC WebUI."""

import numpy as np
import pytest

from engine.analysis.pitch.coarse import coarse_bins, interpolate_unvoiced

HERTZ = [0.0, 49.0, 50.0, 51.0, 55.0, 110.0, 220.0, 261.63, 440.0, 880.0, 1099.0, 1100.0, 1300.0]
BINS = [1, 1, 1, 1, 3, 23, 60, 73, 122, 217, 255, 255, 255]
"""Of `FeatureInput.coarse_f0` (RVC WebUI, July 2026), run on HERTZ."""


def test_bins_are_those_of_rvc_webui():
    bins = coarse_bins(np.array(HERTZ, np.float32))
    assert bins.dtype == np.int64
    assert bins.tolist() == BINS


@pytest.mark.parametrize(
    ("pitch", "filled"),
    [
        ([100, 0, 0, 130, 0], [100, 110, 120, 130, 130]),
        ([0, 0, 200, 0, 100], [200, 200, 200, 150, 100]),
        ([0, 0, 0], [0, 0, 0]),
        ([120, 130], [120, 130]),
        ([], []),
    ],
)
def test_gaps_are_bridged_and_ends_held(pitch, filled):
    before = np.array(pitch, np.float32)
    after = interpolate_unvoiced(before)
    assert after.tolist() == filled
    assert after.dtype == np.float32
    assert before.tolist() == pitch
