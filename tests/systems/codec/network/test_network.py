import copy
import pickle

import attrs
import pytest
import torch
from dac import DAC

from engine.systems.codec.network.network import CodecNetwork, NetworkSettings
from engine.systems.codec.recipe import Model

SETTINGS = NetworkSettings(
    sample_rate_hz=8_000,
    encoder_dim=4,
    encoder_rates=(2, 4, 4),
    latent_dim=32,
    decoder_dim=32,
    decoder_rates=(4, 4, 2),
    num_codebooks=3,
    codebook_size=32,
    codebook_dim=4,
    quantizer_dropout=0.0,
    restart_below=0.0,
)
ODD = attrs.evolve(SETTINGS, encoder_dim=2, encoder_rates=(2, 4, 5, 8), decoder_rates=(8, 5, 4, 2))


@pytest.fixture(autouse=True)
def seeded():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def pair(settings=SETTINGS):
    network, theirs = CodecNetwork(settings), DAC(**settings.upstream_kwargs)
    network.load_state_dict(theirs.state_dict(), strict=True)
    theirs.load_state_dict(network.state_dict(), strict=True)
    return network, theirs


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("length", [32 * 20, 32 * 20 - 5])
def test_outputs_codes_losses_and_gradients_are_upstreams(mode, length):
    network, theirs = (getattr(module, mode)() for module in pair())
    audio = torch.randn(2, 1, length) * 0.3
    coded, found = network(audio), theirs(audio)
    assert torch.equal(coded.codes, found["codes"])
    expected = (found["audio"], found["vq/commitment_loss"], found["vq/codebook_loss"])
    for left, right in zip((coded.audio, coded.commitment, coded.codebook), expected, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-5)
        right.mean().backward(retain_graph=True)
        left.mean().backward(retain_graph=True)
    gradients = {name: value.grad for name, value in theirs.named_parameters()}
    for name, value in network.named_parameters():
        torch.testing.assert_close(value.grad, gradients[name], rtol=1e-3, atol=1e-6, msg=name)


@pytest.mark.parametrize("number", [1, 2])
def test_fewer_quantizers_are_upstreams(number):
    network, theirs = (module.eval() for module in pair())
    audio = torch.randn(1, 1, 640) * 0.3
    codes = network.encode(audio, number)
    assert codes.shape == (1, number, 20)
    torch.testing.assert_close(network.decode(codes), theirs(audio, n_quantizers=number)["audio"])


@pytest.mark.parametrize(
    "settings", [ODD, attrs.evolve(ODD, encoder_rates=(5, 3), decoder_rates=(3, 5))]
)
def test_odd_strides_have_upstreams_weights_and_give_every_sample(settings):
    network, theirs = (module.eval() for module in pair(settings))
    hop = settings.hop_length
    audio = torch.randn(1, 1, 40 * hop) * 0.3
    coded, found = network(audio), theirs(audio)
    assert torch.equal(coded.codes, found["codes"])
    assert found["audio"].shape[-1] < coded.audio.shape[-1] == audio.shape[-1]
    inner = slice(0, 20 * hop)
    torch.testing.assert_close(coded.audio[..., inner], found["audio"][..., inner])


def test_encoding_and_decoding_are_the_parts_of_a_pass():
    network = CodecNetwork(SETTINGS).eval()
    audio = torch.randn(2, 1, 32 * 9 - 3)
    coded = network(audio)
    assert torch.equal(network.encode(audio), coded.codes)
    assert torch.equal(network.encode(audio, 2), coded.codes[:, :2])
    decoded = network.decode(coded.codes)
    assert decoded.shape == (2, 1, 32 * 9)
    torch.testing.assert_close(decoded[..., : audio.shape[-1]], coded.audio)


def test_weights_begin_as_upstreams_do():
    torch.manual_seed(1)
    network, theirs = CodecNetwork(SETTINGS), DAC(**SETTINGS.upstream_kwargs)
    theirs(torch.zeros(1, 1, 32))  # its weights are made by the first pass
    for name, value in theirs.state_dict().items():
        ours = network.state_dict()[name]
        assert ours.shape == value.shape
        assert (ours == 0).all() == (value == 0).all(), name
        if value.numel() > 200:
            assert float(ours.std()) == pytest.approx(float(value.std()), rel=0.25), name


def test_a_network_that_has_run_is_copied_and_pickled():
    network = CodecNetwork(SETTINGS)
    audio = torch.randn(1, 1, 320)
    network(audio).audio.sum().backward()
    network.eval()
    for other in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        assert torch.equal(other(audio).audio, network(audio).audio)


def test_samples_are_single_precision_under_autocast():
    network = CodecNetwork(SETTINGS).eval()
    audio = torch.randn(1, 1, 640) * 0.3
    with torch.autocast("cpu", torch.bfloat16):
        coded = network(audio)
    assert coded.audio.dtype == torch.float32
    assert len(coded.audio.unique()) > len(coded.audio.bfloat16().unique())


def test_settings_follow_from_a_recipes_table():
    model = Model(encoder_dim=8, encoder_rates=(2, 4), decoder_rates=(4, 2), num_codebooks=6)
    settings = NetworkSettings.of(model, 16_000)
    assert settings.latent_dim == 32
    assert settings.hop_length == 8
    assert settings.bits_per_second == 6 * 10 * 2_000
    assert DAC(**settings.upstream_kwargs).hop_length == 8
