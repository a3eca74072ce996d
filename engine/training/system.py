"""What the training loop is handed: the seam between a model family and the loop.

Training knows no system; a system never calls the loop. A codec and RVC have two turns
(discriminator, generator), an autoencoder or a language model has one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Protocol

import numpy as np
from attrs import field, frozen
from torch import Tensor, nn

from engine.evaluation.audio import Audio
from engine.training.balance import Balancer
from engine.training.checks import Check

Batch = Mapping[str, Tensor]
"""Named tensors; the first dimension of each is the clip."""

Probe = Callable[[Batch, int], Iterable[Check]]
"""What a system asks of its present weights, by a batch as its clips made it and the number of
finished steps. It is called in evaluation mode, without gradients, in one process. A check that
the weights cannot tell yet (`ok` is None) is asked again: see `probes.py`."""


class Terms(NamedTuple):
    """What one turn makes of a batch.

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
    """By their names in the module."""
    weights: Mapping[str, float]
    """Of every loss term it ever has."""
    starts_at_step: int = 0
    """Finished steps before its first."""
    every_steps: int = 1
    late_terms: Mapping[str, int] = field(factory=dict)
    """Loss terms that are not there from the start: finished steps before each comes in."""
    balancer: Balancer | None = None
    averaged: bool = True
    """Whether ema_decay averages its parameters: a discriminator is not exported."""
    undecayed: frozenset[str] = frozenset()
    """Its biases, norms and embeddings, for optimizers that decay weights alone."""

    def is_due(self, step: int) -> bool:
        """Whether it has a share in the step that follows `step` finished ones."""
        return step >= self.starts_at_step and (step - self.starts_at_step) % self.every_steps == 0

    def weights_at(self, step: int) -> Mapping[str, float]:
        """Of the loss terms that it has in that step."""
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
        """SHA-256 of each clip's decoded audio, uint8 [clips, 32]: what it is, whatever its id."""

    @property
    def spans(self) -> np.ndarray:
        """Where in which file each clip lies, `engine.evaluation.audio.SPAN` [clips]."""

    def batch(self, indices: Sequence[int], random: np.random.Generator) -> Batch:
        """The clips at `indices`, as CPU tensors; every random choice is drawn from `random`."""


@frozen(eq=False)
class JudgedClips:
    """Clips that an evaluation made with the present weights, and the judges' figures of each.

    They are the same at every evaluation of a run, but for the weights.
    """

    ids: Sequence[str]
    digests: np.ndarray
    """uint8 [clips, 32]: all that each was made of but the weights."""
    figures: Mapping[str, np.ndarray]
    """Float64 [clips], nan where a clip has none, by the metric's name without its first part:
    `judged/wer`."""
    seconds: float
    """What making and judging them took."""


@frozen
class Evaluated:
    """Metrics over a whole evaluation set, and the same per clip where a clip has a figure."""

    metrics: Mapping[str, float]
    per_clip: Mapping[str, np.ndarray] = field(factory=dict)
    """By the metric's name without its first part, in the order of the evaluation clips. A metric
    that is there is compared clip by clip, by the mean of these, lower or higher like the metric.
    """
    judged: JudgedClips | None = None

    @property
    def figures(self) -> Mapping[str, np.ndarray]:
        """Those of each evaluation clip, and those of each judged one, by metric."""
        return {**self.per_clip, **(self.judged.figures if self.judged else {})}


@frozen
class Sample:
    """A file made for looking or listening: `kind` is 'audio' (WAV) or 'image' (PNG)."""

    name: str
    kind: str
    path: Path
    caption: str = ""
    notes: Sequence[str] = ()
    """What else is said of it, a line each: its length, what is odd, what a recogniser heard."""
    made_of: str = ""
    """Digest of all that it was made of but the weights, where that stays the same in a run and
    from phase to phase: such samples are set side by side, and made before step 1 too."""
    figures: Mapping[str, float] = field(factory=dict)
    """What was measured of one that has `made_of`, by the metric's name without `eval/`, which is
    the mean over all."""


@frozen(kw_only=True)
class DatasetSummary:
    """What a run sees of its corpus, for the report."""

    found: int
    """Files of the corpus."""
    used: int
    """Clips that the recipe may use; the split may leave some of them out."""
    quarantined: Mapping[str, int]
    """Files by the reason for which they are not used."""
    training: int
    """Clips that are learned from."""
    evaluation: int
    """Clips that are held out."""
    notes: Sequence[str] = ()
    """What else a reader must know of them: sentences on what is padded, left out, upsampled."""
    warnings: Sequence[str] = ()
    """What is said aloud before step 1: sentences on what stands in for what the recipe names."""
    split: str
    """How these were chosen, in words."""
    leaks: str | None
    """In words, where evaluation may share speakers with training."""
    learned_from: str | None = None
    """In words, where audio of the evaluation was learned from: its figures are too good."""


@frozen
class PreflightBounds:
    """What preflight holds a run to."""

    learning_rate: tuple[float, float]
    conditioning: Sequence[str | tuple[str, ...]] = ()
    """Batch entries that must move the loss when they are swapped between clips; several that only
    make sense together (a reference, its text, its length) are swapped together."""
    overfits: Sequence[str] = ()
    """Loss terms that must fall when one small batch is repeated, as logged after `train/`:
    `mel`, or `generator/mel` where there are several turns."""
    probes: Sequence[Probe] = ()
    """What else the weights must answer."""
    held_out: Mapping[str, Audio] = field(factory=dict)
    """Clips beside the evaluation set that are measured as not trained on, by the setting that
    holds them out."""


class TrainingModule(nn.Module):
    """Holds every network of a system, with one method per turn (batch -> Terms)."""

    def begin(self, step: int) -> None:
        """Called before the step that follows `step` finished ones.

        It may decide what is computed in it, such as whether a discriminator is heard yet.
        """

    def prepare(self, batch: Batch) -> Batch:
        """Add to the batch what several turns share, such as the generator's output.

        Runs once per micro-batch, before the turns, while gradients flow to all of them.
        """
        return batch

    def num_targets(self, batch: Batch) -> Mapping[str, int]:  # noqa: ARG002
        """Of each loss term, or metric, of how many targets in this batch it is the mean.

        Those that are not named are means over clips. A step in several parts, or in several
        processes, weighs each part's term by this. The batch is as the clips made it.
        """
        return {}

    def adopted(self, weights: Mapping[str, Tensor]) -> tuple[Mapping[str, Tensor], str]:
        """A parent's weights as this phase holds them, computing the same; what changed, in words.

        For phases that do not learn the same tensors, such as those with adapters.
        """
        return weights, ""

    def conclude(self, step: int, epoch: float) -> None:
        """Called once, before what a run leaves is exported: when its weights were learned.

        `step` and `epoch` are those that the run had finished then, not those of its end.
        """


class System(Protocol):
    """A model family, built from a recipe: everything the loop needs and nothing it may guess."""

    module: TrainingModule
    turns: Sequence[Turn]
    train_clips: ClipSet
    eval_clips: ClipSet
    data_digest: str
    """Digest of the audio the run sees: part of the run's identity."""
    evaluation_set: str
    """Digest of the evaluation clips and of how they are cut: metrics carry it."""
    metric_units: Mapping[str, str]
    """Metrics in units of this recipe's own, by name without the first part, each with a digest of
    what its unit depends on (a window, loss weights): where it differs nothing is subtracted."""
    preflight: PreflightBounds
    dataset_summary: DatasetSummary

    def evaluate(self) -> Evaluated:
        """Metrics (`eval/...`) of the present weights over the whole evaluation set."""

    def baselines(self) -> Evaluated:
        """Metrics of what costs nothing, as `baseline/<name>/<metric>`."""

    def samples(self, folder: Path, num_clips: int) -> Sequence[Sample]:
        """Write originals and what the present weights make of them.

        Of no clips only what has `made_of`: that is what is made before step 1.
        """

    def export(self, folder: Path) -> None:
        """Write the present weights in the formats that other tools read."""

    def load_published(self, path: Path) -> str:
        """Take over the weights of a published model from a file; say in words what was found.

        Raises UserError where they do not fit, naming what differs; nothing is loaded then.
        """
