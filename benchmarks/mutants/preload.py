"""Imports what a run needs, once, in the process from which pieces are forked."""

from importlib import import_module

_MODULES = (
    "engine.cli.ingest",
    "engine.cli.train",
    "engine.cli.show.console",
    "engine.runs.run",
    "engine.corpus.ingest",
    "engine.systems.codec.system",
    "engine.systems.codec_lm.system",
    "engine.systems.rvc.system",
    "engine.systems.vqvae.system",
    "engine.systems.xtts.system",
    "torch._inductor",
    "transformers.models.dac.modeling_dac",
    "swift_f0",
    "scipy.stats",
    "scipy.signal",
)


def preload() -> None:
    """Import; nothing is computed, since a thread would not survive a fork."""
    for name in _MODULES:
        import_module(name)
