"""The tables the built-in corpus is made from: words, sentences, templates, and who speaks them."""

import csv
from pathlib import Path

from attrs import frozen

from engine.errors import UserError


@frozen
class Voice:
    """A speaker: an espeak-ng voice ('en-us+m3'), and the list it is held out in, if any."""

    name: str
    listed: str

    @property
    def accent(self) -> str:
        """The voice's language and region: 'en-us'."""
        return self.name.partition("+")[0]

    @property
    def language(self) -> str:
        """The voice's language: 'en'."""
        return self.accent.partition("-")[0]


def read_words(folder: Path) -> list[str]:
    """The words of `words.tsv`."""
    return [row["word"] for row in _rows(folder / "words.tsv", ("word",))]


def read_sentences(folder: Path) -> list[tuple[str, str]]:
    """(language, text) for each line of `speech.tsv`."""
    rows = _rows(folder / "speech.tsv", ("language", "text"))
    return [(row["language"], row["text"]) for row in rows]


def read_templates(folder: Path, corpus: str) -> list[tuple[str, str]]:
    """(slot, text) for each line of `<corpus>.tsv`."""
    rows = _rows(folder / f"{corpus}.tsv", ("slot", "text"))
    return [(row["slot"], row["text"]) for row in rows]


def read_voices(folder: Path, corpus: str) -> list[Voice]:
    """The voices that `voices.tsv` gives to one built-in corpus."""
    rows = _rows(folder / "voices.tsv", ("corpus", "voice", "list"))
    return [Voice(row["voice"], row["list"]) for row in rows if row["corpus"] == corpus]


def _rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    if not path.is_file():
        raise UserError(
            f"{path} is missing, from which the built-in corpus is made. Restore it from git, or "
            "set the corpora's source in params.toml to your own folder."
        )
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        if tuple(reader.fieldnames or ()) != columns:
            raise UserError(f"{path}, line 1: the columns must be {', '.join(columns)}.")
        rows = list(reader)
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise UserError(f"{path}, line {number}: expected {len(columns)} columns.")
    return rows
