"""The cells of a table's rows, divided by one character, in quotation marks or not."""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path

from attrs import frozen

from engine.errors import UserError

DELIMITERS = ("|", "\t", ",", ";")
_OF_SPREADSHEETS = (",", ";")
_ENOUGH = 3
_MOST_LINES = 50
"""Lines that one cell may go over, between tabs or bars."""

Line = tuple[int, str]
Cells = tuple[int, list[str]]


@frozen(kw_only=True)
class Division:
    """How a table's lines are divided into cells."""

    delimiter: str
    width: int = 0
    """Columns; 0: not known yet."""
    skip_spaces: bool = False
    """Whether spaces before a quotation do not belong to the cell."""
    quoted: frozenset[int] = frozenset()
    """Columns whose every cell stands in quotation marks."""


def divide(path: Path, division: Division, lines: Iterable[Line]) -> Iterator[Cells]:
    """(line, cells) for each row; the cells keep their spaces.

    Between commas and semicolons cells may be quoted, as spreadsheets write them. Between tabs and
    bars a mark is a part of the text, unless what stands in marks holds doubled ones, the
    delimiter, or a line's end, or all the column's cells are quoted. Raises UserError where a
    quotation does not end.
    """
    if division.delimiter in _OF_SPREADSHEETS:
        return _as_spreadsheet(path, division, lines)
    return _leniently(division, lines)


def find_quoted(delimiter: str, lines: Iterable[str]) -> frozenset[int]:
    """Columns between bars or tabs whose every cell is quoted, in three rows or everywhere."""
    if delimiter in _OF_SPREADSHEETS:
        return frozenset()
    rows = [_split_in_marks(line, delimiter) for line in lines if line.strip()]
    width = max(map(len, rows), default=0)
    columns = {at: [row[at] for row in rows if row[at:]] for at in range(width)}
    quoted = {at for at, cells in columns.items() if _all_quoted(cells)}
    words = {at for at, cells in columns.items() if not all(map(_is_number, cells))}
    return frozenset(quoted) if len(rows) >= _ENOUGH or words <= quoted else frozenset()


def _as_spreadsheet(path: Path, division: Division, lines: Iterable[Line]) -> Iterator[Cells]:
    numbers: deque[int] = deque()
    delimiter, skip = division.delimiter, division.skip_spaces
    source = _remember(lines, numbers)
    try:
        for cells in csv.reader(source, delimiter=delimiter, strict=True, skipinitialspace=skip):
            yield numbers[0], cells
            numbers.clear()
    except csv.Error as error:
        raise UserError(
            f"{path}, line {numbers[0] if numbers else 1}: {error}. A cell with {delimiter!r} or "
            'a quotation mark stands in quotation marks, and a mark inside is doubled ("").'
        ) from error


def _remember(lines: Iterable[Line], numbers: deque[int]) -> Iterator[str]:
    for number, line in lines:
        numbers.append(number)
        yield line


def _leniently(division: Division, lines: Iterable[Line]) -> Iterator[Cells]:
    following = _Lines(lines)
    for number, line in following:
        cells = line.split(division.delimiter)
        if '"' in line:
            cells = (
                _in_marks(line, division)
                or _over_lines(cells, division, following)
                or [_unquoted(cell, at in division.quoted) for at, cell in enumerate(cells)]
            )
        yield number, cells


class _Lines:
    """Lines that can be given back."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = iter(lines)
        self._returned = deque[Line]()

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        return self._returned.popleft() if self._returned else next(self._lines)

    def give_back(self, lines: Sequence[Line]) -> None:
        self._returned.extendleft(reversed(lines))


def _in_marks(line: str, division: Division) -> list[str] | None:
    """The cells where marks hold a delimiter, if a row has the right number of cells only so."""
    if not 0 < division.width < len(line.split(division.delimiter)):
        return None
    cells = _split_in_marks(line, division.delimiter)
    if len(cells) != division.width:
        return None
    return [
        _unquoted(cell, division.delimiter in cell or at in division.quoted)
        for at, cell in enumerate(cells)
    ]


def _split_in_marks(line: str, delimiter: str) -> list[str]:
    return _cell_in_marks(delimiter).findall(line.rstrip("\r\n") + delimiter)


def _over_lines(begun: list[str], division: Division, lines: _Lines) -> list[str] | None:
    """The cells of a row whose last cell in this line goes on in the next ones, if one does."""
    taken: list[Line] = []
    cell = begun[-1]
    for line in islice(lines, _MOST_LINES if _is_open(cell) else 0):
        taken.append(line)
        more, *rest = line[1].split(division.delimiter)
        cell += more
        if _is_quoted(cell) and len(begun) + len(rest) == division.width:
            return [
                _unquoted(each, each is cell or at in division.quoted)
                for at, each in enumerate((*begun[:-1], cell, *rest))
            ]
        if rest or not _is_open(cell):
            break
    lines.give_back(taken)
    return None


def _is_open(cell: str) -> bool:
    """Whether a cell begins with a mark and no end is in sight."""
    return cell.lstrip().startswith('"') and cell.count('"') % 2 == 1


def _is_quoted(cell: str) -> bool:
    return _QUOTED.fullmatch(cell.strip()) is not None


def _all_quoted(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and all(map(_is_quoted, filled))


def _is_number(cell: str) -> bool:
    return not cell.strip() or cell.strip().replace(".", "", 1).isdigit()


def _unquoted(cell: str, always: bool) -> str:
    if '"' not in cell:
        return cell
    match = _QUOTED.fullmatch(cell.strip())
    if match is None or not (always or '""' in match[1]):
        return cell
    return match[1].replace('""', '"')


_QUOTED = re.compile(r'"((?:[^"]|"")*)"')


@lru_cache
def _cell_in_marks(delimiter: str) -> re.Pattern[str]:
    between = re.escape(delimiter)
    return re.compile(rf'(\s*"(?:[^"]|"")*"\s*|[^{between}]*){between}')
