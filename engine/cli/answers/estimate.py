"""`cantus.estimate/1` and `cantus.estimate-cards/1`: what a run will take."""

from attrs import frozen

from engine.cli.answers.answer import Answer


@frozen(kw_only=True)
class RateAt:
    """A learning rate at a step."""

    step: int
    """Optimizer step, from 1."""
    rate: float
    """Learning rate."""


@frozen(kw_only=True)
class LearningRates:
    """The learning rate of one turn over the run."""

    turn: str
    """The turn."""
    peak: float
    """The highest rate."""
    warmup_steps: int
    """Steps of the warm-up in this run."""
    total_steps: int
    """Optimizer steps of the run."""
    rates: tuple[RateAt, ...]
    """At the first step, a tenth, the half and the end."""


@frozen(kw_only=True)
class Price:
    """What the time costs."""

    amount: float
    """Price of total_seconds."""
    per_hour: float
    """Price of an hour."""
    currency: str
    """Currency of the price."""


@frozen(kw_only=True)
class EstimateAnswer(Answer):
    """What `cantus estimate --json` prints. Without enough disk, the exit code is 2."""

    SCHEMA = "cantus.estimate/1"

    recipe: str
    """Name of the run."""
    system: str
    """Model family."""
    profile: str
    """The profile of params.toml."""
    device: str
    """Device that was measured."""
    threads: int
    """CPU threads."""
    processes: int
    """Processes of the run, one of which was measured alone."""
    training_clips: int
    """Clips to train on."""
    evaluation_clips: int
    """Clips to evaluate on."""
    evaluation_set: str
    """Digest of the evaluation clips and of how they are cut."""
    split: str
    """How the evaluation clips were chosen, in words."""
    parameters: int
    """Trainable parameters."""
    total_steps: int
    """Optimizer steps of the run."""
    steps_per_epoch: int
    """Optimizer steps of an epoch."""
    learning_rates: tuple[LearningRates, ...]
    """The learning rates of each turn."""
    step_seconds: float
    """Seconds of a step on the longest batch."""
    epoch_seconds: float
    """Seconds of an epoch's steps."""
    num_evaluations: int
    """Evaluations in the run."""
    evaluation_seconds: float
    """Seconds of one evaluation."""
    judged_seconds: float
    """Part of evaluation_seconds that judges take."""
    num_judged: int
    """Clips that judges score at each evaluation."""
    total_seconds: float
    """Steps and evaluations of the run; preflight, baselines, samples and export come on
    top."""
    peak_memory_bytes: int
    """Peak memory of one process."""
    disk_bytes: int
    """Disk that checkpoints take."""
    resumable_bytes: int
    """Disk of one resumable checkpoint."""
    free_disk_bytes: int
    """Free disk."""
    has_disk: bool
    """Whether the free disk is enough."""
    price: Price | None
    """Null where the price of an hour is unknown."""


@frozen(kw_only=True)
class WayOfTraining:
    """The memory of a way of training on one GPU, in bytes."""

    name: str
    """The way of training."""
    frozen: int
    """Weights that are not trained."""
    learned: int
    """Weights that are trained."""
    gradients: int
    """Gradients."""
    moments: int
    """Moments of the optimizer."""
    averages: int
    """Averaged weights."""
    activations: int
    """What forward and backward add."""
    total: int
    """Upper bound of the peak of a step."""
    card: str
    """The smallest GPU with that much memory, or none."""
    each_of_8: int
    """Peak on each of eight GPUs that shard the model."""
    card_each_of_8: str
    """The smallest GPU for that, or none."""


@frozen(kw_only=True)
class CardsAnswer(Answer):
    """What `cantus estimate --cards --json` prints."""

    SCHEMA = "cantus.estimate-cards/1"

    recipe: str
    """Name of the recipe."""
    positions: int
    """Sequence positions in one micro-batch."""
    ways: tuple[WayOfTraining, ...]
    """Ways of training the model."""
