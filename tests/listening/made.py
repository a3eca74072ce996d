"""Finished runs with samples to listen to, and listeners who answer without ears."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import soundfile

from engine.listening.answers import ABX
from engine.listening.listening_test import VERSION, ListeningTest
from engine.tracking.events import Event
from tests.run_folders import add_events, make_finished, start

RATE_HZ = 16_000
PARTS = ("original", "decoded_8", "decoded_4", "mu_law")
CLIPS = ("01_yes", "02_<b>up</b>", "03_\u202edown")
SECONDS = 0.7


def speech_like(seed: int, rate_hz: int = RATE_HZ, seconds: float = SECONDS) -> np.ndarray:
    """Harmonics that come and go, with energy up to the top of the band."""
    noise = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    hz = 110 + 15 * seed + 20 * np.sin(5 * time)
    phase = 2 * np.pi * np.cumsum(hz) / rate_hz
    voice = sum(np.sin(k * phase) / k for k in range(1, 30))
    breath = 0.2 * noise.standard_normal(len(time))
    return (0.2 * (voice + breath) * np.sin(np.pi * time / seconds)).astype(np.float32)


def make_listenable(
    root: Path,
    name: str,
    noise: float,
    *,
    recipe: str = "codec_dac_paper",
    clips: tuple[str, ...] = CLIPS,
    identity: str | None = None,
    rate_hz: int = RATE_HZ,
    sentences: Mapping[str, str] | None = None,
    captions: Callable[[str], str] = str,
) -> Path:
    """A finished model in models/ whose versions are the originals with some noise.

    `sentences` are spoken texts without a recording, by what they are made of.
    """
    folder = make_finished(root / "models" / name, {"mel": [1.0, 2.0]}, recipe=recipe)
    resolved = folder / "recipe.toml"
    resolved.write_text(resolved.read_text().replace(f'name = "{recipe}"', f'name = "{name}"', 1))
    about = {"recipe": name, "system": "codec", "identity": identity or f"{name:0<12}"[:12]}
    (folder / "run.json").write_text(json.dumps(about | {"parent": None}))
    samples = [
        sample
        for seed, clip in enumerate(clips)
        for sample in _clip(folder, clip, seed, noise, rate_hz, captions)
    ]
    for seed, (made_of, text) in enumerate((sentences or {}).items()):
        path = folder / "samples" / f"sentence_{seed}.wav"
        path.parent.mkdir(exist_ok=True)
        longer = speech_like(seed, rate_hz, 0.6 + noise)
        soundfile.write(path, longer, rate_hz)
        facts = {"name": f"sentence_{seed}/seed_1", "kind": "audio", "caption": text}
        samples.append(facts | {"path": str(path.relative_to(folder)), "made_of": made_of})
    facts = {"of": name, "when": "final", "samples": samples}
    events = [
        start(name),
        Event("eval", 5, 1.0, {"eval/mel": 1.5}, {"evaluation_set": "ab" * 32}),
        Event("sample", 5, 1.0, facts=facts),
        Event("finish", 5, 1.0, {"eval/mel": 1.5}, {"best_step": 5, "seconds": 1.0}),
    ]
    add_events(folder, events)
    return folder


def _clip(
    folder: Path,
    clip: str,
    seed: int,
    noise: float,
    rate_hz: int,
    captions: Callable[[str], str],
) -> Iterator[dict[str, object]]:
    original = speech_like(seed, rate_hz)
    rough = np.random.default_rng(round(noise * 1000)).standard_normal(len(original))
    made = (original + noise * rough).astype(np.float32)
    versions = {
        "original": original,
        "decoded_8": made,
        "decoded_4": made * 0.5,
        "mu_law": original,
    }
    for part in PARTS:
        path = folder / "samples" / f"{seed}_{part}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, versions[part] * (0.3 if part == "decoded_8" else 1.0), rate_hz)
        facts = {"name": f"{clip}/{part}", "kind": "audio", "caption": captions(part)}
        yield facts | {"path": str(path.relative_to(folder))}


def listener(
    test: ListeningTest,
    opinions: Mapping[str, Callable[[str], int]],
    *,
    id: str = "0123456789abcdef",  # noqa: A002
    name: str = "Ann",
    right: Callable[[int], bool] = lambda _: True,
) -> list[dict[str, object]]:
    """All answers of one listener: by source what they rate each clip, and which ABX are right."""
    about = {"version": VERSION, "test": test.id, "listener": id, "name": name}
    answers = [
        about
        | {"trial": trial.id, "stimulus": file, "scale": scale}
        | {"value": opinions[source](trial.clip)}
        for trial in test.ratings
        for file, source in trial.stimuli.items()
        for scale in test.scales
    ]
    for number, trial in enumerate(test.comparisons):
        file, truth = next(iter(trial.x.items()))
        other = {"a": "b", "b": "a"}[truth]
        said = {"scale": ABX, "value": truth if right(number) else other}
        answers.append(about | {"trial": trial.id, "stimulus": file} | said)
    return answers


GOOD_EARS = {
    "0": lambda clip: 7 if clip < "02" else 6,
    "1": lambda clip: 5 if clip < "03" else 4,
    "reference": lambda clip: 10,
    "anchor": lambda clip: 2,
}
"""The first run is better than the second."""
