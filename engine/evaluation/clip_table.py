"""Evaluation clips as text that git can show: digest, id, and the figures of each clip."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from attrs import field, frozen

from engine.errors import UserError
from engine.evaluation.digests import NUM_BYTES, as_digests
from engine.evaluation.ids import as_bytes, escaped, unescaped
from engine.files.atomic import write_atomically
from engine.files.text import visible
from engine.files.untrusted import as_user_error

_FIRST = ("sha256", "id")
_UNITS = "# unit"
"""Begins the line above the titles that names the unit of each column."""


@frozen(eq=False)
class ClipTable:
    """Clips in a fixed order, and the figures of each."""

    ids: tuple[str, ...]
    digests: np.ndarray
    """uint8 [clips, 32]: see `engine.evaluation.digests`."""
    figures: Mapping[str, np.ndarray] = field(factory=dict)
    """One number a clip, by name: `best/rmse_db`, `parent/rmse_db`, `baseline/grid/rmse_db`."""
    units: Mapping[str, str] = field(factory=dict)
    """The digest of each figure's unit, by the figure's name; empty in files without them."""


def write_clip_table(path: Path, table: ClipTable, remark: str = "") -> None:
    """Write tab-separated lines below a line of titles; `remark` becomes a comment above it.

    The units of the columns are in a comment too, so that older readers pass over it.
    """
    lines = [f"# {visible(remark)}"] if remark else []
    if table.units:
        lines.append("\t".join([_UNITS, "", *(table.units.get(n, "") for n in table.figures)]))
    lines.append("\t".join([*_FIRST, *table.figures]))
    columns = [np.asarray(values, np.float64).tolist() for values in table.figures.values()]
    for row, (id_, digest) in enumerate(zip(table.ids, table.digests, strict=True)):
        figures = (f"{column[row]:.9g}" for column in columns)
        lines.append("\t".join([digest.tobytes().hex(), escaped(id_), *figures]))
    write_atomically(path, as_bytes("\n".join(lines) + "\n"))


def read_clip_table(path: Path) -> ClipTable:
    """Read a table of clips. Raises UserError that names the file and the damaged line."""
    rows = _rows(path)
    _, titles = next(rows, (1, [""]))
    if tuple(titles[:2]) != _FIRST:
        raise UserError(f"{path} is not a table of clips: its first columns must be sha256 and id.")
    ids: list[str] = []
    words: list[str] = []
    figures: list[float] = []
    for line, row in rows:
        with as_user_error(
            f"{path} is damaged in line {line}. Restore the file from git, or make it again."
        ):
            word, id_, *values = row
            bytes.fromhex(word)[NUM_BYTES - 1]
            figures += [float(value) for value, _ in zip(values, titles[2:], strict=True)]
            ids.append(unescaped(id_))
        words.append(word)
    columns = np.array(figures).reshape(len(ids), len(titles) - 2)
    measured = {name: columns[:, place] for place, name in enumerate(titles[2:])}
    return ClipTable(tuple(ids), as_digests(words), measured, _units(path, titles[2:]))


def _units(path: Path, titles: Sequence[str]) -> dict[str, str]:
    """The unit of each column that has one."""
    with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        line = next((text for text in file if text.startswith(f"{_UNITS}\t")), None)
    if line is None:
        return {}
    digests = line.rstrip("\r\n").split("\t")[2:]
    if len(digests) != len(titles):
        raise UserError(f"{path} is damaged: it does not name a unit for each column.")
    return {title: digest for title, digest in zip(titles, digests, strict=True) if digest}


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells, without comments and empty lines."""
    with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        for number, text in enumerate(file, start=1):
            if text.strip() and not text.startswith("#"):
                yield number, text.rstrip("\r\n").split("\t")
