"""A training step of XTTS's GPT, from audio on disk to updated weights: Cantus and Coqui's way.

Run it from the project: python -m benchmarks.xtts_step [--size small|layer] [--rounds 9]
[--profile]. Clips of 3 to 11 s are made on the spot, with transcripts of a fitting length, and so
are files in the published formats with random weights: the DVAE and the text vocabulary are of
their real size, the GPT has 4 layers of 256 ("small"), or the real width of 1024 and one layer or
seven ("layer"), of which 30 layers are composed: one, and 29 times what each of six more adds.

All ways take turns in one process on the same six clips a round, in two batches, so that whatever
else the machine does falls on all alike; each has its own copy of the same weights. Cantus's step
is the engine's own (`XttsClips`, `XttsObjective`, `Stepper`), codes made before as a run makes them
once; Coqui's is in `upstream_xtts.py`, and gains here by the engine's handling of freed memory,
which is the process's. Coqui draws clips at random, and so it does here; the engine sorts them by
length (`Order`), and one way measures what is left when it takes Coqui's batches. What is compared
is the CPU time of the process. Results are written beside, with the machine.
"""

import json
import os
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import torch
from attrs import frozen
from torch import Tensor

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
from engine.systems.xtts.decode import Sampling, decode
from engine.systems.xtts.recipe import XttsRecipe
from engine.systems.xtts.system import XttsSystem, build
from engine.training.devices import make_fabric
from engine.training.schedules import Length
from engine.training.step import Stepper

RECIPE = Path(__file__).parents[1] / "recipes" / "xtts_phase1.toml"
RESULTS = Path(__file__).parent / "results" / "xtts_step.json"
BATCH_SIZE, BATCHES_PER_ROUND, NUM_THREADS = 3, 2, 1
CLIPS_PER_ROUND = BATCH_SIZE * BATCHES_PER_ROUND
NUM_LAYERS = 30
NUM_SPOKEN = 150
"""Codes that are said in a round of decoding: six seconds."""
SIZES = {"small": ((4, 256, 4),), "layer": ((1, 1024, 16), (7, 1024, 16))}
"""Layers, width, heads."""
COQUI, SORTED, SAME = "coqui", "cantus", "cantus, coqui's batches"

_OVERRIDES = (
    f"dataset.languages=['{LANGUAGE}']",
    f"dataset.language='{LANGUAGE}'",
    "model.folder='published'",
    "training.log_every_steps=1000000",
    f"training.batch_size={BATCH_SIZE}",
)


class CantusTraining:
    """The engine's own step, on a system that it builds."""

    def __init__(self, system: XttsSystem, project: Project) -> None:
        self._fabric = make_fabric(load_params(project.params).hardware, "fp32")
        self.objective = system.objective
        self.stepper = Stepper(self._fabric, system, system.recipe, Length(1_000_000, 1_000))
        self.clips = system.train_clips
        self._random = np.random.default_rng(2)
        self._done = 0

    def step(self, indices: Sequence[int]) -> None:
        """One step on the clips at these places of the training set."""
        self.stepper.step([self.clips.batch(indices, self._random)], self._done)
        self._done += 1

    def sections(self, batches: Sequence[Sequence[int]]) -> Counter[str]:
        """CPU seconds of each section of steps on these batches."""
        spent = Counter[str]()
        gpt = self.objective.network
        sections: list[tuple[Any, str, str]] = [
            (self.objective, "prepare", "conditioning mels"),
            (gpt, "condition", "conditioning, forward"),
            (gpt.gpt, "forward", "transformer, forward"),
            (gpt.mel_head, "forward", "heads, forward"),
            (gpt.text_head, "forward", "heads, forward"),
            (self._fabric, "backward", "backward"),
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


def _timed(function: Callable[..., Any], name: str, spent: Counter[str]) -> Callable[..., Any]:
    def timed(*args: Any, **kwargs: Any) -> Any:
        started = time.process_time()
        result = function(*args, **kwargs)
        spent[name] += time.process_time() - started
        return result

    return timed


@frozen
class Ways:
    """Both sides with the same weights and clips, and what the gradients differ by."""

    upstream: UpstreamTraining
    cantus: CantusTraining
    apart: float

    def steps(self) -> dict[str, Callable[[Sequence[int]], None]]:
        """What each way does with six clips: two steps."""
        ids, lengths = self.cantus.clips.ids, self.cantus.clips.lengths

        def coqui(clips: Sequence[int]) -> None:
            for batch in _batches(clips):
                self.upstream.step([ids[clip] for clip in batch])

        def same(clips: Sequence[int]) -> None:
            for batch in _batches(clips):
                self.cantus.step(batch)

        def in_order(clips: Sequence[int]) -> None:
            same(sorted(clips, key=lambda clip: int(lengths[clip])))

        return {COQUI: coqui, SORTED: in_order, SAME: same}


def _batches(clips: Sequence[int]) -> list[Sequence[int]]:
    return [clips[start : start + BATCH_SIZE] for start in range(0, len(clips), BATCH_SIZE)]


def ways_of(project: Project, vocabulary: str, size: tuple[int, int, int]) -> Ways:
    """Both sides of one size, built from files in the published formats."""
    torch.manual_seed(1)
    folder = project.root / "published"
    config = config_of(folder, *size)
    write_files(folder, vocabulary, config)
    recipe = load_recipe(RECIPE, classes=recipe_classes(), overrides=list(_OVERRIDES))
    assert isinstance(recipe, XttsRecipe)
    system = build(recipe, project, load_params(project.params))
    manifest = system.corpus.manifest.clips
    texts = {clip.id: clip.text or "" for clip in manifest}
    files = project.root / "data" / "speech"
    samples = {id_: (files / f"{Path(id_).stem}.wav", texts[id_]) for id_ in system.train_clips.ids}
    upstream = UpstreamTraining(config, samples)
    system.objective.network.load_state_dict(upstream.gpt.state_dict())
    return Ways(upstream, CantusTraining(system, project), _gradients_apart(system, upstream))


def _gradients_apart(system: XttsSystem, upstream: UpstreamTraining) -> float:
    """Norm of the difference of all gradients over the norm, where nothing is random.

    Without dropout, with the same excerpts of voices (all of one length, so that none is padded)
    and the same codes, and without masked targets.
    """
    objective, clips = system.objective, system.train_clips
    objective.eval()
    long = [i for i in range(len(clips)) if len(clips.audio(i)) >= LONGEST_EXCERPT][:BATCH_SIZE]
    batch = clips.evaluated(long)
    voice = torch.stack([clips.audio(clip)[:LONGEST_EXCERPT] for clip in long])
    batch |= {"voice": voice, "voice_lengths": torch.full((BATCH_SIZE,), LONGEST_EXCERPT)}
    prepared = objective.prepare(batch)
    losses = objective.gpt(prepared).losses
    weighed = (
        LOSS_WEIGHTS["loss_text_ce"] * losses["text_ce"]
        + LOSS_WEIGHTS["loss_mel_ce"] * losses["mel_ce"]
    )
    named = dict(objective.network.named_parameters())
    ours = dict(zip(named, torch.autograd.grad(weighed, [*named.values()]), strict=True))
    objective.train()
    return _apart(ours, upstream.gradients(batch, prepared["mels"]))


def _apart(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> float:
    squares = Counter[str]()
    for name, wanted in theirs.items():
        own = ours[name]
        if name.endswith(("c_attn.weight", "c_proj.weight", "c_fc.weight")):
            own = own.mT  # GPT-2's matrices are [in, out]
        squares["apart"] += float((own - wanted).double().square().sum())
        squares["whole"] += float(wanted.double().square().sum())
    return (squares["apart"] / squares["whole"]) ** 0.5


def rounds_of(number: int, num_clips: int) -> list[list[int]]:
    """Clips of each round, at random: an epoch after the other."""
    random = np.random.default_rng(3)
    drawn = np.concatenate([random.permutation(num_clips) for _ in range(1 + number)])
    return drawn[: number * CLIPS_PER_ROUND].reshape(number, CLIPS_PER_ROUND).tolist()


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
    gpt, clips = ways.cantus.objective.network.eval(), ways.cantus.clips
    speaker = UpstreamSpeaker(ways.upstream.gpt)
    with torch.no_grad():
        for network in (gpt, speaker.gpt):
            network.mel_head.bias[gpt.settings.stop_audio_token] = -100.0
        prepared = ways.cantus.objective.prepare(clips.evaluated([0]))
        latents = gpt.condition(prepared["mels"], prepared["frames"])
    text, sampling = prepared["text"], Sampling()

    def coqui(_: object) -> None:
        assert len(speaker.say(latents, text, NUM_SPOKEN)) == NUM_SPOKEN

    def cantus(_: object) -> None:
        assert len(decode(gpt, latents, text, sampling, None, NUM_SPOKEN).codes[0]) == NUM_SPOKEN

    times = take_turns({COQUI: coqui, SORTED: cantus}, range(rounds + 1))
    return summary(times, NUM_SPOKEN)


def measure_small(every: Sequence[Ways], rounds: int) -> dict[str, Any]:
    """A step of each way, and a code where speech is made."""
    (ways,) = every
    times = take_turns(ways.steps(), rounds_of(rounds + 1, len(ways.cantus.clips)))
    return {"step": summary(times, BATCHES_PER_ROUND), "code": decoding(ways, rounds)}


def measure_layers(every: Sequence[Ways], rounds: int) -> dict[str, Any]:
    """A step at each depth, and what 30 layers would take, where every layer costs the same."""
    depths = [depth for depth, _, _ in SIZES["layer"]]
    works = {
        f"{way} {depth}": ways.steps()[way]
        for depth, ways in zip(depths, every, strict=True)
        for way in (COQUI, SORTED)
    }
    times = take_turns(works, rounds_of(rounds + 1, len(every[0].cantus.clips)))
    found = {depth: {way: times[f"{way} {depth}"] for way in (COQUI, SORTED)} for depth in depths}
    (few, first), (many, last) = found.items()
    more = (NUM_LAYERS - few) / (many - few)
    whole = {
        way: [less + more * (most - less) for less, most in zip(first[way], last[way], strict=True)]
        for way in (COQUI, SORTED)
    }
    named = {f"{depth} of {NUM_LAYERS} layers": times for depth, times in found.items()}
    named[f"{NUM_LAYERS} layers, composed"] = whole
    return {"step": {name: summary(times, BATCHES_PER_ROUND) for name, times in named.items()}}


def print_profile(ways: Ways, rounds: int) -> None:
    """Milliseconds of each section of a step, the first round of each way not counted."""
    warm, *drawn = rounds_of(rounds + 1, len(ways.cantus.clips))
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
        shares = {name: round(s / len(batches) * 1e3, 1) for name, s in spent.most_common()}
        print(json.dumps(shares, indent=2))


@click.command()
@click.option("--rounds", default=9, show_default=True, help="Of two steps of each way.")
@click.option("--size", type=click.Choice([*SIZES]), default="small", show_default=True)
@click.option("--profile", is_flag=True, help="Print the milliseconds of each section of a step.")
def main(rounds: int, size: str, profile: bool) -> None:
    """Measure, print and write the results."""
    torch.set_num_threads(NUM_THREADS)
    with TemporaryDirectory() as folder:
        project, vocabulary = speech_project(Path(folder))
        every = [ways_of(project, vocabulary, one) for one in SIZES[size]]
        print("gradients differ by", [ways.apart for ways in every], flush=True)
        if profile:
            for ways in every:
                print_profile(ways, rounds)
            return
        measure = measure_small if size == "small" else measure_layers
        apart = {"gradients_apart": [ways.apart for ways in every]}
        _write(size, {"rounds": rounds, **apart, **measure(every, rounds)})


def _write(size: str, found: Mapping[str, Any]) -> None:
    """Print the results of a size, and put them beside those of the other."""
    load = {"load_average": round(os.getloadavg()[0], 1)}
    facts = {"machine": machine(NUM_THREADS) | load, "batch_size": BATCH_SIZE, **found}
    print(json.dumps(facts, indent=2))
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({**known, size: facts}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
