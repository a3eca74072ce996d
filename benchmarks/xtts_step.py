"""A training step of XTTS's GPT, from audio on disk to updated weights: Cantus and Coqui's way.

Run it from the project: python -m benchmarks.xtts_step [--size small|layer] [--rounds 9]
[--profile]. Clips of 3 to 11 s are made on the spot, with transcripts of a fitting length, and so
are files in the published formats with random weights: the DVAE and the text vocabulary are of
their real size, the GPT has 4 layers of 256 ("small"), or one layer of the real width of 1024
("layer"). There 30 layers are composed: the step with one, and 29 times that layer alone (forward,
backward, AdamW) on what it was given in these steps, with the mask that it was given.

All ways take turns in one process on the same clips a round, in batches of three, so that whatever
else the machine does falls on all alike; each has its own copy of the same weights. Cantus's step
is the engine's own (`XttsClips`, `XttsTrainingModule`, `Stepper`), codes made before as a run makes
them once; Coqui's is in `upstream_xtts.py`, and gains here by the engine's handling of freed
memory, which is the process's. Coqui draws clips at random, and so it does here; the engine sorts
them by length (`Order`), and one way measures what is left when it takes Coqui's batches. One
computes in bf16, which a recipe may choose (`training.precision`). What is compared is the CPU time
of the process. Results are written beside, with the machine.
"""

import json
import math
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import torch
from attrs import frozen
from torch import Tensor, nn

from benchmarks.keep_results import keep
from benchmarks.machine import machine
from benchmarks.speech_project import LANGUAGE, speech_project
from benchmarks.upstream_xtts import (
    LONGEST_EXCERPT,
    LOSS_WEIGHTS,
    UpstreamSpeaker,
    UpstreamTraining,
    config_of,
    write_files,
)
from engine.project import Project
from engine.recipe import load_params, load_recipe
from engine.systems import recipe_classes
from engine.systems.xtts.recipe import XttsRecipe
from engine.systems.xtts.speech.decode import Sampling, decode
from engine.systems.xtts.system import XttsSystem, build
from engine.training.devices import make_device
from engine.training.schedules import Length
from engine.training.step import Stepper

RECIPE = Path(__file__).parents[1] / "recipes" / "xtts_phase1.toml"
BATCH_SIZE, NUM_THREADS = 3, 1
BATCHES_PER_ROUND = {"small": 16, "layer": 6}
"""Of each way. The engine sorts the clips of 50 batches by length; here, those of a round."""
NUM_LAYERS = 30
NUM_SPOKEN = 150
"""Codes that are said in a round of decoding: six seconds."""
SIZES = {"small": (4, 256, 4), "layer": (1, 1024, 16)}
"""Layers, width, heads."""
COQUI, SORTED, SAME = "coqui", "cantus", "cantus, coqui's batches"
BF16 = "cantus, bf16"

_OVERRIDES = (
    "dataset.corpus='speech'",
    f"dataset.languages=['{LANGUAGE}']",
    f"dataset.language='{LANGUAGE}'",
    "model.folder='published'",
    "training.log_every_steps=1000000",
    f"training.batch_size={BATCH_SIZE}",
)


class CantusTraining:
    """The engine's own step, on a system that it builds."""

    def __init__(self, system: XttsSystem, project: Project) -> None:
        precision = system.recipe.training.precision
        self._device = make_device(load_params(project.params).hardware, precision)
        self.module = system.module
        length = Length(1_000_000, 1_000)
        self.stepper = Stepper(self._device, system, system.recipe, length)  # type: ignore[arg-type]
        self.clips = system.train_clips
        self._random = np.random.default_rng(2)
        self._done = 0

    def step(self, indices: Sequence[int]) -> None:
        """One step on the clips at these places of the training set."""
        self.stepper.step([self.clips.batch(indices, self._random)], self._done)
        self._done += 1

    def sections(self, batches: Sequence[Sequence[int]]) -> dict[str, float]:
        """CPU seconds of each section of steps on these batches."""
        spent: dict[str, float] = defaultdict(float)
        gpt = self.module.network
        sections: list[tuple[Any, str, str]] = [
            (self.module, "prepare", "conditioning mels"),
            (gpt, "condition", "conditioning, forward"),
            (gpt.gpt, "forward", "transformer, forward"),
            (gpt.mel_head, "forward", "heads, forward"),
            (gpt.text_head, "forward", "heads, forward"),
            (self._device, "backward", "backward"),
            (self.stepper, "_clip", "gradient norm"),
            (self.stepper._shares[0].optimizer, "step", "AdamW"),
        ]
        for owner, method, name in sections:
            setattr(owner, method, _timed(getattr(owner, method), name, spent))
        read, started = 0.0, time.process_time()
        for indices in batches:
            before = time.process_time()
            batch = self.clips.batch(indices, self._random)
            read += time.process_time() - before
            self.stepper.step([batch], self._done)
        whole = time.process_time() - started
        for owner, method, _ in sections:
            delattr(owner, method)
        spent["audio and codes read"] = read
        spent["everything else"] = whole - sum(spent.values())
        return spent


def _timed(function: Callable[..., Any], name: str, spent: dict[str, float]) -> Callable[..., Any]:
    def timed(*args: Any, **kwargs: Any) -> Any:
        started = time.process_time()
        result = function(*args, **kwargs)
        spent[name] += time.process_time() - started
        return result

    return timed


class OneLayer:
    """The first layer of a transformer: trained alone on what it was given in steps before."""

    def __init__(self, layer: nn.Module, fused: bool, bf16: bool = False) -> None:
        self._bf16 = bf16
        self._layer, self._given = layer, list[tuple[list[Any], dict[str, Any]]]()
        # Both AdamWs as their sides have them; the rate leaves the weights as they are.
        self._optimizer = torch.optim.AdamW(layer.parameters(), lr=1e-12, fused=fused)
        self._fused = fused
        layer.register_forward_pre_hook(self._note, with_kwargs=True)

    def _note(self, _: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        x, _, *others = args  # the second are keys and values before x: Coqui keeps x's in them
        self._given.append(([x, None, *others], kwargs))

    def train(self, _: object) -> None:
        """A step of the layer alone on each input since the last time."""
        given, self._given = self._given, []
        for (x, *others), kwargs in given:
            with torch.autocast("cpu", torch.bfloat16, enabled=self._bf16):
                made = self._layer(x.detach().requires_grad_(), *others, **kwargs)
            made = made[0] if isinstance(made, tuple) else made
            made.backward(torch.ones_like(made))
            if self._fused:  # the engine measures the norm of each gradient
                nn.utils.clip_grad_norm_(self._layer.parameters(), math.inf)
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
        self._given.clear()


@frozen
class Ways:
    """Both sides with the same weights and clips, and what the gradients differ by."""

    upstream: UpstreamTraining
    cantus: CantusTraining
    in_bf16: CantusTraining
    apart: float

    def steps(self) -> dict[str, Callable[[Sequence[int]], None]]:
        """What each way does with the clips of a round: a step for every three."""
        ids, lengths = self.cantus.clips.ids, self.cantus.clips.lengths

        def coqui(clips: Sequence[int]) -> None:
            for batch in _batches(clips):
                self.upstream.step([ids[clip] for clip in batch])

        def same(clips: Sequence[int], training: CantusTraining = self.cantus) -> None:
            for batch in _batches(clips):
                training.step(batch)

        def in_order(clips: Sequence[int], training: CantusTraining = self.cantus) -> None:
            same(sorted(clips, key=lambda clip: int(lengths[clip])), training)

        def in_bf16(clips: Sequence[int]) -> None:
            in_order(clips, self.in_bf16)

        return {COQUI: coqui, SORTED: in_order, SAME: same, BF16: in_bf16}


def _batches(clips: Sequence[int]) -> list[Sequence[int]]:
    return [clips[start : start + BATCH_SIZE] for start in range(0, len(clips), BATCH_SIZE)]


def ways_of(project: Project, vocabulary: str, size: tuple[int, int, int]) -> Ways:
    """Both sides of one size, built from files in the published formats."""
    torch.manual_seed(1)
    folder = project.root / "published"
    config = config_of(folder, *size)
    write_files(folder, vocabulary, config)
    system, in_bf16 = (_system(project, precision) for precision in ("fp32", "bf16"))
    manifest = system.corpus.manifest.clips
    texts = {clip.id: clip.text or "" for clip in manifest}
    files = project.root / "data" / "speech"
    samples = {id_: (files / f"{Path(id_).stem}.wav", texts[id_]) for id_ in system.train_clips.ids}
    upstream = UpstreamTraining(config, samples)
    for one in (system, in_bf16):
        one.module.network.load_state_dict(upstream.gpt.state_dict())
    training = (CantusTraining(one, project) for one in (system, in_bf16))
    return Ways(upstream, *training, _gradients_apart(system, upstream))


def _system(project: Project, precision: str) -> XttsSystem:
    overrides = [*_OVERRIDES, f"training.precision='{precision}'"]
    recipe = load_recipe(RECIPE, classes=recipe_classes(), overrides=overrides)
    assert isinstance(recipe, XttsRecipe)
    return build(recipe, project, load_params(project.params))


def _gradients_apart(system: XttsSystem, upstream: UpstreamTraining) -> float:
    """Norm of the difference of all gradients over the norm, where nothing is random.

    Without dropout, with the same excerpts of voices (all of one length, so that none is padded)
    and the same codes, and without masked targets.
    """
    module, clips = system.module, system.train_clips
    module.eval()
    long = [i for i in range(len(clips)) if len(clips.audio(i)) >= LONGEST_EXCERPT][:BATCH_SIZE]
    batch = clips.evaluated(long)
    voice = torch.stack([clips.audio(clip)[:LONGEST_EXCERPT] for clip in long])
    batch |= {"voice": voice, "voice_lengths": torch.full((BATCH_SIZE,), LONGEST_EXCERPT)}
    prepared = module.prepare(batch)
    losses = module.gpt(prepared).losses
    weighed = (
        LOSS_WEIGHTS["loss_text_ce"] * losses["text_ce"]
        + LOSS_WEIGHTS["loss_mel_ce"] * losses["mel_ce"]
    )
    named = dict(module.network.named_parameters())
    ours = dict(zip(named, torch.autograd.grad(weighed, [*named.values()]), strict=True))
    module.train()
    return _apart(ours, upstream.gradients(batch, prepared["mels"]))


def _apart(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> float:
    apart = sum(float((ours[name] - one).double().square().sum()) for name, one in theirs.items())
    whole = sum(float(one.double().square().sum()) for one in theirs.values())
    return math.sqrt(apart / whole)


def rounds_of(number: int, num_clips: int, num_batches: int) -> list[list[int]]:
    """Clips of each round and of one before, at random: an epoch after the other."""
    random = np.random.default_rng(3)
    shape = (1 + number, num_batches * BATCH_SIZE)
    drawn = np.concatenate(
        [random.permutation(num_clips) for _ in range(1 + math.prod(shape) // num_clips)]
    )
    return drawn[: math.prod(shape)].reshape(shape).tolist()


def take_turns(
    ways: Mapping[str, Callable[[Any], None]], rounds: Sequence[Any]
) -> dict[str, list[float]]:
    """CPU seconds of every round; the first of each way is not counted."""
    times: dict[str, list[float]] = {way: [] for way in ways}
    for number, given in enumerate(rounds):
        for way, work in ways.items():
            # What the engine asks of torch must not slow upstream down.
            torch.use_deterministic_algorithms(not way.startswith(COQUI))
            started = time.process_time()
            work(given)
            if number > 0:
                times[way].append(time.process_time() - started)
    return times


def summary(times: Mapping[str, Sequence[float]], units: int) -> dict[str, dict[str, float]]:
    """Of each way: milliseconds of a unit, of which a round has so many; how much faster it is."""
    found = {}
    for way, own in times.items():
        ratios = [theirs / ours for ours, theirs in zip(own, times[COQUI], strict=True)]
        found[way] = {
            "cpu_ms": round(statistics.median(own) / units * 1e3, 2),
            "times_faster": round(statistics.median(ratios), 2),
            "times_faster_least": round(min(ratios), 2),
            "times_faster_most": round(max(ratios), 2),
        }
    return found


def decoding(ways: Ways, rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds a code where speech is made: one text, upstream's sampling, no stop."""
    gpt, clips = ways.cantus.module.network.eval(), ways.cantus.clips
    speaker = UpstreamSpeaker(ways.upstream.gpt)
    with torch.no_grad():
        for network in (gpt, speaker.gpt):
            network.mel_head.bias[gpt.settings.stop_audio_token] = -100.0
        prepared = ways.cantus.module.prepare(clips.evaluated([0]))
        latents = gpt.condition(prepared["mels"], prepared["frames"])
    text, sampling = prepared["text"], Sampling()
    texts = [text[0]]

    def coqui(_: object) -> None:
        assert len(speaker.say(latents, text, NUM_SPOKEN)) == NUM_SPOKEN

    def cantus(_: object) -> None:
        assert len(decode(gpt, latents, texts, sampling, None, NUM_SPOKEN).codes[0]) == NUM_SPOKEN

    times = take_turns({COQUI: coqui, SORTED: cantus}, range(rounds + 1))
    return summary(times, NUM_SPOKEN)


def measure_small(ways: Ways, rounds: int) -> dict[str, Any]:
    """A step of each way, and a code where speech is made."""
    batches = BATCHES_PER_ROUND["small"]
    times = take_turns(ways.steps(), rounds_of(rounds, len(ways.cantus.clips), batches))
    return {"step": summary(times, batches), "code": decoding(ways, rounds)}


def measure_layer(ways: Ways, rounds: int) -> dict[str, Any]:
    """A step with one layer, that layer alone, and what a step with 30 of them would take."""
    layers = {
        COQUI: OneLayer(ways.upstream.gpt.gpt.h[0], fused=False),
        SORTED: OneLayer(ways.cantus.module.network.gpt.h[0], fused=True),
        BF16: OneLayer(ways.in_bf16.module.network.gpt.h[0], fused=True, bf16=True),
    }
    batches = BATCHES_PER_ROUND["layer"]
    works: dict[str, Callable[[Any], None]] = {way: ways.steps()[way] for way in layers}
    works |= {f"{way}, layer": layer.train for way, layer in layers.items()}
    times = take_turns(works, rounds_of(rounds, len(ways.cantus.clips), batches))
    steps, alone = ({way: times[way + more] for way in layers} for more in ("", ", layer"))
    composed = {
        way: [
            step + (NUM_LAYERS - 1) * layer
            for step, layer in zip(steps[way], alone[way], strict=True)
        ]
        for way in layers
    }
    named = {
        f"1 of {NUM_LAYERS} layers": steps,
        "the layer alone": alone,
        f"{NUM_LAYERS} layers, composed": composed,
    }
    return {"step": {name: summary(times, batches) for name, times in named.items()}}


def print_profile(ways: Ways, rounds: int) -> None:
    """Milliseconds of each section of a step, the first round of each way not counted."""
    warm, *drawn = rounds_of(rounds, len(ways.cantus.clips), num_batches=2)
    steps = ways.steps()
    torch.use_deterministic_algorithms(False)
    steps[COQUI](warm)
    ways.upstream.spent.clear()
    for clips in drawn:
        steps[COQUI](clips)
    torch.use_deterministic_algorithms(True)
    steps[SORTED](warm)
    lengths = ways.cantus.clips.lengths
    in_order = [sorted(clips, key=lambda clip: int(lengths[clip])) for clips in drawn]
    batches = [batch for clips in in_order for batch in _batches(clips)]
    for spent in (ways.upstream.spent, ways.cantus.sections(batches)):
        longest_first = sorted(spent.items(), key=lambda section: -section[1])
        shares = {name: round(s / len(batches) * 1e3, 1) for name, s in longest_first}
        print(json.dumps(shares, indent=2))


@click.command()
@click.option("--rounds", default=9, show_default=True, help="Of a few steps of each way.")
@click.option("--size", type=click.Choice([*SIZES]), default="small", show_default=True)
@click.option("--profile", is_flag=True, help="Print the milliseconds of each section of a step.")
def main(rounds: int, size: str, profile: bool) -> None:
    """Measure, print and write the results."""
    torch.set_num_threads(NUM_THREADS)
    with TemporaryDirectory() as folder:
        project, vocabulary = speech_project(Path(folder))
        ways = ways_of(project, vocabulary, SIZES[size])
        print("gradients differ by", ways.apart, flush=True)
        if profile:
            print_profile(ways, rounds)
            return
        measure = measure_small if size == "small" else measure_layer
        _write(size, {"rounds": rounds, "gradients_apart": ways.apart, **measure(ways, rounds)})


def _write(size: str, found: Mapping[str, Any]) -> None:
    """Print the results of a size, and put them beside those of the other."""
    load = {"load_average": round(os.getloadavg()[0], 1)}
    facts = {"machine": machine(NUM_THREADS) | load, "batch_size": BATCH_SIZE, **found}
    keep("xtts_step.json", size, facts)


if __name__ == "__main__":
    main()
