import pytest
import torch

from engine.errors import UserError
from engine.systems.xtts.network import kmeans
from engine.systems.xtts.network.kmeans import KmeansCodes, fit_centroids, stack_frames


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def error(frames, centroids):
    return float(torch.cdist(frames, centroids).amin(1).square().mean())


def test_every_centroid_is_the_mean_of_the_frames_nearest_to_it():
    frames = normal(500, 320) + 3.0 * normal(20, 320, seed=1).repeat_interleave(25, 0)
    centroids = fit_centroids(frames, 30, seed=0)
    codes = torch.cdist(frames, centroids).argmin(1)
    assert len(codes.unique()) == 30
    for code, centroid in enumerate(centroids):
        torch.testing.assert_close(frames[codes == code].mean(0), centroid)


def test_a_centroid_nearest_to_no_frame_moves_to_one_that_is_far_from_its_own():
    rare = 10.0 * normal(7, 320)
    frames = torch.cat([torch.zeros(200, 320), rare])
    assert error(frames, fit_centroids(frames, 8, seed=0)) < 0.01


def test_the_same_seed_gives_the_same_centroids_and_another_one_others():
    frames = normal(500, 320)
    first = fit_centroids(frames, 32, seed=3)
    assert torch.equal(first, fit_centroids(frames, 32, seed=3))
    assert not torch.equal(first, fit_centroids(frames, 32, seed=4))


def test_iterations_lower_the_error():
    frames = normal(2_000, 320)
    errors = [error(frames, fit_centroids(frames, 32, 0, iterations=n)) for n in (0, 1, 5, 20)]
    assert errors == sorted(errors, reverse=True)
    assert len(set(errors)) == 4


def test_frames_taken_in_parts_give_the_same_centroids(monkeypatch):
    frames = normal(500, 320)
    whole = fit_centroids(frames, 16, seed=0)
    monkeypatch.setattr(kmeans, "_ROWS_AT_ONCE", 64)
    torch.testing.assert_close(fit_centroids(frames, 16, seed=0), whole)


def test_fewer_frames_than_codes_are_refused():
    with pytest.raises(UserError, match="256 audio codes cannot be fitted to 100 pieces"):
        fit_centroids(normal(100, 320), 256, seed=0)


def test_a_stack_holds_four_successive_frames_and_the_last_frame_fills_the_last_stack():
    mel = normal(2, 80, 10)
    stacked = stack_frames(mel)
    assert stacked.shape == (2, 3, 320)
    assert torch.equal(stacked[1, 1], torch.cat([mel[1, :, frame] for frame in (4, 5, 6, 7)]))
    assert torch.equal(stacked[1, 2], torch.cat([mel[1, :, frame] for frame in (8, 9, 9, 9)]))


def test_what_is_made_of_centroids_is_coded_and_decoded_without_loss():
    coder = KmeansCodes(normal(50, 320))
    codes = torch.randint(50, (3, 20), generator=torch.Generator().manual_seed(0))
    mel = coder.decode(codes)
    assert mel.shape == (3, 80, 80)
    assert torch.equal(stack_frames(mel), coder.centroids[codes])
    assert torch.equal(coder.encode(mel), codes)
    assert coder.num_codes == 50


def test_a_code_is_that_of_the_nearest_centroid():
    coder, mel = KmeansCodes(normal(50, 320)), normal(2, 80, 40, seed=1)
    distances = (stack_frames(mel)[:, :, None] - coder.centroids).square().sum(-1)
    assert torch.equal(coder.encode(mel), distances.argmin(-1))


def test_centroids_load_from_a_state():
    state = KmeansCodes(normal(50, 320)).state_dict()
    loaded = KmeansCodes(torch.zeros(50, 320))
    loaded.load_state_dict(state, strict=True)
    assert torch.equal(loaded.centroids, state["centroids"])
