"""The interface between a model family and the training loop.

Training knows no system; a system never calls the loop. A codec and RVC have two turns
(discriminator, generator), an autoencoder or a language model has one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol

import numpy as np
from attrs import field, frozen
from torch import Tensor, nn

from engine.evaluation.audio import Audio
from engine.evaluation.sound.landmarks import Fingerprints
from engine.evaluation.unit import Unit
from engine.training.balance import Balancer
from engine.training.checks import Check

Batch = Mapping[str, Tensor]
"""Named tensors; the first dimension of each is the clip."""

Probe = Callable[[Batch, int], Iterable[Check]]
"""A system's own check of its present weights, from a batch as its clips made it and the number of
finished steps. It is called in evaluation mode, without gradients, in one process. A check that
the weights cannot decide yet (`ok` is None) is repeated: see `probes.py`."""


class Terms(NamedTuple):
    """The losses and metrics of one turn on a batch.

    `losses` are scalars, unweighted: means over the clips, or over the targets that
    `TrainingModule.num_targets` counts; the loop weighs them by the recipe. `metrics` are scalars
    (on the device, detached) that are only logged, as `train/<name>`. `generator_output` is what a
    generator made, [clips, ...], where losses reach its parameters through it: the gradient that
    each has there is measured, and balanced where the turn has a balancer. A tuple, because
    torch.compile looks for tensors in nothing else.
    """

    losses: Mapping[str, Tensor]
    metrics: Mapping[str, Tensor] = MappingProxyType({})
    generator_output: Tensor | None = None


@frozen
class Turn:
    """One optimizer's share of a step. The module has a method of this name: batch -> Terms."""

    name: str
    parameters: Mapping[str, nn.Parameter]
    """Parameters by their names in the module."""
    weights: Mapping[str, float]
    """The weight of every loss term of the turn."""
    starts_at_step: int = 0
    """Finished steps before the turn's first."""
    every_steps: int = 1
    late_terms: Mapping[str, int] = field(factory=dict)
    """Loss terms that start later: finished steps before the first step of each."""
    balancer: Balancer | None = None
    averaged: bool = True
    """Whether ema_decay averages the turn's parameters: a discriminator is not exported."""
    undecayed: frozenset[str] = frozenset()
    """Names of biases, norms and embeddings, for optimizers that decay only weights."""

    def is_due(self, step: int) -> bool:
        """Whether the turn has a share in the step that follows `step` finished ones."""
        return step >= self.starts_at_step and (step - self.starts_at_step) % self.every_steps == 0

    def weights_at(self, step: int) -> Mapping[str, float]:
        """The weights of the loss terms in the step that follows `step` finished ones."""
        return {n: w for n, w in self.weights.items() if step >= self.late_terms.get(n, 0)}


class ClipSet(Protocol):
    """Clips that can be made into batches, at random, without decoding."""

    @property
    def ids(self) -> Sequence[str]:
        """The clips' ids, in manifest order."""

    @property
    def lengths(self) -> Sequence[int]:
        """Each clip's length in samples (or tokens): clips of similar length are batched."""

    @property
    def digests(self) -> np.ndarray:
        """SHA-256 of each clip's decoded audio, uint8 [clips, 32], whatever its id."""

    @property
    def spans(self) -> np.ndarray:
        """The place of each clip in its file, `engine.evaluation.audio.SPAN` [clips]."""

    @property
    def fingerprints(self) -> Fingerprints | None:
        """What the clips sound like; None where nobody computed it."""

    def batch(self, indices: Sequence[int], random: np.random.Generator) -> Batch:
        """The clips at `indices`, as CPU tensors; every random choice is drawn from `random`."""


@frozen(eq=False)
class JudgedClips:
    """Clips that an evaluation generated with the present weights, and the judges' figures of each.

    Every evaluation of a run generates the same clips; only the weights differ.
    """

    ids: Sequence[str]
    digests: np.ndarray
    """uint8 [clips, 32]: digest of all that each clip was made from, except the weights."""
    figures: Mapping[str, np.ndarray]
    """Float64 [clips], nan where a clip has none, by the metric's name without `eval/`:
    `judged/wer`."""
    seconds: float
    """Seconds that generating and judging the clips took."""


@frozen
class Evaluated:
    """Metrics over a whole evaluation set, and per clip where each clip has a figure."""

    metrics: Mapping[str, float]
    per_clip: Mapping[str, np.ndarray] = field(factory=dict)
    """Figures [clips] by the metric's name without `eval/`, in the order of the evaluation clips.
    Such a metric is compared clip by clip, by the mean of these, in the metric's direction."""
    judged: JudgedClips | None = None

    @property
    def figures(self) -> Mapping[str, np.ndarray]:
        """The figures of each evaluation clip and of each judged clip, by metric."""
        return {**self.per_clip, **(self.judged.figures if self.judged else {})}


@frozen
class Sample:
    """A file made for looking or listening: `kind` is 'audio' (WAV) or 'image' (PNG)."""

    name: str
    kind: str
    path: Path
    caption: str = ""
    notes: Sequence[str] = ()
    """Remarks, a line each: its length, its problems, the words that a recognizer found."""
    made_of: str = ""
    """Digest of all that it was made from except the weights, where that stays the same in a run
    and from phase to phase: such samples are shown side by side, and made before step 1 too."""
    figures: Mapping[str, float] = field(factory=dict)
    """Figures of a sample that has `made_of`, by the metric's name without `eval/`; the metric is
    the mean over all samples."""


@frozen(kw_only=True)
class DatasetSummary:
    """The part of a corpus that a run uses, for the report."""

    found: int
    """Files of the corpus."""
    used: int
    """Clips that the recipe may use; the split may leave some of them out."""
    quarantined: Mapping[str, int]
    """Numbers of unused files by reason."""
    training: int
    """Training clips."""
    evaluation: int
    """Held-out evaluation clips."""
    notes: Sequence[str] = ()
    """Sentences on the clips for the report: what is padded, left out, upsampled."""
    warnings: Sequence[str] = ()
    """Warnings printed before step 1: sentences on substitutes for what the recipe names."""
    split: str
    """How evaluation clips were chosen, in words."""
    leaks: str | None
    """A warning where evaluation may share speakers with training, or None."""
    learned_from: str | None = None
    """A warning where evaluation audio was trained on and figures are too good, or None."""


Answer = Literal["model", "original", "silence", "another"]
"""Whose audio or tokens are evaluated: the model's own; the original itself; silence, or of tokens
a uniform guess; another clip, or other tokens throughout."""


@frozen(eq=False)
class AnswerKey:
    """Lets evaluation itself be checked, by answers whose figures are known."""

    figures: Callable[[Answer], Mapping[str, np.ndarray]]
    """Figures [clips] of an answer for a few evaluation clips, by the metric's name without
    `eval/`, measured as `System.evaluate` measures what the model makes."""
    perfect: Mapping[str, tuple[float, float]]
    """The lowest and the highest figure of the original itself. Silence and another clip must have
    figures outside."""


Spoken = Callable[[Batch], tuple[Tensor, Tensor]]
"""From a batch to the numbers of text tokens and of frames of audio of each clip, [B] each."""


class Again(NamedTuple):
    """An entry of one clip, as a batch has it and as it is computed now from the clip's audio."""

    kept: np.ndarray | Tensor
    """Perhaps longer, by padding."""
    made: np.ndarray | Tensor
    tolerance: float
    """Difference of two numbers that are the same."""
    axis: int = 0
    """The axis of time."""


MadeAgain = Callable[[Sequence[int], Batch], Mapping[str, Sequence[Again]]]
"""From places of training clips, and a batch of them, to each clip's entries computed again."""


@frozen
class Recorded:
    """A clip as the corpus's table and its file have it."""

    id: str
    speaker: str
    """Empty where the table names none."""
    sample_rate_hz: int
    """Rate of the file, before it was packed."""
    text: str = ""
    """The transcript; empty where there is none."""


@frozen(eq=False)
class TrainingAudio:
    """Audio of training clips at one sample rate."""

    samples: Callable[[int], np.ndarray]
    """The samples of the clip at a place, int16 [samples]."""
    sample_rate_hz: int
    recorded: Callable[[int], Recorded | None] = lambda _: None
    """What the corpus says of the clip at a place; None where a system added it."""
    num_clips: int = 0
    """Training clips of which the corpus says anything."""

    def some(self, number: int) -> list[tuple[int, Recorded]]:
        """Places at equal distances, at most `number`, with what the corpus says of their clips."""
        places = np.linspace(0, self.num_clips - 1, min(number, self.num_clips)).round()
        found = ((place, self.recorded(place)) for place in places.astype(np.int64).tolist())
        return [(place, recorded) for place, recorded in found if recorded is not None]


@frozen
class PreflightBounds:
    """Conditions that preflight checks."""

    learning_rate: tuple[float, float]
    conditioning: Sequence[str | tuple[str, ...]] = ()
    """Batch entries that must change the loss when swapped between clips; several that only make
    sense together (a reference, its text, its length) are swapped together."""
    overfits: Sequence[str] = ()
    """Loss terms that must fall when one small batch is repeated, as logged after `train/`:
    `mel`, or `generator/mel` where there are several turns."""
    signed: Sequence[str] = ()
    """Loss terms that may be negative, named likewise: most are distances or cross-entropies."""
    probes: Sequence[Probe] = ()
    """The system's own checks of its weights."""
    held_out: Mapping[str, Audio] = field(factory=dict)
    """Further clips that are measured as held out, by the setting that holds them out."""
    answers: AnswerKey | None = None
    """Known answers, by which evaluation itself is checked."""
    spoken: Spoken | None = None
    """How much text and how much audio each clip of a batch has, where it has a transcript."""
    paths: Mapping[str, str] = field(factory=dict)
    """By an entry of a batch, the loss term that must have a gradient there, named as `overfits`:
    through an encoder, a quantizer and a decoder."""
    generated: str = ""
    """The entry of a prepared batch that a discriminator judges, where there is one."""
    adversarial: str = ""
    """The generator's loss term that is low where discriminators take that entry for real, named
    as `overfits`."""
    waveforms: Sequence[str] = ()
    """Batch entries that are samples of audio in -1..1."""
    audio: TrainingAudio | None = None
    """The audio of training clips, as it is packed."""
    levels_matter: bool = True
    """Whether clips are trained on at the levels that they have."""
    learns_voices: bool = False
    """Whether voices are learned by the speakers that the corpus's table names."""
    made_again: MadeAgain | None = None
    """Computes features of a few training clips again from their audio."""

    @property
    def conditioned_on(self) -> Sequence[str]:
        """All batch entries of `conditioning`."""
        groups = [(one,) if isinstance(one, str) else one for one in self.conditioning]
        return [entry for group in groups for entry in group]


class TrainingModule(nn.Module):
    """Holds every network of a system, with one method per turn (batch -> Terms)."""

    def begin(self, step: int) -> None:
        """Called before the step that follows `step` finished ones.

        A module may decide here what the step computes, such as whether a discriminator is used.
        """

    def prepare(self, batch: Batch) -> Batch:
        """Add shared results of several turns to the batch, such as the generator's output.

        Runs once per micro-batch, before the turns, while gradients flow to all of them.
        """
        return batch

    def num_targets(self, batch: Batch) -> Mapping[str, int]:  # noqa: ARG002
        """Number of targets in this batch over which each loss term or metric is a mean.

        Terms that are not named are means over clips. A step in several parts, or in several
        processes, weighs each part's term by this. The batch is as the clips made it.
        """
        return {}

    def adopted(self, weights: Mapping[str, Tensor]) -> tuple[Mapping[str, Tensor], str]:
        """A parent's weights in this phase's form, with the same outputs; and the change in words.

        For phases that train other tensors, such as adapters.
        """
        return weights, ""

    def conclude(self, step: int, epoch: float) -> None:
        """Called once, before the final weights of a run are exported.

        `step` and `epoch` are those of the exported weights, not of the run's end.
        """


class System(Protocol):
    """A model family, built from a recipe: everything that the loop needs."""

    module: TrainingModule
    turns: Sequence[Turn]
    train_clips: ClipSet
    eval_clips: ClipSet
    data_digest: str
    """Digest of the audio that the run uses: part of the run's identity."""
    evaluation_set: str
    """Digest of the evaluation clips and of how they are cut: metrics carry it."""
    metric_units: Mapping[str, Unit]
    """How each metric is measured, by its name without `eval/`; numbered ones may stand there once
    (`quantizers_<n>/mel`). Figures of different units are not compared."""
    preflight: PreflightBounds
    dataset_summary: DatasetSummary

    def evaluate(self) -> Evaluated:
        """Metrics (`eval/...`) of the present weights over the whole evaluation set."""

    def baselines(self) -> Evaluated:
        """Metrics of untrained baselines, as `baseline/<name>/<metric>`."""

    def samples(self, folder: Path, num_clips: int) -> Sequence[Sample]:
        """Write originals, and samples of the present weights.

        With `num_clips` 0, only samples that have `made_of`: those are made before step 1.
        """

    def export(self, folder: Path) -> None:
        """Write the present weights in formats that other tools read."""

    def load_published(self, path: Path) -> str:
        """Take over the weights of a published model from a file; return a sentence about them.

        Raises UserError where they do not fit, naming what differs; nothing is loaded then.
        """
