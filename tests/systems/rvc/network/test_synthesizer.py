import pytest
import torch
from attrs import evolve

from engine.systems.rvc.network.sine_source import SineSource
from engine.systems.rvc.network.synthesizer import Synthesizer
from tests.systems.rvc.network.reference.cases import SETTINGS, inputs, weights

FRAMES, HOP = 60, 400


@pytest.fixture(scope="module")
def network():
    made = Synthesizer(SETTINGS["v2_40k_f0"]).eval()
    made.load_state_dict(weights(made.state_dict()))
    return made


@pytest.fixture(scope="module")
def whole(network):
    """Latents, pitch, noise and audio of a clip."""
    random = torch.Generator().manual_seed(0)
    noise = network.draw(1, FRAMES, generator=random)
    f0 = 150 + 100 * torch.rand(1, FRAMES, generator=random)
    speaker = torch.tensor([1])
    return noise, f0, speaker, network.decode(noise.latents, f0, speaker, noise.source)


def piece(network, whole, start, stop, margin):
    """Frames from `start` to `stop`, decoded with `margin` more on each side."""
    noise, f0, speaker, _ = whole
    first, last = max(0, start - margin), stop + margin
    audio = network.decode(
        noise.latents[..., first:last],
        f0[:, first:last],
        speaker,
        noise.source[:, first * HOP : last * HOP],
        network.dec.m_source.phases(f0)[:, first],
    )
    return audio[..., (start - first) * HOP : (stop - first) * HOP]


@pytest.mark.parametrize(("start", "stop"), [(0, 20), (20, 41), (41, FRAMES)])
def test_a_piece_with_its_context_is_decoded_as_in_the_whole(network, whole, start, stop):
    wanted = whole[-1][..., start * HOP : stop * HOP]
    found = piece(network, whole, start, stop, network.dec.context_frames)
    assert torch.allclose(found, wanted, atol=1e-5)


def test_with_less_context_it_is_not(network, whole):
    wanted = whole[-1][..., 20 * HOP : 40 * HOP]
    assert not torch.allclose(piece(network, whole, 20, 40, 2), wanted, atol=1e-3)


def test_the_flow_sees_as_many_frames_as_it_says(network):
    x = torch.randn(1, 8, 120)
    mask, voice, reach = torch.ones(1, 1, 120), torch.randn(1, 6, 1), network.flow.context_frames
    changed = x.clone()
    changed[..., 60] += 1.0
    with torch.no_grad():
        pair = [network.flow.inverse(one, mask, voice) for one in (x, changed)]
    differs = (pair[0] != pair[1]).any(1)[0].nonzero().flatten()
    assert 60 - reach <= int(differs.min()) < 60 < int(differs.max()) <= 60 + reach


def test_the_flow_is_undone_by_its_inverse(network):
    x, voice = torch.randn(2, 8, 30), torch.randn(2, 6, 1)
    mask = torch.ones(2, 1, 30)
    with torch.no_grad():
        there = network.flow(x, mask, voice)
        back = network.flow.inverse(there, mask, voice)
    assert not torch.allclose(there, x, atol=0.1)
    assert torch.allclose(back, x, atol=1e-4)


def test_what_is_behind_a_clips_end_changes_nothing(network):
    batch = inputs(network.settings)
    given = (batch.content, batch.f0_coarse, batch.f0, batch.lengths, batch.speaker)
    audio = network.infer(*given, generator=torch.Generator().manual_seed(1))
    content = batch.content.clone()
    content[1, int(batch.lengths[1]) :] = 99.0
    again = network.infer(content, *given[1:], generator=torch.Generator().manual_seed(1))
    assert torch.equal(audio, again)


def test_the_same_generator_converts_alike_and_another_does_not(network):
    batch = inputs(network.settings)
    given = (batch.content, batch.f0_coarse, batch.f0, batch.lengths, batch.speaker)
    one, again, other = (
        network.infer(*given, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(one, again)
    assert not torch.allclose(one, other, atol=1e-3)


def test_training_draws_from_torchs_own_generator(network):
    torch.manual_seed(3)
    first = network.draw(2, 5, 3)
    torch.manual_seed(3)
    assert all(torch.equal(*pair) for pair in zip(first, network.draw(2, 5, 3), strict=True))
    assert first.source.shape == (2, 3 * HOP)


def test_a_sine_has_the_pitch_and_goes_on_after_an_hour():
    source, frames = SineSource(40000, HOP), 100 * 3600
    f0 = torch.full((1, frames), 123.4)
    phases = source.phases(f0)
    wanted = torch.arange(frames + 1).double() * HOP * float(torch.tensor(123.4) / 40000) % 1
    apart = (phases[0] - wanted + 0.5) % 1 - 0.5
    assert float(apart.abs().max()) < 1e-6
    quiet = torch.zeros(1, 50 * HOP)
    with torch.no_grad():
        source.l_linear.weight.fill_(1.0)
        source.l_linear.bias.zero_()
        sine = source(f0[:, :50], quiet)[0, 0]
        later = source(f0[:, :50], quiet, phases[:, -51])[0, 0]
    crossings = int(((sine[:-1] < 0) & (sine[1:] >= 0)).sum())
    assert crossings in (61, 62)  # of 123.4 Hz in half a second
    assert not torch.allclose(sine, later, atol=1e-2)


def test_unvoiced_frames_have_noise_and_no_sine():
    source = SineSource(40000, HOP)
    f0 = torch.tensor([[0.0, 200.0]])
    with torch.no_grad():
        source.l_linear.weight.fill_(1.0)
        source.l_linear.bias.zero_()
        noisy = source(f0, torch.ones(1, 2 * HOP))[0, 0].atanh()
        silent = source(f0, torch.zeros(1, 2 * HOP))[0, 0]
    assert torch.allclose(noisy[:HOP], torch.tensor(0.1 / 3), atol=1e-6)
    assert torch.equal(silent[:HOP], torch.zeros(HOP))
    assert torch.allclose(noisy[HOP:] - silent[HOP:].atanh(), torch.tensor(0.003), atol=1e-6)


def test_dropout_is_that_of_the_text_encoder_in_training_alone():
    network = Synthesizer(evolve(SETTINGS["v2_40k_f0"], dropout=0.5))
    batch, mask = inputs(network.settings), torch.ones(2, 1, 24)
    given = (batch.content, batch.f0_coarse, mask)
    with torch.no_grad():
        assert not torch.equal(network.enc_p(*given)[0], network.enc_p(*given)[0])
        network.eval()
        assert torch.equal(network.enc_p(*given)[0], network.enc_p(*given)[0])


def test_in_bf16_audio_and_distributions_stay_in_single_precision(network):
    batch, settings = inputs(network.settings), network.settings
    spectrogram = torch.rand(2, settings.num_bins, 24)
    noise = network.draw(2, 24, 10)
    given = (batch.content, batch.f0_coarse, batch.f0, spectrogram, batch.lengths, batch.speaker)
    with torch.autocast("cpu", torch.bfloat16):
        made = network(*given, batch.starts, 10, noise=noise)
    assert all(one.dtype == torch.float32 for one in made)
    wanted = network(*given, batch.starts, 10, noise=noise)
    assert torch.allclose(made.prior_mean, wanted.prior_mean, atol=0.2)
