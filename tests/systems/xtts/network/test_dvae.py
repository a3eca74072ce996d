import pytest
import torch

from engine.errors import UserError
from engine.systems.xtts.network.dvae import Dvae, DvaeSettings, settings_of

SMALL = DvaeSettings(num_codes=40, codebook_dim=8, hidden_dim=16, num_resnet_blocks=2)


@pytest.fixture(scope="session")
def discrete_vae():
    from TTS.tts.layers.xtts.dvae import DiscreteVAE

    return DiscreteVAE


def mels(num_frames, batch=2):
    return torch.randn(batch, 80, num_frames, generator=torch.Generator().manual_seed(num_frames))


def as_upstream_builds_it(discrete_vae, settings):
    return discrete_vae(
        channels=80,
        normalization=None,
        positional_dims=1,
        num_tokens=settings.num_codes,
        codebook_dim=settings.codebook_dim,
        hidden_dim=settings.hidden_dim,
        num_resnet_blocks=settings.num_resnet_blocks,
        kernel_size=3,
        num_layers=2,
        use_transposed_convs=False,
    )


@pytest.fixture
def theirs(discrete_vae):
    """Random weights, and codes that lie where the encoder's vectors do."""
    torch.manual_seed(0)
    network = as_upstream_builds_it(discrete_vae, SMALL).eval()
    with torch.no_grad():
        network.codebook.embed.copy_(network.encoder(mels(160, 1))[0])
    return network


@pytest.fixture
def ours(theirs):
    network = Dvae(SMALL)
    network.load_state_dict(theirs.state_dict(), strict=True)
    theirs.load_state_dict(network.state_dict(), strict=True)
    return network


@pytest.mark.parametrize("num_frames", [1, 16, 17, 18, 19, 163])
def test_codes_and_decoded_mels_are_upstreams(ours, theirs, num_frames):
    codes = ours.encode(mels(num_frames))
    assert codes.shape == (2, -(-num_frames // 4))
    assert codes.dtype == torch.int64
    assert torch.equal(codes, theirs.get_codebook_indices(mels(num_frames)))
    decoded, _ = theirs.decode(codes)
    torch.testing.assert_close(ours.decode(codes), decoded)
    assert decoded.shape == (2, 80, 4 * codes.shape[1])


def test_the_comparison_sees_many_codes(ours):
    assert len(ours.encode(mels(163)).unique()) > 20


def test_by_default_the_tensors_are_those_of_the_network_that_xtts_uses(discrete_vae):
    wanted = as_upstream_builds_it(discrete_vae, DvaeSettings()).state_dict()
    with torch.device("meta"):
        found = Dvae(DvaeSettings()).state_dict()
    assert {name: (value.shape, value.dtype) for name, value in found.items()} == {
        name: (value.shape, value.dtype) for name, value in wanted.items()
    }


def test_weights_without_the_history_of_training_load_but_nothing_else_may_be_missing(theirs):
    state = {k: v for k, v in theirs.state_dict().items() if not k.startswith("discrete_loss.")}
    network = Dvae(settings_of(state))
    network.load_state_dict(state, strict=True)
    assert torch.equal(network.encode(mels(40)), theirs.get_codebook_indices(mels(40)))
    del state["codebook.cluster_size"]
    with pytest.raises(RuntimeError, match="cluster_size"):
        network.load_state_dict(state, strict=True)


def test_sizes_are_read_from_the_weights(ours):
    assert settings_of(ours.state_dict()) == SMALL


def without(state, name):
    return {key: value for key, value in state.items() if key != name}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: {}, "missing: encoder.0.0.weight, .* more"),
        (lambda state: without(state, "codebook.embed"), "missing: codebook.embed"),
        (lambda state: without(state, "encoder.3.net.0.weight"), "missing"),
        (lambda state: state | {"gpt.ln_f.weight": torch.ones(3)}, "left over: gpt.ln_f.weight"),
        (
            lambda state: state | {"decoder.6.bias": torch.ones(80)},
            "left over: decoder.6.bias",
        ),
        (
            lambda state: state | {"encoder.0.0.weight": torch.ones(16, 100, 3)},
            r"of another shape: encoder.0.0.weight \[16, 100, 3\] instead of \[16, 80, 3\]",
        ),
        (lambda state: state | {"codebook.embed": torch.ones(8)}, "of another shape: "),
    ],
)
def test_weights_of_something_else_are_refused_by_name(ours, change, said):
    with pytest.raises(UserError, match=said):
        settings_of(change(dict(ours.state_dict())))


def test_it_is_frozen_and_computes_codes_in_single_precision(ours):
    assert not any(parameter.requires_grad for parameter in ours.parameters())
    with torch.autocast("cpu", torch.bfloat16):
        codes = ours.encode(mels(163).requires_grad_())
        decoded = ours.decode(codes)
    assert torch.equal(codes, ours.encode(mels(163)))
    assert torch.equal(decoded, ours.decode(codes))
    assert not decoded.requires_grad
