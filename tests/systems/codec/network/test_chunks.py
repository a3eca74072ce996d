import attrs
import numpy as np
import pytest
import torch

from engine.systems.codec.network.chunks import (
    CHUNK_SAMPLES,
    decode_chunks,
    decode_clip,
    decoder_margin,
    encode_chunks,
    encode_clip,
    encoder_margin,
)
from engine.systems.codec.network.network import CodecNetwork
from tests.systems.codec.network.test_network import SETTINGS

RATES = [(2, 4, 4), (2, 5, 4), (7, 3)]


@pytest.fixture(params=RATES, ids=str)
def network(request):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rates = request.param
    made = CodecNetwork(attrs.evolve(SETTINGS, encoder_rates=rates, decoder_rates=rates[::-1]))
    for name, value in made.named_parameters():
        if name.endswith("weight_g"):  # so that the far end of what a frame hears still counts
            value.data.mul_(1.5)
    return made.eval()


@pytest.mark.parametrize("frames", [3, 30, 1000])
@pytest.mark.parametrize("rest", [0, 5])
def test_codes_and_samples_in_chunks_are_those_of_the_whole(network, frames, rest):
    hop = network.settings.hop_length
    audio = torch.randn(70 * hop + rest)
    codes = network.encode(audio[None, None])
    blocks, size = audio.split(1234), frames * hop
    pieces = list(encode_chunks(network, blocks, chunk_samples=size))
    assert torch.equal(torch.cat(pieces, 1), codes[0])
    fewer = list(encode_chunks(network, audio.split(77), num_quantizers=2, chunk_samples=size))
    assert torch.equal(torch.cat(fewer, 1), codes[0, :2])
    both = torch.cat([codes, codes.flip(-1)])
    decoded = torch.cat(list(decode_chunks(network, both, chunk_samples=size)), 1)
    torch.testing.assert_close(decoded, network.decode(both)[:, 0], rtol=1e-3, atol=1e-4)


def test_less_than_a_frame_is_a_frame_and_nothing_is_nothing(network):
    short = list(encode_chunks(network, [torch.randn(3)]))
    assert [piece.shape for piece in short] == [(3, 1)]
    assert list(encode_chunks(network, [])) == []


def changed_frames(before, after):
    return (before != after).nonzero()[:, -1].tolist()


def test_margins_are_what_a_change_reaches_and_no_less(network):
    hop, place = network.settings.hop_length, 60
    inner, outer = encoder_margin(network), decoder_margin(network)
    audio = torch.randn(1, 1, 120 * hop)
    other = audio.clone()
    other[..., place * hop : (place + 1) * hop] += 100.0
    latents, moved = network.encoder(audio), network.encoder(other)
    reached = changed_frames(latents[0], moved[0])
    assert place - inner.behind <= min(reached)
    assert max(reached) <= place + inner.before
    vectors = torch.randn(1, SETTINGS.latent_dim, 120)
    other = vectors.clone()
    other[..., place] += 100.0
    samples = [network.decoder(each)[0].view(-1, hop).T for each in (vectors, other)]
    reached = changed_frames(*samples)
    assert place - outer.behind <= min(reached)
    assert max(reached) <= place + outer.before
    assert max(reached) - min(reached) >= outer.behind  # and they are not far too wide


@pytest.mark.parametrize("seconds", [2, 12])
def test_what_goes_through_the_network_does_not_grow_with_the_audio(network, seconds):
    hop, longest = network.settings.hop_length, []
    for part in (network.encoder, network.decoder):
        part.register_forward_pre_hook(lambda _, given: longest.append(given[0].shape[-1]))
    size = 1_000
    blocks = (torch.zeros(1_000) for _ in range(8 * seconds))
    codes = torch.cat(list(encode_chunks(network, blocks, chunk_samples=size)), 1)
    margin = encoder_margin(network)
    assert max(longest) <= size + (margin.before + margin.behind + 1) * hop
    longest.clear()
    for piece in decode_chunks(network, codes[None], chunk_samples=size):
        assert piece.shape[1] <= size
    margin = decoder_margin(network)
    assert max(longest) <= size // hop + margin.before + margin.behind


@pytest.mark.parametrize("seconds", [1, 40])
def test_a_whole_clip_is_coded_and_decoded_in_bounded_memory(network, seconds):
    longest = []
    samples = np.random.default_rng(0).standard_normal(8_000 * seconds).astype(np.float32)
    with torch.no_grad():
        codes = network.encode(torch.from_numpy(samples)[None, None])
        decoded = network.decode(codes)[0, 0, : len(samples)]
    hook = network.encoder.register_forward_pre_hook(lambda _, x: longest.append(x[0].shape[-1]))
    found = encode_clip(network, samples)
    hook.remove()
    # A short clip is one chunk; a long one is several, each with its surroundings.
    assert len(longest) == (1 if seconds == 1 else 3)
    assert max(longest) < 1.2 * CHUNK_SAMPLES
    assert torch.equal(found, codes[0])
    rebuilt = decode_clip(network, found, len(samples))
    assert rebuilt.dtype == np.float32
    np.testing.assert_allclose(rebuilt, decoded.numpy(), rtol=1e-3, atol=1e-4)
