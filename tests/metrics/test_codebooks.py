import numpy as np
import pytest

from engine.metrics.codebooks import CodebookCounts


@pytest.fixture
def random():
    return np.random.default_rng(0)


def test_counts_add_up_over_clips_of_any_length(random):
    codes = random.integers(0, 16, (3, 500))
    counted = CodebookCounts(3, 16)
    for part in np.split(codes, [1, 1, 130], axis=1):
        counted.add(part)
    assert counted.num_frames == 500
    for book in range(3):
        assert counted.counts[book].tolist() == np.bincount(codes[book], minlength=16).tolist()


def test_a_codebook_that_is_used_evenly_is_full_and_one_that_collapsed_is_empty():
    counted = CodebookCounts(2, 8)
    counted.add(np.stack([np.arange(800) % 8, np.full(800, 3)]))
    assert counted.usage.tolist() == [1.0, 1 / 8]
    assert counted.perplexity.tolist() == pytest.approx([8.0, 1.0])
    assert counted.entropy_bits.tolist() == pytest.approx([3.0, 0.0])
    assert counted.bitrate_efficiency == pytest.approx(0.5)
    assert counted.dead_codes == pytest.approx(7 / 16)


@pytest.mark.parametrize("num_frames", [1_000, 4_000])
def test_entropy_is_nearer_the_truth_than_the_plug_in_estimate(random, num_frames):
    shares = np.linspace(1, 3, 256) / np.linspace(1, 3, 256).sum()
    truth = -(shares * np.log2(shares)).sum()
    counted = CodebookCounts(1, 256)
    counted.add(random.choice(256, (1, num_frames), p=shares))
    plug_in = np.log2(counted.perplexity[0])
    assert plug_in < truth
    assert abs(counted.entropy_bits[0] - truth) < 0.3 * (truth - plug_in)


def test_entropy_is_never_more_than_the_bits_of_a_code():
    counted = CodebookCounts(1, 4)
    counted.add(np.array([[0, 1, 2, 3]]))
    assert counted.entropy_bits.tolist() == [2.0]
    assert counted.bitrate_efficiency == 1.0


def test_a_code_or_codebook_that_is_not_there_and_no_frames_at_all_are_refused():
    counted = CodebookCounts(2, 4)
    with pytest.raises(AssertionError, match="4 codes"):
        counted.add(np.array([[0, 1], [2, 4]]))
    with pytest.raises(AssertionError, match="codebooks"):
        counted.add(np.zeros((3, 5), np.int64))
    with pytest.raises(AssertionError, match="no frame"):
        _ = CodebookCounts(2, 4).perplexity
