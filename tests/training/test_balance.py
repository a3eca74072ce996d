import pytest
import torch

from engine.training.balance import Balancer, gradients_at, shares_of


def itself(values):
    return values


def made(num_clips=4):
    torch.manual_seed(0)
    weight = torch.randn(3, requires_grad=True)
    return weight, torch.randn(num_clips, 3) * weight


def test_gradients_are_those_of_the_losses_that_reach_what_was_made():
    weight, through = made()
    losses = {"a": through.square().mean(), "other": weight.abs().sum(), "none": torch.tensor(1.0)}
    found = gradients_at(through, losses)
    assert found.keys() == {"a"}
    torch.testing.assert_close(found["a"], 2 * through.detach() / through.numel())


def test_shares_add_up_to_one_and_follow_the_norms():
    shares = shares_of({"big": torch.full((4,), 3.0), "small": torch.full((4,), 1.0)}, itself)
    assert float(shares["big"]) == pytest.approx(0.75)
    assert float(shares["small"]) == pytest.approx(0.25)


def test_a_terms_scale_does_not_matter_once_it_is_balanced():
    balanced = []
    for scale in (1.0, 1000.0):
        balancer = Balancer(["a", "b"], decay=0.9, total_norm=1.0)
        _, through = made()
        losses = {"a": scale * through.square().mean(), "b": through.abs().mean()}
        for _ in range(3):
            gradients = gradients_at(through, losses)
            found = balancer.balance(gradients, {"a": 1.0, "b": 3.0}, itself)
        balanced.append(found)
    torch.testing.assert_close(balanced[0]["a"], balanced[1]["a"])
    norms = {n: float(g.flatten(1).norm(dim=1).mean() * len(g)) for n, g in balanced[0].items()}
    assert norms["a"] == pytest.approx(0.25)
    assert norms["b"] == pytest.approx(0.75)


def test_the_size_of_the_batch_does_not_matter():
    norms = []
    for num_clips in (2, 8):
        balancer = Balancer(["a"], decay=0.0, total_norm=2.0)
        through = torch.ones(num_clips, 3, requires_grad=True)
        found = balancer.balance(
            gradients_at(through, {"a": through.square().mean()}), {"a": 1.0}, itself
        )
        norms.append(float(found["a"][0].norm() * num_clips))
    assert norms == pytest.approx([2.0, 2.0])


def test_a_term_that_comes_later_starts_from_its_own_norm():
    balancer = Balancer(["early", "late"], decay=0.999, total_norm=1.0)
    gradient = torch.ones(2, 3)
    balancer.balance({"early": gradient}, {"early": 1.0}, itself)
    found = balancer.balance(
        {"early": gradient, "late": 100 * gradient}, {"early": 1.0, "late": 1.0}, itself
    )
    torch.testing.assert_close(found["late"], found["early"])


def test_the_averages_are_in_the_state_dict():
    balancer = Balancer(["a"], decay=0.9, total_norm=1.0)
    balancer.balance({"a": torch.ones(2, 3)}, {"a": 1.0}, itself)
    other = Balancer(["a"], decay=0.9, total_norm=1.0)
    other.load_state_dict(balancer.state_dict())
    assert float(other.averages[0]) == float(balancer.averages[0]) > 0
