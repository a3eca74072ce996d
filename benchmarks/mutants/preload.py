"""Imports what a run needs, once, in the process from which pieces are forked."""

from collections.abc import Iterable
from importlib import import_module

_EVERY = (
    "engine.cli.ingest",
    "engine.cli.train",
    "engine.cli.show.console",
    "engine.runs.run",
    "engine.corpus.ingest",
    "scipy.stats",
    "torch._inductor",
)
_OF_A_SYSTEM = {
    "audio_vae": ("engine.systems.vqvae.system",),
    "codec": ("engine.systems.codec.system", "transformers.models.dac.modeling_dac"),
    "xtts": ("engine.systems.xtts.system",),
    "rvc": ("engine.systems.rvc.system", "swift_f0"),
    "higgs": ("engine.systems.codec_lm.system", "transformers.models.dac.modeling_dac"),
}


def preload(systems: Iterable[str] = tuple(_OF_A_SYSTEM)) -> None:
    """Import; nothing is computed, since a thread would not survive a fork."""
    for name in (*_EVERY, *(one for system in systems for one in _OF_A_SYSTEM[system])):
        import_module(name)
