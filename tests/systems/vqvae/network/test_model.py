import pytest
import torch

from benchmarks.upstream.vqvae import PublishedNetwork, published_loss
from engine.systems.vqvae.recipe import AlignedNetwork, EmaCodes, PuzzleNetwork
from engine.systems.vqvae.training_module import build_network

NETWORKS = {
    "puzzle": PuzzleNetwork(),
    "aligned": AlignedNetwork(),
    "aligned ema": AlignedNetwork(quantizer=EmaCodes()),
}


@pytest.fixture(params=NETWORKS)
def network(request):
    torch.manual_seed(0)
    return build_network(NETWORKS[request.param])


def published_pair(dtype):
    torch.manual_seed(0)
    published = PublishedNetwork().to(dtype)
    ours = build_network(PuzzleNetwork()).to(dtype)
    ours.load_state_dict(published.state_dict(), strict=True)
    return published, ours


def loss_of(network, mel):
    coded = network(mel)
    losses = coded.quantized.losses
    loss = (coded.reconstruction - mel).square().mean()
    return loss + 0.25 * losses["commitment"] + losses["codebook"], coded


def test_the_puzzle_network_has_83777_parameters_named_as_published():
    network = build_network(PuzzleNetwork())
    assert sum(p.numel() for p in network.parameters()) == 83_777
    names = {name.rpartition(".")[0] for name in network.state_dict()}
    encoder = {f"encoder.encoder.{k}" for k in (0, 1, 3, 4, 7)}
    decoder = {f"decoder.decoder.{k}" for k in (0, 1, 3, 4, 6, 7, 10)}
    assert names == encoder | decoder | {"vq.codebook"}


def test_the_aligned_network_is_smaller():
    assert sum(p.numel() for p in build_network(AlignedNetwork()).parameters()) < 50_000


def test_the_puzzle_network_computes_what_was_published_and_the_same_gradients():
    published, ours = published_pair(torch.float64)
    mel = torch.rand(4, 1, 128, 32, dtype=torch.float64)
    expected, codes = published_loss(published, mel)
    loss, coded = loss_of(ours, mel)
    expected.backward()
    loss.backward()
    assert torch.equal(coded.quantized.indices.flatten(), codes)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-12)
    for (name, mine), theirs in zip(ours.named_parameters(), published.parameters(), strict=True):
        assert torch.allclose(mine.grad, theirs.grad, atol=1e-12), name
    for (name, mine), theirs in zip(ours.named_buffers(), published.buffers(), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-12), name


def test_in_single_precision_outputs_agree_to_a_millionth():
    published, ours = published_pair(torch.float32)
    mel = torch.rand(4, 1, 128, 32)
    with torch.no_grad():
        published.eval()
        ours.eval()
        assert (ours(mel).reconstruction - published(mel)[0]).abs().max() < 1e-6


def test_shapes_are_the_published_ones(network):
    coded = network(torch.rand(3, 1, 128, 32))
    assert coded.reconstruction.shape == (3, 1, 128, 32)
    assert coded.quantized.indices.shape == (3, 30, 30)
    assert 0 <= coded.reconstruction.min() <= coded.reconstruction.max() <= 1


def test_decoding_the_codes_gives_the_reconstruction(network):
    mel = torch.rand(3, 1, 128, 32)
    network(mel)
    network.eval()
    with torch.no_grad():
        coded = network(mel)
        assert torch.equal(network.encode(mel), coded.quantized.indices)
        decoded = network.decode(coded.quantized.indices)
    assert torch.allclose(decoded, coded.reconstruction, atol=1e-6)


def test_a_clips_codes_do_not_depend_on_its_batch(network):
    mel = torch.rand(6, 1, 128, 32)
    network(mel)
    network.eval()
    with torch.no_grad():
        together = network.encode(mel)
        alone = torch.cat([network.encode(one[None]) for one in mel])
    assert torch.equal(together, alone)


def test_every_parameter_gets_a_gradient(network):
    loss_of_terms = network(torch.rand(2, 1, 128, 32))
    loss = loss_of_terms.reconstruction.square().mean()
    (loss + sum(loss_of_terms.quantized.losses.values())).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_a_low_band_lands_in_a_low_row_and_an_early_frame_in_an_early_column():
    network = build_network(AlignedNetwork()).eval()
    for place, (row, column) in {(8, 4): (2, 4), (120, 28): (28, 26)}.items():
        mel = torch.zeros(1, 1, 128, 32, requires_grad=True)
        network._cells(mel)[0, row, column].abs().sum().backward()
        assert mel.grad[0, 0, place[0] - 2 : place[0] + 3, place[1] - 2 : place[1] + 3].any()
        assert not mel.grad[0, 0, 127 - place[0], 31 - place[1]].any()
