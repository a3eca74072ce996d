"""The built-in corpus: speech synthesized by espeak-ng, bit-identical each time."""

from engine.corpus.builtin.synthesize import synthesize

__all__ = ["synthesize"]
