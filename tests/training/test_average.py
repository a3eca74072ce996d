import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from engine.training.average import AverageWeights, average_weights, remark_on_average
from engine.training.system import Turn


def warmed_up(decay):
    """torch's own averaging, with the warm-up of TensorFlow's ExponentialMovingAverage."""

    def average(averaged, live, num_averaged):
        now = min(decay, (1 + int(num_averaged)) / (10 + int(num_averaged)))
        return now * averaged + (1 - now) * live

    return average


def network():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def turn_of(module):
    return Turn("t", dict(module.named_parameters()), {"loss": 1.0})


def train(module, num_steps, *after_each):
    optimizer = torch.optim.Adam(module.parameters(), lr=0.1)
    for _ in range(num_steps):
        optimizer.zero_grad()
        module(torch.randn(8, 3) + 2.0).square().mean().backward()
        optimizer.step()
        for follow in after_each:
            follow()


@pytest.mark.parametrize("decay", [0.5, 0.9, 0.999])
def test_weights_and_batch_statistics_are_averaged_as_torch_averages_them(decay):
    torch.manual_seed(0)
    module = network().train()
    ours = average_weights(module, [turn_of(module)], decay)
    theirs = AveragedModel(module, avg_fn=warmed_up(decay), use_buffers=True)
    theirs.n_averaged.fill_(1)  # else torch's first average is a copy, as if nothing was before it

    def follow():
        theirs.n_averaged -= 1  # torch counts before the first average what we count after
        theirs.update_parameters(module)
        theirs.n_averaged += 1

    train(module, 30, ours.update, follow)
    found = theirs.module.state_dict()
    assert {"1.running_mean", "1.running_var"} <= ours.weights.keys()
    for name, value in ours.weights.items():
        torch.testing.assert_close(value, found[name])


def test_a_short_run_with_a_slow_average_forgets_where_it_began():
    torch.manual_seed(0)
    module = network()
    began = module[0].weight.detach().clone()
    average = average_weights(module, [turn_of(module)], decay=0.999)
    train(module, 100, average.update)
    away = (module[0].weight - began).abs().mean()
    assert (average.weights["0.weight"] - module[0].weight).abs().mean() < 0.2 * away


def test_a_discriminator_is_not_averaged():
    module = network()
    judge = Turn("judge", dict(module.named_parameters()), {"loss": 1.0}, averaged=False)
    assert average_weights(module, [judge], 0.9).weights.keys() == {
        "1.running_mean",
        "1.running_var",
    }


def test_the_weights_come_back_exactly_after_being_swapped():
    module = nn.Linear(3, 3)
    average = AverageWeights(dict(module.named_parameters()), decay=0.5)
    with torch.no_grad():
        module.weight.add_(1.0)
    before = module.weight.detach().clone()
    held = average.weights["weight"].clone()
    with average.in_place():
        assert torch.equal(module.weight, held)
    assert torch.equal(module.weight, before)
    assert torch.equal(average.weights["weight"], held)


def test_an_average_goes_on_where_it_was_saved():
    module = network()
    average = average_weights(module, [turn_of(module)], 0.99)
    train(module, 20, average.update)
    other = average_weights(module, [turn_of(module)], 0.99)
    other.load(average.state())
    train(module, 5, average.update, other.update)
    for name, value in average.weights.items():
        assert torch.equal(value, other.weights[name])


def test_an_average_over_more_steps_than_the_run_has_is_remarked_on():
    assert "about 1,000 steps, and the run has 400" in remark_on_average(0.999, 400)
    assert remark_on_average(0.999, 1000) is None
    assert remark_on_average(None, 4) is None
