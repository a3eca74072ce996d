import pytest
import torch
import torch.nn.functional as F
from torch import nn

from engine.nn.cpu.leaky_convolution import NormedKernel, convolve
from engine.nn.cpu.products import has_product

SHAPES = {
    "stride 3": (4, 6, (5, 1), (3, 1), (2, 0)),
    "stride 1": (4, 6, (5, 1), (1, 1), (2, 0)),
    "one channel in": (1, 6, (5, 1), (3, 1), (2, 0)),
    "one channel out": (4, 1, (3, 1), (1, 1), (1, 0)),
}


@pytest.fixture(params=SHAPES)
def layer(request):
    torch.manual_seed(0)
    return NormedKernel(*SHAPES[request.param])


def outcome(layer, x, leaky):
    """Maps, and gradients of input and parameters."""
    x = x.clone().requires_grad_()
    y = convolve(x, layer(x.dtype), leaky=leaky)
    weights = torch.linspace(-1, 1, y.numel()).view(y.shape).to(y.dtype)
    return [y, *torch.autograd.grad((y * weights).sum(), (x, *layer.parameters()))]


def plain(layer, x, leaky):
    """The same by torch's own weight norm and convolution."""
    conv = nn.utils.weight_norm(nn.Conv2d(x.shape[-1], *layer.bias.shape, (1, 1)))
    conv.weight_v = nn.Parameter(layer.state_dict()["weight_v"].clone())
    conv.weight_g, conv.bias = layer.weight_g, layer.bias
    conv.stride, conv.padding = layer.stride, layer.padding
    x = x.clone().requires_grad_()
    y = conv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    y = F.leaky_relu(y, 0.1) if leaky else y
    weights = torch.linspace(-1, 1, y.numel()).view(y.shape)
    leaves = (x, conv.weight_g, conv.weight_v, conv.bias)
    own = dict(
        zip(("x", "g", "v", "b"), torch.autograd.grad((y * weights).sum(), leaves), strict=True)
    )
    return [y, own["x"], own["g"], own["v"].permute(0, 2, 3, 1), own["b"]]


def alike(found, wanted):
    return [torch.allclose(a, b, atol=1e-5) for a, b in zip(found, wanted, strict=True)]


@pytest.mark.parametrize("leaky", [True, False])
@pytest.mark.parametrize("length", [3, 10, 12])
def test_products_of_matrices_have_the_values_and_gradients_of_torch(layer, leaky, length):
    x = torch.randn(3, length, 1, layer.weight_v.shape[-1])
    assert has_product(x)
    assert all(alike(outcome(layer, x, leaky), plain(layer, x, leaky)))


def test_without_onednn_it_is_torchs_own_convolution(layer, monkeypatch):
    x = torch.randn(3, 10, 1, layer.weight_v.shape[-1])
    fast = outcome(layer, x, True)
    monkeypatch.setattr(torch._C, "_has_mkldnn", False)
    assert not has_product(x)
    assert all(alike(outcome(layer, x, True), fast))


def test_frozen_weights_get_no_gradient_and_let_it_through(layer):
    layer.requires_grad_(False)
    x = torch.randn(2, 9, 1, layer.weight_v.shape[-1], requires_grad=True)
    convolve(x, layer(x.dtype)).sum().backward()
    assert x.grad.abs().sum() > 0
    assert all(p.grad is None for p in layer.parameters())


def test_a_state_dict_has_the_shapes_of_torch_and_loads_back(layer):
    state = layer.state_dict()
    theirs = nn.utils.weight_norm(nn.Conv2d(1, 1, 1))
    out, height, width, channels = layer.weight_v.shape
    assert state.keys() == theirs.state_dict().keys()
    assert state["weight_v"].shape == (out, channels, height, width)
    again = NormedKernel(channels, out, (height, width), layer.stride, layer.padding)
    again.load_state_dict({name: tensor.contiguous() for name, tensor in state.items()})
    assert all(
        torch.equal(*pair) for pair in zip(layer.parameters(), again.parameters(), strict=True)
    )
    assert all(p.is_contiguous() for p in again.parameters())


def test_weight_norm_changes_nothing_at_first(layer):
    assert torch.allclose(layer(torch.float32).weight, layer.weight_v, atol=1e-6)


def test_of_maps_narrower_than_the_kernel_bf16_gradients_are_no_leftover_memory():
    torch.manual_seed(0)
    layer = NormedKernel(2, 32, (3, 9), (1, 2), (1, 4))
    x = torch.randn(2, 5, 1, 2)
    for _ in range(5):
        leftover = [torch.full((size,), 1e9) for size in (1728, 3456, 13824)]
        del leftover
        found = outcome(layer, x.bfloat16(), True)[2:]
        for own, wanted in zip(found, outcome(layer, x, True)[2:], strict=True):
            assert float((own - wanted).norm()) < 0.05 * float(wanted.norm())


@pytest.mark.parametrize("leaky", [True, False])
@pytest.mark.parametrize(("groups", "stride"), [(1, 1), (4, 3)])
def test_signals_in_groups_have_the_values_gradients_and_names_of_a_conv1d(leaky, groups, stride):
    torch.manual_seed(0)
    layer = NormedKernel(8, 12, (5, 1), (stride, 1), (2, 0), groups=groups, signals=True)
    theirs = nn.utils.weight_norm(nn.Conv1d(8, 12, 5, stride, 2, groups=groups))
    theirs.load_state_dict(layer.state_dict())
    x = torch.randn(3, 20, 1, 8)
    found = outcome(layer, x, leaky)
    signals = x[:, :, 0].transpose(1, 2).clone().requires_grad_()
    y = theirs(signals)
    y = (F.leaky_relu(y, 0.1) if leaky else y).transpose(1, 2)[:, :, None]
    weights = torch.linspace(-1, 1, y.numel()).view(y.shape)
    leaves = (signals, theirs.weight_g, theirs.weight_v, theirs.bias)
    to_x, to_g, to_v, to_b = torch.autograd.grad((y * weights).sum(), leaves)
    wanted = [y, to_x.transpose(1, 2)[:, :, None], to_g[..., None]]
    assert all(alike(found, [*wanted, to_v[..., None].permute(0, 2, 3, 1), to_b]))
    theirs.load_state_dict(layer.state_dict())
    layer.load_state_dict({name: value.clone() for name, value in theirs.state_dict().items()})
    assert torch.equal(outcome(layer, x, leaky)[0], found[0])
