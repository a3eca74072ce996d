import math

import pytest
import torch

from engine.training.meter import Meter
from engine.training.ranks import Ranks


def test_the_mean_is_over_steps_and_micro_batches_count_by_their_share():
    meter = Meter()
    for loss in (1.0, 3.0):
        meter.add({"loss": 0.25 * torch.tensor(loss)})
        meter.add({"loss": 0.75 * torch.tensor(loss + 4)})
        meter.count()
    assert meter.read() == pytest.approx({"loss": 5.0})


def test_reading_starts_afresh():
    meter = Meter()
    meter.add({"loss": torch.tensor(1.0)})
    meter.count()
    meter.read()
    assert meter.read() == {}


def test_clearing_forgets_what_was_added_and_asks_no_other_process():
    class Others(Ranks):
        def mean(self, values):
            raise AssertionError("a process ended by an error must not wait for the others")

    meter = Meter(Others())
    meter.add({"loss": torch.tensor(1.0)})
    meter.count()
    meter.add({"loss": torch.tensor(2.0)})
    meter.clear()
    assert meter.read() == {}
    assert meter.state().tensors == [{"sums": {}, "counts": {}}]


def test_saved_sums_go_on_where_they_were():
    whole, first, second = (Meter() for _ in range(3))
    for loss in (1.0, 5.0):
        for meter in (whole, first if loss == 1.0 else second):
            meter.add({"loss": torch.tensor(loss)})
            meter.count()
        if loss == 1.0:
            second.load(first.state())
    assert second.read() == whole.read()


def test_a_metric_that_is_not_finite_is_read_as_it_is():
    meter = Meter()
    meter.add({"loss": torch.tensor(float("nan"))})
    meter.count()
    assert math.isnan(meter.read()["loss"])
