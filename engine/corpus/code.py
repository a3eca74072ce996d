"""Which code makes a corpus: what decodes and measures a file, and what lists and packs them."""

from engine.files.source_code import import_closure

_APART = (
    "engine.corpus.account",  # says what was found, and decides nothing
    "engine.errors",
    "engine.files",
    "engine.parallel",
    "engine.project",
    "engine.recipe",
)


def measuring_code() -> dict[str, str]:
    """The modules that decode and measure a file, each with the SHA-256 of its code.

    What was measured is kept as long as they stay as they are.
    """
    return import_closure(["engine.corpus.audio.decode", "engine.corpus.measure.measure"], _APART)


def ingesting_code() -> dict[str, str]:
    """The modules that make a corpus of a folder, or of nothing (the built-in ones), likewise."""
    return import_closure(["engine.corpus.ingest"], _APART)
