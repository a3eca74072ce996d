"""Which published weights there are, where they lie, and under which licence."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli
from attrs import frozen

from engine.errors import UserError
from engine.files.nearest import suggestion

_FILE = Path(__file__).with_name("catalogue.toml")


@frozen
class Licence:
    """What somebody has to agree to before anything is fetched."""

    name: str
    summary: str
    address: str
    """Address of the licence's full text."""


@frozen
class PublishedFile:
    """One file of a model."""

    name: str
    sha256: str | None = None
    """None where it is not known here: the first that arrives is trusted then."""
    optional: bool = False
    """Whether a place may lack it."""
    index: bool = False
    """Whether it names files of weights that are fetched too, as `transformers` writes it."""


@frozen
class Entry:
    """A published model."""

    name: str
    summary: str
    place: str
    """Where its files are, as `source_at` takes it."""
    licence: Licence
    files: tuple[PublishedFile, ...]
    """The small ones first, so that what is wrong shows before the large one is waited for."""
    one_of: tuple[str, ...] = ()
    """Optional files of which a place must have one: weights in one file or in several."""


def read_catalogue() -> Mapping[str, Entry]:
    """All published models that are known, by name."""
    tables = tomli.loads(_FILE.read_text(encoding="utf-8"))
    return {name: _entry(name, table) for name, table in tables.items()}


def find_entry(name: str) -> Entry:
    """A published model by its name. Raises UserError where there is none of that name."""
    catalogue = read_catalogue()
    if name not in catalogue:
        raise UserError(
            f"There is no published model '{name}'.{suggestion(name, catalogue)} "
            f"There are: {', '.join(catalogue)}."
        )
    return catalogue[name]


def _entry(name: str, table: Mapping[str, Any]) -> Entry:
    files = tuple(PublishedFile(**file) for file in table["files"])
    licence = Licence(**table["licence"])
    one_of = tuple(table.get("one_of", ()))
    return Entry(name, table["summary"], table["place"], licence, files, one_of)
