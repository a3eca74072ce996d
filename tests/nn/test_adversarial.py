import pytest
import torch
import torch.nn.functional as F

from engine.nn.adversarial import (
    accuracy,
    discriminator_loss,
    feature_distances,
    generator_loss,
    hinge_mean,
    least_squares_mean,
    loss_over_chance,
)
from engine.nn.discriminators import Verdicts


def number(tensor):
    return tensor.detach().item()


def constant(value):
    """Verdicts of two discriminators that say the same of everything."""
    logits = [torch.full((3, 1, 7), value), torch.full((3, 5), value)]
    return Verdicts(logits, logits)


@pytest.fixture
def verdicts():
    torch.manual_seed(0)
    real, fake = ([torch.randn(2, 9), torch.randn(2, 4, 3)] for _ in range(2))
    return Verdicts(real, fake)


@pytest.mark.parametrize("value", [-1.0, -0.3, 0.0, 0.5, 1.0])
def test_the_hinge_loss_of_every_constant_output_is_chance(value):
    assert number(hinge_mean(constant(value))) == pytest.approx(2.0)
    assert discriminator_loss("hinge", "sum", constant(value)) == pytest.approx(4.0)
    assert loss_over_chance("hinge", constant(value)).tolist() == pytest.approx([1.0, 1.0])


def test_beyond_its_margin_a_constant_is_worse_than_chance():
    assert hinge_mean(constant(3.0)) > 2.5


def test_least_squares_of_the_best_constant_are_chance_and_of_zeros_twice_that():
    assert least_squares_mean(constant(0.5)) == pytest.approx(0.5)
    assert loss_over_chance("least_squares", constant(0.5)).tolist() == pytest.approx([1.0, 1.0])
    assert loss_over_chance("least_squares", constant(0.0)).tolist() == pytest.approx([2.0, 2.0])


@pytest.mark.parametrize(("kind", "boundary"), [("hinge", 0.0), ("least_squares", 0.5)])
def test_on_the_boundary_accuracy_is_one_half_and_of_a_perfect_discriminator_one(kind, boundary):
    assert accuracy(kind, constant(boundary)).tolist() == [0.5, 0.5]
    assert accuracy(kind, constant(boundary + 1)).tolist() == [0.5, 0.5]
    apart = Verdicts([torch.full((4,), boundary + 0.1)], [torch.full((2, 3), boundary - 0.1)])
    assert accuracy(kind, apart).tolist() == [1.0]
    assert accuracy(kind, Verdicts(apart.fake, apart.real)).tolist() == [0.0]


def test_summed_least_squares_are_the_sums_that_upstream_reports(verdicts):
    real, fake = verdicts
    wanted = sum((r - 1).pow(2).mean() + f.pow(2).mean() for r, f in zip(real, fake, strict=True))
    assert torch.allclose(discriminator_loss("least_squares", "sum", verdicts), wanted)
    assert torch.allclose(discriminator_loss("least_squares", "mean", verdicts), wanted / 2)
    wanted = sum((f - 1).pow(2).mean() for f in fake)
    assert torch.allclose(generator_loss("least_squares", "sum", fake), wanted)
    assert torch.allclose(generator_loss("least_squares", "mean", fake), wanted / 2)


def test_the_generator_is_drawn_to_higher_logits_by_either_loss():
    for kind in ("hinge", "least_squares"):
        low, high = ([torch.full((4,), value)] for value in (-0.5, 0.5))
        assert generator_loss(kind, "mean", high) < generator_loss(kind, "mean", low)


def test_feature_distances_are_l1_in_three_units_and_so_are_their_gradients():
    torch.manual_seed(0)
    fakes = [torch.randn(2, 3, 4, requires_grad=True), torch.randn(5, requires_grad=True)]
    reals = [torch.randn(2, 3, 4), torch.randn(5)]
    found = feature_distances([list(zip(fakes, reals, strict=True))])
    plain = [F.l1_loss(fake, real) for fake, real in zip(fakes, reals, strict=True)]
    sizes = [real.abs().mean() for real in reals]
    assert torch.allclose(found.sum, sum(plain))
    assert torch.allclose(found.mean, sum(plain) / 2)
    relative = sum(one / size for one, size in zip(plain, sizes, strict=True)) / 2
    assert torch.allclose(found.relative, relative)
    for mine, wanted in ((found.sum, sum(plain)), (found.relative, relative)):
        pairs = zip(
            torch.autograd.grad(mine, fakes, retain_graph=True),
            torch.autograd.grad(wanted, fakes, retain_graph=True),
            strict=True,
        )
        assert all(torch.allclose(own, theirs) for own, theirs in pairs)


def test_equal_maps_are_at_no_distance_and_silent_ones_at_a_finite_one():
    maps = torch.randn(3, 4)
    assert feature_distances([[(maps, maps.clone())]]).relative == 0.0
    assert feature_distances([[(maps, torch.zeros(3, 4))]]).relative.isfinite()


def test_maps_in_half_precision_are_measured_in_single():
    fake, real = (torch.rand(100_000).bfloat16() for _ in range(2))
    fake.requires_grad_()
    distances = feature_distances([[(fake, real)]])
    assert distances.sum.dtype == torch.float32
    assert number(distances.sum) == pytest.approx(
        number((fake.float() - real.float()).abs().mean()), rel=1e-2
    )
    (gradient,) = torch.autograd.grad(distances.sum, fake)
    assert gradient.dtype == torch.bfloat16
