"""A toy that waits in an evaluation, so that a signal comes in the middle of it."""

import time
from collections import Counter

import torch
from attrs import fields_dict

from tests.training.toy import ToySystem, build_toy


class Waiting(ToySystem):
    """Waits in the method named in the project's file `wait_in`, the first so many calls aside."""

    def wait(self, method):
        where, number = self.wait_in.read_text().split() if self.wait_in.is_file() else ("", "0")
        self.calls[method] += 1
        if method == where and self.calls[method] == int(number):
            self.wait_in.with_name("waits").touch()
            torch.rand(3)  # a cut evaluation leaves no trace in the generators either
            time.sleep(60)

    def evaluate(self):
        self.wait("evaluate")
        return super().evaluate()

    def baselines(self):
        self.wait("baselines")
        return super().baselines()

    def samples(self, folder, num_clips):
        self.wait("samples")
        return super().samples(folder, num_clips)


def build_waiting(recipe, project, params):
    made = build_toy(recipe, project, params)
    system = Waiting(**{name: getattr(made, name) for name in fields_dict(ToySystem)})
    system.wait_in, system.calls = project.params.with_name("wait_in"), Counter()
    return system


def wait_until_it_waits(folder, process):
    while not (folder / "waits").exists() and process.is_alive():
        time.sleep(0.01)
