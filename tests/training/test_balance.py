import pytest
import torch

from engine.training.balance import Balancer, gradients_at, shares_of
from engine.training.ranks import ALONE


def made(num_clips=4):
    torch.manual_seed(0)
    weight = torch.randn(3, requires_grad=True)
    return weight, torch.randn(num_clips, 3) * weight


def as_described(history, weights, decay, total_norm):
    """EnCodec's balancer as its paper (eq. 4) and audiocraft's documentation describe it.

    The gradients of a batch's last step in `history`, each a table of gradients [clips, ...], after
    averages over all of them in which a step weighs as many clips as it has.
    """
    sums, counts = {}, {}
    for gradients in history:
        for name, gradient in gradients.items():
            clips = [float(one.square().sum() ** 0.5) for one in gradient]
            sums[name] = decay * sums.get(name, 0.0) + sum(clips)
            counts[name] = decay * counts.get(name, 0.0) + len(clips)
    total = sum(weights[name] for name in history[-1])
    return {
        name: total_norm * weights[name] / total * counts[name] / sums[name] * gradient
        for name, gradient in history[-1].items()
    }


def test_gradients_are_those_of_the_losses_that_reach_what_was_made():
    weight, through = made()
    losses = {"a": through.square().mean(), "other": weight.abs().sum(), "none": torch.tensor(1.0)}
    found = gradients_at(through, losses)
    assert found.keys() == {"a"}
    torch.testing.assert_close(found["a"], 2 * through.detach() / through.numel())


@pytest.mark.parametrize("decay", [0.0, 0.9, 0.999])
def test_gradients_are_balanced_as_encodec_describes_it(decay):
    torch.manual_seed(0)
    balancer = Balancer(["a", "b", "late"], decay, total_norm=2.0)
    weights = {"a": 1.0, "b": 3.0, "late": 4.0}
    history = []
    for step in range(12):
        clips = 2 if step == 7 else 5  # a short batch weighs less
        gradients = {"a": torch.rand(clips, 3) * (step + 1), "b": torch.rand(clips, 3) / 100}
        if step > 5:
            gradients["late"] = 50 * torch.rand(clips, 3)
        history.append(gradients)
        (found,) = balancer.balance([gradients], weights, ALONE)
        wanted = as_described(history, weights, decay, 2.0)
        assert found.keys() == wanted.keys()
        for name, gradient in wanted.items():
            torch.testing.assert_close(found[name], gradient)


@pytest.mark.parametrize("odd", [float("inf"), float("nan")])
def test_gradients_that_are_not_finite_leave_no_trace(odd):
    balancer, weights = Balancer(["a"], 0.9, total_norm=1.0), {"a": 1.0}
    for value in (odd, 2.0, odd):
        balancer.balance([{"a": torch.full((2, 1), value)}], weights, ALONE)
    (found,) = balancer.balance([{"a": torch.full((2, 1), 2.0)}], weights, ALONE)
    torch.testing.assert_close(found["a"], torch.ones(2, 1))


def test_the_parts_of_a_batch_are_balanced_as_the_batch_is():
    gradients = {"a": torch.rand(6, 3), "b": 10 * torch.rand(6, 3)}
    cuts = (slice(0, 1), slice(1, 6))
    parts = [{name: one[rows] for name, one in gradients.items()} for rows in cuts]
    weights = {"a": 1.0, "b": 2.0}
    (whole,) = Balancer(["a", "b"], 0.9, 1.0).balance([gradients], weights, ALONE)
    cut = Balancer(["a", "b"], 0.9, 1.0).balance(parts, weights, ALONE)
    for name, gradient in whole.items():
        torch.testing.assert_close(torch.cat([part[name] for part in cut]), gradient)


def test_the_shares_asked_for_are_those_that_are_logged():
    balancer = Balancer(["a", "b"], decay=0.999, total_norm=1.0)
    torch.manual_seed(0)
    logged = []
    for _ in range(20):
        gradients = {"a": torch.randn(8, 100), "b": 1e-3 * torch.randn(8, 100)}
        found = balancer.balance([gradients], {"a": 1.0, "b": 3.0}, ALONE)
        logged.append(float(shares_of(found, ALONE)["a"]))
    assert sum(logged) / 20 == pytest.approx(0.25, abs=0.01)


def test_shares_add_up_to_one_and_follow_the_norms():
    shares = shares_of([{"big": torch.full((4, 1), 3.0), "small": torch.full((4, 1), 1.0)}], ALONE)
    assert float(shares["big"]) == pytest.approx(0.75)
    assert float(shares["small"]) == pytest.approx(0.25)


def test_a_terms_weight_outside_does_not_matter_once_it_is_balanced():
    balanced = []
    for scale in (1.0, 1000.0):
        balancer = Balancer(["a", "b"], decay=0.9, total_norm=1.0)
        _, through = made()
        losses = {"a": scale * through.square().mean(), "b": through.abs().mean()}
        for _ in range(3):
            gradients = gradients_at(through, losses)
            (found,) = balancer.balance([gradients], {"a": 1.0, "b": 3.0}, ALONE)
        balanced.append(found)
    torch.testing.assert_close(balanced[0]["a"], balanced[1]["a"])


def test_the_norm_at_a_clip_does_not_depend_on_the_size_of_the_batch():
    norms = []
    for num_clips in (2, 8):
        balancer = Balancer(["a"], decay=0.0, total_norm=2.0)
        through = torch.ones(num_clips, 3, requires_grad=True)
        gradients = gradients_at(through, {"a": through.square().mean()})
        (found,) = balancer.balance([gradients], {"a": 1.0}, ALONE)
        norms.append(float(found["a"][0].norm()))
    assert norms == pytest.approx([2.0, 2.0])


def test_a_term_that_comes_later_starts_from_its_own_norm():
    balancer = Balancer(["early", "late"], decay=0.999, total_norm=1.0)
    gradient = torch.ones(2, 3)
    balancer.balance([{"early": gradient}], {"early": 1.0}, ALONE)
    both = {"early": gradient, "late": 100 * gradient}
    (found,) = balancer.balance([both], {"early": 1.0, "late": 1.0}, ALONE)
    torch.testing.assert_close(found["late"], found["early"])


def test_the_averages_are_in_the_state_dict():
    balancer = Balancer(["a"], decay=0.9, total_norm=1.0)
    balancer.balance([{"a": torch.ones(2, 3)}], {"a": 1.0}, ALONE)
    other = Balancer(["a"], decay=0.9, total_norm=1.0)
    other.load_state_dict(balancer.state_dict())
    after = [
        one.balance([{"a": torch.full((2, 3), 5.0)}], {"a": 1.0}, ALONE)[0]["a"]
        for one in (balancer, other)
    ]
    assert torch.equal(*after)
