"""The recipes whose seeds are trained: two systems, and planted true differences."""

from collections.abc import Sequence

from attrs import field, frozen

_PUZZLE = (
    "training.steps=120",
    "training.evaluate_every=step:120",
    "training.checkpoint_every=step:120",
    "samples.num_clips=1",
)
"""The demo has 400 steps and is evaluated every 80; its 350 evaluation clips are kept."""
_GPT = (
    "training.steps=80",
    "training.evaluate_every=step:80",
    "training.checkpoint_every=step:80",
    "training.keep_every=step:80",
    "schedule.gpt.warmup_steps=10",
    "speech.judges=[]",
    'speech.sentences=["A vonat."]',
    "samples.num_clips=1",
)
"""The demo has 600 steps, is evaluated every 100, and speaks four sentences, which are judged."""


@frozen
class Seeds:
    """A recipe with values, trained with the seeds 1 to `number`."""

    name: str
    recipe: str
    number: int
    overrides: Sequence[str]
    planted: str = ""
    """The change, of groups that truly differ from another one."""
    of: str = field(default="")
    """The group that it truly differs from."""


GROUPS = (
    Seeds("puzzle", "audio_vae_plus", 20, _PUZZLE),
    Seeds("gpt", "xtts_phase1", 20, _GPT),
    Seeds(
        "puzzle_slower",
        "audio_vae_plus",
        5,
        (*_PUZZLE, "optimizer.autoencoder.learning_rate=1e-3"),
        "learning rate 1e-3 instead of 3e-3",
        "puzzle",
    ),
    Seeds(
        "puzzle_longer",
        "audio_vae_plus",
        5,
        (
            "training.steps=180",
            "training.evaluate_every=step:180",
            "training.checkpoint_every=step:180",
            "samples.num_clips=1",
        ),
        "180 steps instead of 120",
        "puzzle",
    ),
)
