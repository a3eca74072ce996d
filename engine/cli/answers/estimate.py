"""`cantus.estimate/1` and `cantus.estimate-cards/1`: what a run will take."""

from attrs import frozen

from engine.cli.answers.answer import Answer, entry


@frozen(kw_only=True)
class RateAt:
    """A learning rate at a step."""

    step: int = entry("optimizer step, from 1")
    rate: float = entry("learning rate")


@frozen(kw_only=True)
class LearningRates:
    """The learning rate of one turn over the run."""

    turn: str = entry("the turn")
    peak: float = entry("the highest rate")
    warmup_steps: int = entry("steps of the warm-up in this run")
    total_steps: int = entry("optimizer steps of the run")
    rates: tuple[RateAt, ...] = entry("at the first step, a tenth, the half and the end")


@frozen(kw_only=True)
class Price:
    """What the time costs."""

    amount: float = entry("price of total_seconds")
    per_hour: float = entry("price of an hour")
    currency: str = entry("its currency")


@frozen(kw_only=True)
class EstimateAnswer(Answer):
    """What `cantus estimate --json` prints. Without enough disk, the exit code is 2."""

    SCHEMA = "cantus.estimate/1"

    recipe: str = entry("name of the run")
    system: str = entry("model family")
    profile: str = entry("the profile of params.toml")
    device: str = entry("device that was measured")
    threads: int = entry("CPU threads")
    processes: int = entry("processes of the run, one of which was measured alone")
    training_clips: int = entry("clips to train on")
    evaluation_clips: int = entry("clips to evaluate on")
    evaluation_set: str = entry("digest of the evaluation clips and of how they are cut")
    split: str = entry("how the evaluation clips were chosen, in words")
    parameters: int = entry("trainable parameters")
    total_steps: int = entry("optimizer steps of the run")
    steps_per_epoch: int = entry("optimizer steps of an epoch")
    learning_rates: tuple[LearningRates, ...] = entry("of each turn")
    step_seconds: float = entry("seconds of a step on the longest batch")
    epoch_seconds: float = entry("seconds of an epoch's steps")
    num_evaluations: int = entry("evaluations in the run")
    evaluation_seconds: float = entry("seconds of one evaluation")
    judged_seconds: float = entry("part of evaluation_seconds that judges take")
    num_judged: int = entry("clips that judges score at each evaluation")
    total_seconds: float = entry(
        "steps and evaluations of the run; preflight, baselines, samples and export come on top"
    )
    peak_memory_bytes: int = entry("peak memory of one process")
    disk_bytes: int = entry("disk that checkpoints take")
    resumable_bytes: int = entry("disk of one resumable checkpoint")
    free_disk_bytes: int = entry("free disk")
    has_disk: bool = entry("whether the free disk is enough")
    price: Price | None = entry("null where the price of an hour is unknown")


@frozen(kw_only=True)
class WayOfTraining:
    """The memory of a way of training on one GPU, in bytes."""

    name: str = entry("the way of training")
    frozen: int = entry("weights that are not trained")
    learned: int = entry("weights that are trained")
    gradients: int = entry("gradients")
    moments: int = entry("moments of the optimizer")
    averages: int = entry("averaged weights")
    activations: int = entry("what forward and backward add")
    total: int = entry("upper bound of the peak of a step")
    card: str = entry("the smallest GPU with that much memory, or none")
    each_of_8: int = entry("peak on each of eight GPUs that shard the model")
    card_each_of_8: str = entry("the smallest GPU for that, or none")


@frozen(kw_only=True)
class CardsAnswer(Answer):
    """What `cantus estimate --cards --json` prints."""

    SCHEMA = "cantus.estimate-cards/1"

    recipe: str = entry("name of the recipe")
    positions: int = entry("sequence positions in one micro-batch")
    ways: tuple[WayOfTraining, ...] = entry("ways of training the model")
