"""Figures of a voice over held-out clips, and over clips of other speakers that are converted."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from attrs import define, field, frozen
from torch import Tensor

from engine.analysis.pitch.method import HIGHEST_HZ, LOWEST_HZ
from engine.corpus import PackedAudio
from engine.corpus.audio.pcm import FULL_SCALE
from engine.errors import DivergedError
from engine.metrics.cepstral_distortion import mcd_db
from engine.metrics.pitch import f0_error_cents, median_f0
from engine.systems.rvc.conversions import Conversion
from engine.systems.rvc.data.clips import VoiceClips
from engine.systems.rvc.data.sources import Sources
from engine.systems.rvc.dataset_table import FRAMES_A_SECOND
from engine.systems.rvc.judge import Judge
from engine.systems.rvc.parts import Part, joined, parts_of
from engine.systems.rvc.resynthesis import Resynthesis
from engine.training.system import Answer, AnswerKey, Evaluated

F = TypeVar("F")

_MIDDLE_HZ = np.sqrt(LOWEST_HZ * HIGHEST_HZ)
_OCTAVE = 12.0
"""In semitones."""
_LONGEST_SECONDS = 30
"""Longest clips that are aligned: every frame of one is compared with every frame of the other."""


@frozen(eq=False)
class Asked:
    """A clip to convert, with the facts of its conversion."""

    parts: Sequence[Part]
    target: int
    """Number of the trained speaker to whose voice it is converted."""
    f0: Sequence[np.ndarray | None]
    """Pitch [T] in Hz of each part: its own, shifted to the voice's median."""
    semitones: float
    """Semitones by which the pitch was shifted; 0 without pitch."""
    take: np.ndarray | None
    """A recording [samples] in which this speaker says the same sentence."""


Convert = Callable[[Asked, int], np.ndarray]
"""From a clip to convert and the number of a part to the converted part [samples]."""


@frozen(eq=False)
class Converted:
    """A converted clip."""

    asked: Asked
    made: Sequence[np.ndarray]
    """Converted audio [samples] of each part."""

    @property
    def audio(self) -> np.ndarray:
        """Converted audio [samples] of the whole clip."""
        return joined(self.asked.parts, self.made)


@define
class Table:
    """One list of figures for each measure, in the order of the clips; NaN where one has none."""

    rows: dict[str, list[float]] = field(factory=dict)

    def add(self, figures: Mapping[str, float]) -> None:
        """Append a clip's figures, the same for every clip."""
        for name, value in figures.items():
            self.rows.setdefault(name, []).append(value)

    @property
    def means(self) -> dict[str, float]:
        """The mean of each measure over the clips that have it; NaN where no clip has."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Mean of empty slice", RuntimeWarning)
            return {name: float(np.nanmean(values)) for name, values in self.rows.items()}

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The figures [clips] of each measure."""
        return {name: np.array(values) for name, values in self.rows.items()}


@frozen(eq=False)
class Evaluator:
    """Measures resynthesized held-out clips, and converted clips."""

    held_out: VoiceClips
    sources: Sources
    packed: PackedAudio
    medians: Sequence[float]
    """The median pitch of each trained speaker in Hz; NaN where it is not known."""

    def evaluate(
        self,
        resynthesis: Resynthesis,
        judge: Judge,
        voices: Sequence[Tensor | None],
        converted: Sequence[Converted],
    ) -> Evaluated:
        """The metrics that the recipe class declares as `eval/...`, and those of each clip.

        `voices` are the embeddings of the trained speakers, `converted` the clips of `converted_by`
        with the same weights. Raises UserError where generated audio is not finite.
        """
        table = Table()
        for place in range(len(self.held_out)):
            of_clip = Table()
            for part in parts_of(self.held_out, place):
                of_clip.add(_resynthesized(part, resynthesis, judge, voices[part.speaker]))
            table.add(of_clip.means)
        metrics = table.means | named("conversion", measured(converted, judge, voices))
        metrics |= {"clips": len(self.held_out), "frames": int(self.held_out.slices.frames.sum())}
        of_all = {name: float(value) for name, value in metrics.items()}
        return Evaluated(named("eval", of_all), table.arrays)

    def answers(self, resynthesis: Resynthesis, judge: Judge) -> AnswerKey:
        """Known answers of the two slices with voice that are nearest to two seconds."""
        slices = self.held_out.slices
        apart = np.abs(slices.frames - 2 * FRAMES_A_SECOND)
        parts = [Part(slices, place, 0) for place in np.argsort(apart, kind="stable")[:2].tolist()]

        def figures(answer: Answer) -> dict[str, np.ndarray]:
            table = Table()
            for part, other in zip(parts, reversed(parts), strict=True):
                made = _answer(answer, part, other, resynthesis)
                measured = judge.figures(made, part, None, None)
                mel = resynthesis.mel_distance(made, resynthesis.log_mel(part.audio))
                table.add({"mel": mel, "content_cosine": measured["content_cosine"]})
            return table.arrays

        return AnswerKey(figures, {"mel": (0.0, 1e-3), "content_cosine": (0.99, 1.01)})

    def converted_by(self, convert: Convert) -> list[Converted]:
        """Convert the clips by any function, such as the network's or a baseline's."""
        found = []
        for conversion in self.sources.conversions:
            asked = self.asked(conversion)
            made = [_finite(convert(asked, n), part) for n, part in enumerate(asked.parts)]
            found.append(Converted(asked, made))
        return found

    def asked(self, conversion: Conversion) -> Asked:
        """A clip to convert, with its pitch shifted to the median of the target voice."""
        clips, target, row = self.sources.clips, conversion.target, conversion.parallel
        take = None if row is None else self.packed.read(row) / np.float32(FULL_SCALE)
        parts = parts_of(clips, clips.rows.tolist().index(conversion.source))
        own = [part.f0 for part in parts]
        known = [f0 for f0 in own if f0 is not None]
        if not known:
            return Asked(parts, target, own, 0.0, take)
        semitones = semitones_between(median_f0(np.concatenate(known)), self.medians[target])
        return Asked(parts, target, [moved(f0, semitones) for f0 in known], semitones, take)


def measured(
    converted: Sequence[Converted], judge: Judge, voices: Sequence[Tensor | None]
) -> dict[str, float]:
    """Mean figures of clips that were converted; empty without clips."""
    table = Table()
    for one in converted:
        asked, of_clip = one.asked, Table()
        for part, audio, f0 in zip(asked.parts, one.made, asked.f0, strict=True):
            of_clip.add(judge.figures(audio, part, f0, voices[asked.target]))
        distance = _distortion(asked, one.audio, judge.sample_rate_hz)
        table.add({**of_clip.means, "mcd_db": distance})
    return {**table.means, "clips": float(len(converted))} if table.rows else {}


def semitones_between(source_hz: float, target_hz: float) -> float:
    """Semitones from one pitch to another; 0 where one is not known."""
    semitones = 12.0 * np.log2(target_hz / source_hz)
    return float(semitones) if np.isfinite(semitones) else 0.0


def moved(f0: np.ndarray, semitones: float) -> np.ndarray:
    """A pitch [T] in Hz shifted by semitones; frames outside 50 to 1100 Hz become unvoiced."""
    shifted = f0 * np.float32(2.0 ** (semitones / 12.0))
    within = (shifted >= LOWEST_HZ) & (shifted <= HIGHEST_HZ)
    return np.where(within, shifted, 0.0).astype(np.float32)


def named(group: str, figures: Mapping[str, F]) -> dict[str, F]:
    """Figures under their names in a group."""
    return {f"{group}/{name}": value for name, value in figures.items()}


def _resynthesized(
    part: Part, resynthesis: Resynthesis, judge: Judge, voice: Tensor | None
) -> dict[str, float]:
    """Every figure of a part of a held-out clip."""
    made = _finite(resynthesis.convert(part, part.f0, part.speaker), part)
    reconstructed = resynthesis.reconstruct(part, part.speaker)
    original = resynthesis.log_mel(part.audio)
    figures = judge.figures(made, part, part.f0, voice) | {
        "mel": resynthesis.mel_distance(made, original),
        "mel_posterior": resynthesis.mel_distance(reconstructed.audio, original),
        "kl": reconstructed.kl,
    }
    if part.f0 is not None:
        figures["octave_cents"] = _octave_cents(part, part.f0, resynthesis, judge)
    return figures


def _octave_cents(part: Part, f0: np.ndarray, resynthesis: Resynthesis, judge: Judge) -> float:
    """Pitch error in cents where the pitch is asked for an octave away, towards the middle."""
    up = not median_f0(f0) > _MIDDLE_HZ
    asked = moved(f0, _OCTAVE if up else -_OCTAVE)
    made = _finite(resynthesis.convert(part, asked, part.speaker), part)
    return f0_error_cents(asked, judge.f0(made, len(asked)))


def _answer(answer: Answer, part: Part, other: Part, resynthesis: Resynthesis) -> np.ndarray:
    """The samples that are evaluated in place of what a slice is resynthesized to."""
    if answer == "model":
        return resynthesis.convert(part, part.f0, part.speaker)
    if answer == "original":
        return part.audio
    if answer == "silence":
        return np.zeros_like(part.audio)
    if other is part:
        return part.audio[::-1].copy()
    return np.resize(other.audio, len(part.audio))


def _distortion(asked: Asked, made: np.ndarray, sample_rate_hz: int) -> float:
    """Mel-cepstral distortion in dB from the voice's own recording.

    NaN where there is no such recording, or where one of the two is too long to align.
    """
    longest = _LONGEST_SECONDS * sample_rate_hz
    if asked.take is None or max(len(asked.take), len(made)) > longest:
        return np.nan
    return mcd_db(asked.take, made, sample_rate_hz)


def _finite(made: np.ndarray, part: Part) -> np.ndarray:
    if not np.isfinite(made).all():
        raise DivergedError(
            f"The audio generated for clip {part.name!r} is not finite: training has diverged. "
            "Continue from an earlier checkpoint, with a lower learning rate."
        )
    return made
