"""What a system's training setup is made of."""

from collections.abc import Callable
from pathlib import Path

from attrs import frozen

from benchmarks.mutants.anatomy import Anatomy

_PARAMS = """\
seed = {seed}
profile = "full"
[hardware]
device = "cpu"
num_threads = 1
[work]
num_workers = 1
[corpora.{corpus}]
source = "data/{corpus}"
sample_rates_hz = [{rate}]
{more}
[tracking]
mirrors = []
"""
_TRAINING = """
[training]
steps = 60
batch_size = {batch_size}
log_every_steps = 10
evaluate_every = "step:30"
checkpoint_every = "step:30"
{more}

[samples]
num_clips = 0
"""


def short_training(batch_size: int, more: str = "") -> str:
    """The tables of a recipe that make its run short; `more` are further lines of [training]."""
    return _TRAINING.format(batch_size=batch_size, more=more)


@frozen(kw_only=True)
class Setup:
    """A project in which one system trains from scratch within seconds."""

    system: str
    corpus: str
    sample_rate_hz: int
    recipe: str
    """The text of the healthy recipe."""
    anatomy: Anatomy
    write_audio: Callable[[Path], None]
    """Writes the healthy corpus into a folder."""
    publish: Callable[[Path], None] | None = None
    """Writes what the recipe reads besides into the project's root."""
    corpus_settings: str = ""
    """Further lines of the corpus's table in params.toml."""
    second_phase: str = ""
    """The lines by which a second phase differs from the first, besides where it starts."""

    def params(self, seed: int) -> str:
        """The text of params.toml."""
        return _PARAMS.format(
            seed=seed, corpus=self.corpus, rate=self.sample_rate_hz, more=self.corpus_settings
        )
