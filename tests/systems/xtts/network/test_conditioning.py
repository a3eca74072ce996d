"""Against upstream's encoder and perceiver; and padding that is not heard."""

import pytest
import torch

from engine.systems.xtts.network.conditioning import ConditioningEncoder


@pytest.mark.parametrize("shape", [(1, 80, 7), (3, 80, 64)])
def test_latents_are_upstreams(same_gpt, upstream_gpt, shape):
    mels = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        ours, theirs = same_gpt.condition(mels), upstream_gpt.get_style_emb(mels).mT
    assert ours.shape == (shape[0], 32, 128)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dim", [32, 64, 96, 128, 320, 1024])
def test_there_are_as_many_groups_as_upstreams(dim):
    from TTS.tts.layers.tortoise.arch_utils import normalization

    with torch.device("meta"):
        norm = ConditioningEncoder(80, dim, 4).attn[0].norm
    assert (norm.num_groups, norm.eps) == (normalization(dim).num_groups, normalization(dim).eps)


@pytest.mark.parametrize("lengths", [(30, 20, 30, 7), (20, 20, 20, 20), (39, 38, 37, 36)])
def test_a_padded_row_has_the_latents_of_its_own_frames(gpt, lengths):
    random = torch.Generator().manual_seed(0)
    mels = [torch.randn(80, length, generator=random) for length in lengths]
    padded = [torch.nn.functional.pad(mel, (0, 39 - mel.shape[1]), value=7.0) for mel in mels]
    together = gpt.condition(torch.stack(padded), torch.tensor(lengths))
    alone = torch.cat([gpt.condition(mel[None]) for mel in mels])
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-5)


def test_a_padded_row_has_the_gradients_of_its_own_frames(gpt):
    mels = torch.randn(2, 80, 39, generator=torch.Generator().manual_seed(0), requires_grad=True)
    gpt.condition(mels, torch.tensor([25, 39])).square().sum().backward()
    heard, padding = mels.grad[0].split([25, 14], dim=1)
    assert heard.abs().amax() > 0
    assert not padding.any()
    assert all(torch.isfinite(p.grad).all() for p in gpt.conditioning_encoder.parameters())


def test_each_frame_matters_wherever_it_stands(gpt):
    mels = torch.randn(1, 80, 10, generator=torch.Generator().manual_seed(0), requires_grad=True)
    gpt.condition(mels).square().sum().backward()
    assert (mels.grad.abs().amax((0, 1)) > 0).all()
