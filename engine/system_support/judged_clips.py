"""Clips that are made with the present weights at every evaluation, and judged.

Which clips these are is a system's matter: sentences that it speaks, clips that it converts.
"""

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from attrs import evolve, field, frozen

from engine.errors import UserError
from engine.evaluation.digests import as_digests
from engine.evaluation.unit import Unit
from engine.files.checksum import digest_of
from engine.metrics.judges.available import judge_named, judge_units, missing
from engine.metrics.judges.judge import JudgedAudio
from engine.project import Project
from engine.recipe.judged import GROUP, OF_PARAMS, judged_by
from engine.recipe.params import SpeechEvaluation
from engine.recipe.schema import Recipe
from engine.system_support.speech_judges import LoadedSpeechJudges, SpeechJudges
from engine.training.system import Evaluated, JudgedClips

LEAST_SECONDS = 0.4
"""Shorter clips are judged with silence behind them, as recognizers need."""


@frozen(eq=False)
class MadeClip:
    """A clip as the present weights make it."""

    name: str
    made_of: str
    """Digest of all that it was made of but the weights."""
    audio: JudgedAudio


@frozen(eq=False)
class ClipJudges:
    """The judges that a recipe asks for, as far as this machine has them."""

    packaged: tuple[str, ...]
    """Names of those whose weights lie in installed packages."""
    speech: SpeechJudges
    """The judges whose folders params.toml names."""
    left_out: Mapping[str, str] = field(factory=dict)
    """The judges that are left out, each with the reason."""

    @classmethod
    def of(
        cls, recipe: Recipe, project: Project, named: SpeechEvaluation, language: str
    ) -> "ClipJudges":
        """Find the recipe's judges, which score speech in a language.

        Raises UserError where the recipe relies on a figure whose judge is not here, or a folder
        that params.toml names holds something else.
        """
        folders = {name: getattr(named, name) for name in OF_PARAMS if name in recipe.judges}
        packaged = [name for name in recipe.judges if name not in OF_PARAMS]
        unnamed = {
            name: f"speech_evaluation.{name} in params.toml names none"
            for name, folder in folders.items()
            if folder is None
        }
        left_out = {**missing(packaged), **unnamed}
        _require_judged(recipe, left_out)
        here = tuple(name for name in packaged if name not in left_out)
        return cls(here, SpeechJudges.of(SpeechEvaluation(**folders), project, language), left_out)

    @property
    def anybody(self) -> bool:
        """Whether anybody judges."""
        return bool(self.packaged or self.speech.figures)

    @property
    def warnings(self) -> Sequence[str]:
        """A sentence on the judges that are left out, with number and reasons."""
        if not self.left_out:
            return ()
        total = len(self.left_out) + len(self.packaged) + len(self._folders)
        reasons = "; ".join(f"{name}: {why}" for name, why in self.left_out.items())
        return (f"{len(self.left_out)} of {total} judges cannot be had here. {reasons}",)

    @property
    def _folders(self) -> list[str]:
        return [name for name, known in OF_PARAMS.items() if {*known.figures} & self.speech.figures]

    def units(self, made_of: Sequence[str], sample_rate_hz: int) -> dict[str, Unit]:
        """The unit of each figure of clips at a rate, as `System.metric_units` has it."""
        units = self.speech.units(sample_rate_hz)
        for name in self.packaged:
            units |= judge_units(name, sample_rate_hz)
        clips = digest_of([*made_of])
        return {f"{GROUP}/{name}": evolve(unit, made_of=clips) for name, unit in units.items()}

    def judge(self, made: Iterable[MadeClip], device: torch.device) -> JudgedClips:
        """Judge clips as they are made."""
        started = time.perf_counter()
        panel = _Panel(self.speech.load(device), self.packaged)
        clips, rows = [], []
        for clip in made:
            clips.append((clip.name, clip.made_of))
            rows.append(panel.score(clip.audio))
        ids, made_of = zip(*clips, strict=True)
        names = dict.fromkeys(name for row in rows for name in row)
        figures = {
            f"{GROUP}/{name}": np.array([row.get(name, np.nan) for row in rows]) for name in names
        }
        return JudgedClips(ids, as_digests(made_of), figures, time.perf_counter() - started)


def with_judged(evaluated: Evaluated, judged: JudgedClips) -> Evaluated:
    """An evaluation with the mean of each judged figure over the clips that have one."""
    means = {f"eval/{name}": _mean(values) for name, values in judged.figures.items()}
    return evolve(evaluated, metrics={**evaluated.metrics, **means}, judged=judged)


@frozen(eq=False)
class _Panel:
    """Judges with their weights."""

    speech: LoadedSpeechJudges
    packaged: Sequence[str]
    _voices: dict[bytes, LoadedSpeechJudges] = field(factory=dict)
    """By the samples of the voice's recording: an array's id goes to another one after it."""

    def score(self, audio: JudgedAudio) -> dict[str, float]:
        audio = _long_enough(audio)
        figures: dict[str, float] = {}
        for name in self.packaged:
            figures |= judge_named(name).score(audio)
        scores = self._with_voice(audio).score(audio.samples, audio.sample_rate_hz, audio.text)
        return figures | dict(scores.figures)

    def _with_voice(self, audio: JudgedAudio) -> LoadedSpeechJudges:
        if audio.voice is None:
            return self.speech
        key = hashlib.sha256(audio.voice.tobytes()).digest()
        if key not in self._voices:
            self._voices[key] = self.speech.for_voice(audio.voice, audio.sample_rate_hz)
        return self._voices[key]


def _require_judged(recipe: Recipe, left_out: Mapping[str, str]) -> None:
    for name, why in left_out.items():
        for path, metric in recipe.named_metrics():
            if metric in judged_by([name]):
                raise UserError(
                    f"The recipe relies on '{metric}' ({path}), whose judge cannot be had here: "
                    f"{why}"
                )


def _long_enough(audio: JudgedAudio) -> JudgedAudio:
    lacking = round(LEAST_SECONDS * audio.sample_rate_hz) - len(audio.samples)
    return evolve(audio, samples=np.pad(audio.samples, (0, lacking))) if lacking > 0 else audio


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
