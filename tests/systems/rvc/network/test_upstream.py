"""The networks against outputs of RVC's own code: reference/README.md says how these were made."""

import json

import numpy as np
import pytest
import torch

from engine.nn.adversarial import discriminator_loss, feature_distances, generator_loss
from engine.systems.rvc.network.discriminators import published_discriminators
from engine.systems.rvc.network.losses import kl_divergence, mel_distance
from engine.systems.rvc.network.masks import crop
from engine.systems.rvc.network.settings import published_settings
from engine.systems.rvc.network.spectrogram import LinearSpectrogram, LogMel, SpectrogramSettings
from engine.systems.rvc.network.synthesizer import Noise, Synthesizer
from tests.systems.rvc.network.reference.cases import (
    FIRST,
    KEYS,
    NUM_MELS,
    NUM_STEPS,
    OUTPUTS,
    SEGMENT_FRAMES,
    SETTINGS,
    TRAINED,
    inputs,
    norms,
    some,
    weights,
)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def outputs():
    with np.load(OUTPUTS, allow_pickle=False) as stored:
        return dict(stored)


@pytest.fixture(params=SETTINGS)
def case(request):
    return request.param


def network_of(settings):
    network = Synthesizer(settings)
    network.load_state_dict(weights(network.state_dict()))
    return network


def spectrograms_of(settings):
    table = SpectrogramSettings(
        sample_rate_hz=settings.sample_rate_hz,
        n_fft=settings.n_fft,
        hop_length=settings.hop_length,
        num_mels=NUM_MELS[settings.sample_rate_hz],
        floor="2026",
    )
    return LinearSpectrogram(table), LogMel(table)


def pitch_of(settings, batch):
    return (batch.f0_coarse, batch.f0) if settings.uses_f0 else (None, None)


def forward(network, spectrogram, batch):
    settings = network.settings
    segment = batch.source_noise[:, : SEGMENT_FRAMES * settings.hop_length]
    return network(
        batch.content,
        *pitch_of(settings, batch),
        spectrogram,
        batch.lengths,
        batch.speaker,
        batch.starts,
        SEGMENT_FRAMES,
        noise=Noise(batch.latent_noise, segment if settings.uses_f0 else None),
    )


def assert_same(tensor, wanted):
    size = np.abs(wanted).max()
    assert np.abs(some(tensor) - wanted).max() <= 2e-5 * size


def test_a_training_pass_and_its_gradients_are_those_of_rvc(case, outputs):
    settings, batch = SETTINGS[case], inputs(SETTINGS[case])
    linear, log_mel = spectrograms_of(settings)
    spectrogram = linear(batch.waveform)
    network = network_of(settings)
    made = forward(network, spectrogram, batch)
    for place, tensor in enumerate((*made, spectrogram)):
        assert_same(tensor, outputs[f"{case}/forward_{place}"])
    assert_same(log_mel(spectrogram), outputs[f"{case}/mel"])
    mel = mel_distance(made.audio, spectrogram, batch.starts, linear, log_mel)
    (45 * mel + kl_divergence(made)).backward()
    # CPUs round convolutions differently: one that was tried moves a norm by 4e-4
    np.testing.assert_allclose(norms(network), outputs[f"{case}/gradients"], rtol=1e-3)


def test_conversion_is_that_of_rvc(case, outputs):
    settings, batch = SETTINGS[case], inputs(SETTINGS[case])
    noise = Noise(batch.latent_noise, batch.source_noise if settings.uses_f0 else None)
    audio = network_of(settings).infer(
        batch.content, *pitch_of(settings, batch), batch.lengths, batch.speaker, noise=noise
    )
    assert audio.shape[-1] == batch.content.shape[1] * settings.hop_length
    assert_same(audio, outputs[f"{case}/converted"])


@pytest.mark.slow
@pytest.mark.parametrize("case", TRAINED)
def test_after_three_steps_losses_gradients_and_discriminators_are_those_of_rvc(case, outputs):
    settings, batch = SETTINGS[case], inputs(SETTINGS[case])
    network, discriminators = network_of(settings), published_discriminators(TRAINED[case])
    discriminators.load_state_dict(before := weights(discriminators.state_dict()))
    optimizers = [
        torch.optim.AdamW(one.parameters(), 1e-4, betas=(0.8, 0.99), eps=1e-9, fused=True)
        for one in (discriminators, network)
    ]
    losses = [step(network, discriminators, optimizers, batch) for _ in range(NUM_STEPS)]
    np.testing.assert_allclose(losses, outputs[f"{case}/losses"], rtol=2e-4)
    gradients = [
        float(parameter.grad.norm()) for _, parameter in sorted(network.named_parameters())
    ]
    wanted = outputs[f"{case}/trained_gradients"]
    np.testing.assert_allclose(gradients, wanted, rtol=5e-3, atol=1e-5 * wanted.max())
    after = discriminators.state_dict()
    moved = [float((after[name] - before[name]).norm()) for name in sorted(before)]
    np.testing.assert_allclose(moved, outputs[f"{case}/moved"], rtol=1e-2)


def step(network, discriminators, optimizers, batch):
    """A step as RVC takes it, by the engine's parts: the losses in the order of the reference."""
    settings = network.settings
    linear, log_mel = spectrograms_of(settings)
    spectrogram = linear(batch.waveform)
    made = forward(network, spectrogram, batch)
    hop = settings.hop_length
    real = crop(batch.waveform[:, None], batch.starts * hop, SEGMENT_FRAMES * hop)
    verdicts = discriminators.judge(real, made.audio.detach())
    told = discriminator_loss("least_squares", "sum", verdicts)
    update(optimizers[0], told)
    compared = discriminators.compare(real, made.audio)
    mel = mel_distance(made.audio, spectrogram, batch.starts, linear, log_mel)
    feature = 2 * feature_distances(compared.maps).sum
    fooled = generator_loss("least_squares", "sum", compared.fake_logits)
    divergence = kl_divergence(made)
    update(optimizers[1], 45 * mel + divergence + feature + fooled)
    return [float(one.detach()) for one in (told, fooled, feature, mel, divergence)]


def update(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def shapes(network):
    return {name: list(tensor.shape) for name, tensor in network.state_dict().items()}


def test_names_and_shapes_are_those_of_rvcs_classes():
    kept = json.loads(KEYS.read_text())
    first = kept[FIRST]
    with torch.device("meta"):
        for version in ("v1", "v2"):
            assert shapes(published_discriminators(version)) == kept[f"D_{version}"]
            for rate in (32000, 40000, 48000):
                for uses_f0 in (True, False):
                    settings = published_settings(rate, version, uses_f0=uses_f0)
                    name = f"{'f0' if uses_f0 else ''}G{rate // 1000}k_{version}"
                    changed = {**first, **kept[name]}
                    wanted = {key: shape for key, shape in changed.items() if shape is not None}
                    assert shapes(Synthesizer(settings)) == wanted, name
    assert len(first) == 560
    assert len(kept["D_v2"]) == 165
