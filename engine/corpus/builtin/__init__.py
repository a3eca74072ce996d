"""The built-in corpus: speech synthesised by espeak-ng, bit-identical each time."""

from engine.corpus.builtin.synthesise import synthesise

__all__ = ["synthesise"]
