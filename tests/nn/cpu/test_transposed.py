import pytest
import torch
from torch import nn

from engine.nn.cpu.transposed import TransposedConv2d, one_channel_last, to_maps

SHAPES = {
    "stride 2": (6, 4, 4, 2, 1),
    "stride 1": (6, 5, 3, 1, (0, 1)),
    "one channel": (6, 1, (4, 3), (2, 1), (1, 0)),
}


@pytest.fixture(params=SHAPES)
def pair(request):
    torch.manual_seed(0)
    mine = TransposedConv2d(*SHAPES[request.param]).double()
    mine.to(memory_format=torch.channels_last)
    plain = nn.ConvTranspose2d(*SHAPES[request.param]).double()
    plain.load_state_dict(mine.state_dict())
    return mine, plain


def gradients(module, y, x):
    weights = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view(y.shape)
    return torch.autograd.grad((y * weights).sum(), (x, *module.parameters()))


def same(mine, theirs):
    return all(torch.allclose(a, b, atol=1e-10) for a, b in zip(mine, theirs, strict=True))


def test_values_and_gradients_are_those_of_torch(pair):
    mine, plain = pair
    x = torch.randn(3, 6, 5, 7, dtype=torch.float64, requires_grad=True)
    y, expected = mine(x), plain(x)
    assert torch.allclose(y, expected, atol=1e-12)
    assert same(gradients(mine, y, x), gradients(plain, expected, x))


def test_inside_autocast_it_computes_in_half_precision_like_torch(pair):
    mine, plain = (module.float() for module in pair)
    x = torch.randn(3, 6, 5, 7, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        y, expected = mine(x), plain(x)
    assert y.dtype == expected.dtype == torch.bfloat16
    assert torch.allclose(y, expected, atol=0.05)
    found = gradients(mine, y, x)
    assert all(g.dtype == torch.float32 and g.isfinite().all() for g in found)


def test_codes_become_one_map_each():
    codes = torch.tensor([[[0, 2], [1, 1]]])
    maps = to_maps(codes, 3, torch.float32)
    assert maps.shape == (1, 3, 2, 2)
    assert torch.equal(maps.argmax(1), codes)
    assert maps.sum() == 4


def test_a_single_channel_is_marked_as_standing_last():
    maps = torch.rand(2, 1, 4, 3)
    marked = one_channel_last(maps)
    assert torch.equal(marked, maps)
    assert marked.data_ptr() == maps.data_ptr()
    assert nn.Conv2d(1, 2, 3)(marked).is_contiguous(memory_format=torch.channels_last)
