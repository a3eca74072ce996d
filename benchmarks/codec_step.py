"""A training step of the DAC codec, from a batch to updated weights: Cantus and upstream's way.

Run it from the project: python -m benchmarks.codec_step [--rounds 9] [--size small|full]
[--profile]. All ways take turns in one process on the same batches, so that whatever else the
machine does falls on all alike; each has its own copy of the same weights. Cantus's step is the
engine's own (`CodecTrainingModule`, `Stepper`); upstream's is in `upstream_codec.py`, and gains
here by the engine's handling of freed memory, which is the process's. What is compared is the CPU
time of the process. Results are written beside, with the machine.
"""

import json
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import torch
from attrs import define
from torch import Tensor

from benchmarks.keep_results import keep
from benchmarks.machine import machine
from benchmarks.upstream_codec import UpstreamTraining
from engine.recipe import load_recipe
from engine.recipe.params import Hardware
from engine.systems import recipe_classes
from engine.systems.codec.network.network import NetworkSettings
from engine.systems.codec.recipe import CodecRecipe
from engine.systems.codec.training_module import CodecTrainingModule
from engine.training.devices import make_device
from engine.training.schedules import Length
from engine.training.step import Stepper, weigh
from engine.training.system import Turn

RECIPE = Path(__file__).parents[1] / "recipes" / "codec_dac_paper.toml"
BATCH_SIZE, NUM_THREADS = 2, 1

SIZES = {
    "small": (
        "dataset.sample_rate_hz=16000",
        "model.encoder_dim=16",
        "model.encoder_rates=[2, 4, 4, 8]",
        "model.decoder_dim=256",
        "model.decoder_rates=[8, 4, 4, 2]",
    ),
    "full": (),
}
WAYS = {
    "cantus fp32": (),
    "cantus, discriminators bf16": ("model.discriminator.precision='bf16'",),
}
NOTHING_DRAWN = ("model.quantizer_dropout=0.0", "training.log_every_steps=1000000")
"""So that both ways compute the same; figures that are logged now and then are left out."""


@define
class Networks:
    """As much of a system as the stepper needs."""

    module: CodecTrainingModule
    turns: Sequence[Turn]


def recipe_of(*overrides: str) -> CodecRecipe:
    """The published recipe, with what is overridden."""
    every = [*overrides, *NOTHING_DRAWN]
    recipe = load_recipe(RECIPE, classes=recipe_classes(), overrides=every)
    assert isinstance(recipe, CodecRecipe)
    return recipe


def networks_of(recipe: CodecRecipe, upstream: UpstreamTraining) -> Networks:
    """The recipe's networks with upstream's weights."""
    module = CodecTrainingModule(recipe)
    module.network.load_state_dict(upstream.codec.state_dict())
    module.discriminators.load_state_dict(upstream.discriminators.state_dict())
    judges, codec = module.discriminators, module.network
    turns = (
        Turn("discriminator", dict(judges.named_parameters()), {"discriminator": 1.0}),
        Turn("generator", dict(codec.named_parameters()), recipe.generator_weights),
    )
    return Networks(module, turns)


def differences(ours: Networks, upstream: UpstreamTraining, audio: Tensor) -> dict[str, float]:
    """Of losses the largest relative difference, of each network's gradient its norm's."""
    losses, gradients = upstream.gradients(audio)
    batch = {"audio": audio, "target": audio}
    ours.module.begin(0)
    prepared, found = ours.module.prepare(batch), dict[str, float]()
    for turn in ours.turns:
        terms = getattr(ours.module, turn.name)(prepared)
        for name, loss in terms.losses.items():
            apart = ((loss - losses[name]) / losses[name]).abs().item()
            found["losses"] = max(found.get("losses", 0.0), apart)
        values = [*turn.parameters.values()]
        own = torch.autograd.grad(weigh(turn, terms, 0), values, retain_graph=True)
        named = dict(zip(turn.parameters, own, strict=True))
        found[f"{turn.name} gradient"] = _apart(named, gradients[turn.name])
    return found


def _apart(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> float:
    """Norm of the difference over the norm, of all tensors as one."""
    squares = Counter[str]()
    for name, wanted in theirs.items():
        own = ours[name]
        own = own if own.shape == wanted.shape else own.permute(0, 3, 1, 2)  # channels last
        squares["apart"] += float((own - wanted).double().square().sum())
        squares["whole"] += float(wanted.double().square().sum())
    return (squares["apart"] / squares["whole"]) ** 0.5


class CantusTraining:
    """The engine's own step."""

    def __init__(self, recipe: CodecRecipe, networks: Networks) -> None:
        self._device = make_device(Hardware(device="cpu", num_threads=NUM_THREADS), "fp32")
        self.module = networks.module
        system: Any = networks
        self.stepper = Stepper(self._device, system, recipe, Length(1_000_000, 1_000))
        self._done = 0

    def step(self, audio: Tensor) -> None:
        """One step on audio [B, 1, samples]."""
        self.stepper.step([{"audio": audio, "target": audio}], self._done)
        self._done += 1

    def shares(self, audio: Tensor, num_steps: int) -> dict[str, float]:
        """The share of each section in the step's CPU time."""
        module, stepper, device = self.module, self.stepper, self._device
        spent = Counter[str]()
        sections: list[tuple[Any, str, Callable[[], str]]] = [
            (module, "prepare", lambda: "codec forward"),
            (module.discriminators, "judge", lambda: "discriminators judge, forward"),
            (module.discriminators, "compare", lambda: "discriminators compare, forward"),
            (module.mel_distance, "forward", lambda: "mel distance, forward"),
            (device, "backward", lambda: f"{turn()}, backward"),
            (stepper, "_clip", lambda: "norms and clipping"),
            *((share.optimizer, "step", lambda: "AdamW") for share in stepper._shares),
        ]
        done = Counter[str]()

        def turn() -> str:
            done["turns"] += 1
            return "discriminators' turn" if done["turns"] % 2 else "generator's turn"

        for owner, method, name in sections:
            setattr(owner, method, _timed(getattr(owner, method), name, spent))
        started = time.process_time()
        for _ in range(num_steps):
            self.step(audio)
        whole = time.process_time() - started
        for owner, method, _ in sections:
            delattr(owner, method)
        spent["everything else"] = whole - sum(spent.values())
        return {name: round(seconds / whole, 3) for name, seconds in spent.most_common()}


def _timed(
    function: Callable[..., Any], name: Callable[[], str], spent: Counter[str]
) -> Callable[..., Any]:
    def timed(*args: Any, **kwargs: Any) -> Any:
        section, started = name(), time.process_time()
        result = function(*args, **kwargs)
        spent[section] += time.process_time() - started
        return result

    return timed


@click.command()
@click.option("--rounds", default=9, show_default=True, help="Steps of each way that are measured.")
@click.option("--size", type=click.Choice([*SIZES]), default="small", show_default=True)
@click.option("--profile", is_flag=True, help="Print the share of each section of Cantus's step.")
def main(rounds: int, size: str, profile: bool) -> None:
    """Measure, print and write the results."""
    torch.set_num_threads(NUM_THREADS)
    torch.manual_seed(1)
    recipe = recipe_of(*SIZES[size])
    settings = NetworkSettings.of(recipe.model, recipe.dataset.sample_rate_hz)
    upstream = UpstreamTraining(settings.upstream_kwargs)
    samples = round(recipe.dataset.segment_seconds * recipe.dataset.sample_rate_hz)
    audio = 0.1 * torch.randn(rounds + 3, BATCH_SIZE, 1, samples)
    agreement: dict[str, dict[str, float]] = {}
    ways: dict[str, CantusTraining] = {}
    for way, overrides in WAYS.items():
        table = recipe_of(*SIZES[size], *overrides)
        networks = networks_of(table, upstream)
        agreement[way] = differences(networks, upstream, audio[0])
        print("differences from upstream:", way, agreement[way], flush=True)
        ways[way] = CantusTraining(table, networks)
    if profile:
        for way, training in ways.items():
            training.step(audio[0])
            print(way, json.dumps(training.shares(audio[1], rounds), indent=2))
        return
    steps = {"upstream": upstream.step, **{way: one.step for way, one in ways.items()}}
    times = _take_turns(steps, audio)
    summary = {way: _summary(times[way], times["upstream"]) for way in times}
    _write(size, {"rounds": rounds, "differences": agreement, "ways": summary})


def _take_turns(
    steps: Mapping[str, Callable[[Tensor], None]], audio: Tensor
) -> dict[str, list[float]]:
    """CPU seconds of every step; the first three of each way are not counted."""
    times: dict[str, list[float]] = {way: [] for way in steps}
    for number, batch in enumerate(audio):
        for way, step in steps.items():
            # What the engine asks of torch must not slow upstream down.
            torch.use_deterministic_algorithms(way != "upstream")
            started = time.process_time()
            step(batch)
            if number >= 3:
                times[way].append(time.process_time() - started)
    return times


def _summary(times: Sequence[float], upstream: Sequence[float]) -> dict[str, float]:
    ratios = [theirs / ours for ours, theirs in zip(times, upstream, strict=True)]
    return {
        "cpu_ms": round(statistics.median(times) * 1e3, 1),
        "times_faster": round(statistics.median(ratios), 2),
        "times_faster_least": round(min(ratios), 2),
        "times_faster_most": round(max(ratios), 2),
    }


def _write(size: str, found: Mapping[str, Any]) -> None:
    """Print the results of a size, and put them beside those of the other."""
    facts = {"machine": machine(NUM_THREADS), "batch_size": BATCH_SIZE, **found}
    keep("codec_step.json", size, facts)


if __name__ == "__main__":
    main()
