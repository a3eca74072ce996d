"""Makes a listening test: its trials, and audio files under random names."""

import os
import random
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from attrs import define, field, frozen

from engine.files.atomic import new_folder
from engine.files.checksum import digest_of
from engine.files.lock import LOCK_FILE
from engine.listening.anchor import anchor_hz, low_pass
from engine.listening.listening_test import (
    ANCHOR,
    REFERENCE,
    VERSION,
    AbxTrial,
    ListeningTest,
    RatingTrial,
    write_test,
)
from engine.listening.material import Clip, Material
from engine.listening.stimuli import Matched, matched, sound_of, write_stimulus
from engine.recipe.metric_names import LISTENING_SCALES
from engine.report.sound import Sound

AUDIO = "audio"
"""The folder of a test's audio files."""
_MOST_CONTROLS = 4
_CHANCE = random.SystemRandom()


@frozen
class Options:
    """The options of a test."""

    num_clips: int = 12
    seed: int = 1
    scales: tuple[str, ...] = tuple(LISTENING_SCALES)
    abx: bool = True


def digest_of_test(materials: Sequence[Material], clips: Sequence[Clip], options: Options) -> str:
    """A digest that is equal for the same runs, samples and options."""
    runs = [[one.run.recipe, one.run.identity, one.run.title] for one in materials]
    made = [sorted(sample.sha256 for sample in one.made.values()) for one in materials]
    asked = [options.num_clips, options.seed, list(options.scales), options.abx]
    return digest_of([VERSION, runs, made, [clip.name for clip in clips], asked])


def build_test(
    place: Path, materials: Sequence[Material], clips: Sequence[Clip], options: Options
) -> ListeningTest:
    """Make `place`, the folder of a test, whole or not at all.

    Raises UserError where a sample is damaged.
    """
    chosen = spread(clips, options.num_clips)
    with new_folder(place) as folder:
        (folder / AUDIO).mkdir()
        writer = _Writer(folder / AUDIO)
        trials = _Trials(writer, len(materials), options)
        for number, clip in enumerate(chosen):
            trials.add(clip, number)
        test = ListeningTest(
            version=VERSION,
            id=secrets.token_hex(12),
            created=round(time.time()),
            name=place.name,
            seed=options.seed,
            scales=options.scales,
            runs=tuple(one.run for one in materials),
            ratings=tuple(trials.ratings),
            comparisons=tuple(trials.comparisons),
            notes=tuple(_notes(materials, clips, chosen, trials)),
            made_of=digest_of_test(materials, clips, options),
        )
        write_test(test, folder)
        (folder / ".gitignore").write_text(f"/{AUDIO}/\n/{LOCK_FILE}\n", encoding="utf-8")
    return test


def spread(clips: Sequence[Clip], number: int) -> list[Clip]:
    """At most `number` clips, evenly chosen, in their order."""
    kept = min(number, len(clips))
    return [clips[k * len(clips) // kept] for k in range(kept)]


@frozen
class _Writer:
    """Writes each stimulus under a random name."""

    folder: Path
    noise: np.random.Generator = field(factory=np.random.default_rng)

    def write(self, audio: np.ndarray, sample_rate_hz: int) -> str:
        name = secrets.token_hex(8)
        path = self.folder / f"{name}.wav"
        write_stimulus(path, audio, sample_rate_hz, self.noise)
        os.utime(path, (0, 0))  # web servers send dates, which would show the order of versions
        return name


@define
class _Trials:
    """The trials of a test, clip by clip."""

    writer: _Writer
    num_runs: int
    options: Options
    ratings: list[RatingTrial] = field(factory=list)
    comparisons: list[AbxTrial] = field(factory=list)
    anchors_hz: set[float] = field(factory=set)
    num_silent: int = 0
    num_without_reference: int = 0

    def add(self, clip: Clip, number: int) -> None:
        """Add the questions on one clip."""
        found = matched(self._versions(clip, number))
        self.num_silent += found.num_silent
        self.num_without_reference += clip.reference is None
        self.ratings.append(self._rating(clip, found))
        if self.options.abx:
            pairs = [*combinations(map(str, range(self.num_runs)), 2)]
            self.comparisons.append(self._abx(clip, found, pairs[number % len(pairs)]))
            controls = sum(one.is_control for one in self.comparisons)
            if REFERENCE in found.versions and controls < _MOST_CONTROLS:
                self.comparisons.append(self._abx(clip, found, (REFERENCE, ANCHOR)))

    def _versions(self, clip: Clip, number: int) -> Mapping[str, Sound]:
        """The version of each run, the reference, and the anchor (of a version without one)."""
        versions = {str(k): sound_of(path) for k, path in enumerate(clip.versions)}
        if clip.reference is not None:
            versions[REFERENCE] = sound_of(clip.reference)
        origin = versions.get(REFERENCE) or versions[str(number % len(clip.versions))]
        rate = origin.sample_rate_hz
        self.anchors_hz.add(anchor_hz(rate))
        return {**versions, ANCHOR: Sound(low_pass(origin.samples, rate), rate)}

    def _rating(self, clip: Clip, found: Matched) -> RatingTrial:
        stimuli = {self._written(found, source): source for source in found.versions}
        reference = self._written(found, REFERENCE) if REFERENCE in found.versions else None
        return RatingTrial(secrets.token_hex(6), clip.name, clip.text, reference, stimuli)

    def _abx(self, clip: Clip, found: Matched, pair: tuple[str, str]) -> AbxTrial:
        a, b = _CHANCE.sample(pair, 2)
        files = [self._written(found, source) for source in (a, b, a, b)]
        return AbxTrial(
            id=secrets.token_hex(6),
            clip=clip.name,
            text=clip.text,
            a=files[0],
            b=files[1],
            x={files[2]: "a", files[3]: "b"},
            sources=(a, b),
        )

    def _written(self, found: Matched, source: str) -> str:
        return self.writer.write(found.versions[source], found.sample_rate_hz)


def _notes(
    materials: Sequence[Material], clips: Sequence[Clip], chosen: Sequence[Clip], trials: _Trials
) -> Iterator[str]:
    ends = " or ".join(f"{hz:,.0f} Hz" for hz in sorted(trials.anchors_hz))
    yield f"The anchor ends at {ends} (low-pass)."
    if trials.num_without_reference:
        yield (
            f"{trials.num_without_reference} of {len(chosen)} clips have no reference recording: "
            "no hidden reference, and the anchor is made from one of the versions in turn."
        )
    if len(chosen) < len(clips):
        yield f"{len(chosen)} of {len(clips)} common clips are in the test."
    for one in materials:
        if one.num_missing:
            yield f"The files of {one.num_missing} samples of {one.run.title} are missing."
        if (left := len(one.made) - len(clips)) > 0:
            yield (
                f"{left} further samples of {one.run.title} are left out: other parts of these "
                "clips, or clips that the other runs do not have."
            )
    if trials.num_silent:
        yield f"{trials.num_silent} versions are silent, so their loudness is not matched."
