import torch
from torch import nn

from engine.training.average import AverageWeights


def test_the_average_moves_by_one_minus_decay():
    module = nn.Linear(1, 1, bias=False)
    nn.init.constant_(module.weight, 1.0)
    average = AverageWeights(dict(module.named_parameters()), decay=0.9)
    nn.init.constant_(module.weight, 2.0)
    average.update()
    assert torch.allclose(average.weights["weight"], torch.tensor([[1.1]]))


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
