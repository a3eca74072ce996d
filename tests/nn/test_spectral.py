import warnings

import pytest
import torch
from audiotools import AudioSignal
from dac.nn.loss import MelSpectrogramLoss, MultiScaleSTFTLoss

from engine.nn.spectral import MelDistance, StftDistance

MEL_WINDOWS = [32, 64, 128, 256, 512, 1024, 2048]
PAPER = {
    "n_mels": [5, 10, 20, 40, 80, 160, 320],
    "window_lengths": MEL_WINDOWS,
    "mel_fmin": [0.0] * 7,
    "mel_fmax": [None] * 7,
    "pow": 1.0,
    "clamp_eps": 1e-5,
    "mag_weight": 0.0,
}


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def waveforms(num_samples=6_000, seed=0):
    """A loud and a quiet mixture of tones and noise, and what a poor codec might make of them."""
    draw = torch.Generator().manual_seed(seed)
    time = torch.arange(num_samples) / 16_000
    tones = torch.stack([torch.sin(2 * torch.pi * hz * time) for hz in (220.0, 3_100.0)])[:, None]
    reference = torch.tensor([0.3, 0.01])[:, None, None] * (
        tones + 0.1 * torch.randn(2, 1, num_samples, generator=draw)
    )
    return 0.8 * reference + 0.003 * torch.randn(2, 1, num_samples, generator=draw), reference


def value_and_gradient(distance, decoded, reference):
    decoded = decoded.clone().requires_grad_()
    value = distance(decoded, reference)
    return value.detach(), torch.autograd.grad(value, decoded)[0]


@pytest.mark.filterwarnings("ignore:stft_data changed shape")
@pytest.mark.parametrize("rate", [16_000, 24_000, 44_100])
@pytest.mark.parametrize("kind", ["mel", "stft"])
def test_value_and_gradient_are_those_of_dac(kind, rate):
    theirs = MelSpectrogramLoss(**PAPER) if kind == "mel" else MultiScaleSTFTLoss()
    ours = MelDistance(rate) if kind == "mel" else StftDistance()
    decoded, reference = waveforms()
    expected, expected_gradient = value_and_gradient(
        lambda x, y: theirs(AudioSignal(x, rate), AudioSignal(y, rate)), decoded, reference
    )
    found, gradient = value_and_gradient(ours, decoded, reference)
    assert found == pytest.approx(expected.item(), rel=1e-5)
    # Magnitudes that are equal but for rounding have a gradient of either sign.
    assert (gradient - expected_gradient).norm() < 1e-3 * expected_gradient.norm()


@pytest.mark.parametrize("distance", [MelDistance(16_000), StftDistance()])
def test_per_clip_is_each_clip_alone_and_its_mean_the_distance(distance):
    decoded, reference = waveforms()
    per_clip = distance.per_clip(decoded, reference)
    alone = [distance(decoded[i : i + 1], reference[i : i + 1]).item() for i in range(2)]
    assert per_clip.tolist() == pytest.approx(alone, rel=1e-5)
    assert distance(decoded, reference) == pytest.approx(sum(alone) / 2, rel=1e-5)
    assert distance(reference, reference) == 0.0


@pytest.mark.parametrize("distance", [MelDistance(16_000), StftDistance()])
def test_no_gradient_reaches_the_reference_and_nothing_is_in_the_state_dict(distance):
    decoded, reference = (audio.requires_grad_() for audio in waveforms())
    distance(decoded, reference).backward()
    assert reference.grad is None
    assert decoded.grad.abs().sum() > 0
    assert not distance.state_dict()
    assert list(distance.buffers())


@pytest.mark.parametrize("distance", [MelDistance(16_000), StftDistance()])
@pytest.mark.parametrize("num_samples", [1, 16, 17, 1_024, 1_025])
def test_a_clip_too_short_to_be_reflected_is_continued_with_zeros_to_a_window(
    distance, num_samples
):
    decoded, reference = waveforms(num_samples)
    expected = sum(
        distance.compare(*(transform(lengthened(audio, window)) for audio in (decoded, reference)))
        for window, transform in zip(distance.windows, distance.transforms, strict=True)
    )
    assert distance.per_clip(decoded, reference).tolist() == pytest.approx(expected.tolist())
    assert expected.isfinite().all()


def lengthened(audio, window):
    longer = audio.new_zeros(*audio.shape[:-1], window)
    longer[..., : audio.shape[-1]] = audio[..., :window]
    return longer if audio.shape[-1] <= window // 2 else audio


def test_autocast_changes_nothing():
    decoded, reference = waveforms()
    expected = MelDistance(16_000)(decoded, reference)
    with torch.autocast("cpu", torch.bfloat16):
        found = MelDistance(16_000)(decoded, reference)
    assert torch.equal(found, expected)


def test_silence_against_silence_is_no_distance_and_has_a_finite_gradient():
    silence = torch.zeros(1, 1, 4_000)
    for distance in (MelDistance(8_000), StftDistance()):
        value, gradient = value_and_gradient(distance, silence, silence)
        assert value == 0.0
        assert gradient.isfinite().all()


def test_an_empty_band_at_48_khz_says_nothing_and_leaves_warnings_as_they_were():
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        MelDistance(48_000)
        assert not said
        warnings.warn("At least one mel filterbank", UserWarning, stacklevel=1)
    assert len(said) == 1


def test_lengths_that_differ_are_refused():
    with pytest.raises(AssertionError, match="against"):
        StftDistance()(torch.zeros(1, 1, 4_000), torch.zeros(1, 1, 3_992))
