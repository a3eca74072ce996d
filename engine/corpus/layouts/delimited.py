"""Tables whose columns a character divides: how one is written is found from its first lines."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from attrs import evolve, frozen

from engine.corpus.layouts.cells import DELIMITERS, Division, Line, divide, find_quoted
from engine.corpus.layouts.column_content import is_same_text
from engine.corpus.layouts.column_names import plain, role_named
from engine.corpus.layouts.columns import Columns, NamesAudio, Sample, sample_of
from engine.corpus.layouts.lines import Errors, read_text_lines
from engine.corpus.layouts.names import has_audio_suffix
from engine.errors import UserError

_SAMPLED = 200
"""Rows from which is found out how a table is written, and what its columns hold."""
_STRIDE, _MOST_SAMPLED = 50, 1000
_LONGEST_PRELUDE = 50


@frozen(kw_only=True)
class Form:
    """How a table is written."""

    division: Division
    first_line: int
    """Line of the first row; what stands above it are remarks and the columns' names."""
    names: tuple[str, ...] = ()
    """Names of the columns in a first line; empty without such a line."""
    sample: Sample


def find_form(path: Path, names_audio: NamesAudio, *, errors: Errors = "strict") -> Form | None:
    """How a table is written; None where it has no row. `errors` is of its text.

    The delimiter is the one between columns that are named, or else the one that leaves most cells
    that name audio. Raises UserError where the file cannot be read.
    """
    declared, lines = _without_prelude(_first_lines(path, errors))
    if not lines:
        return None
    there = [each for each in DELIMITERS if any(each in line for _, line in lines)]
    delimiters = [declared] if declared else there or DELIMITERS[:1]
    forms = [_divided(path, lines, delimiter, names_audio) for delimiter in delimiters]
    best = max(forms, key=_evidence)
    if not best.division.width:
        list(divide(path, best.division, lines))  # says why no row can be divided
        return None
    return best


def read_cells(path: Path, form: Form, columns: Columns) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) for each row; cells are stripped, and as many as there are columns.

    What is missing at a row's end is empty. A delimiter inside the only text stays a part of it.
    Raises UserError where a row has too few or too many columns, or the text cannot be read.
    """
    lines = (line for line in read_text_lines(path) if line[0] >= form.first_line)
    width = form.division.width
    for number, cells in divide(path, form.division, lines):
        if not any(map(str.strip, cells)):
            continue
        cells = _joined(cells, form.division, columns) if len(cells) > width else cells
        if len(cells) > width or len(cells) < min(width, 2):
            raise UserError(
                f"{path}, line {number}: {len(cells)} columns, {_expected(form, columns)}"
            )
        yield number, [cell.strip() for cell in cells] + [""] * (width - len(cells))


def rows_throughout(path: Path, form: Form) -> list[list[str]]:
    """The first rows of a table, and some of the rest: a table may be sorted.

    Raises UserError where it cannot be read.
    """
    lines = (line for line in read_text_lines(path) if line[0] >= form.first_line)
    width, rows = form.division.width, list[list[str]]()
    for number, (_, cells) in enumerate(divide(path, form.division, lines)):
        if number < _SAMPLED or (number % _STRIDE == 0 and len(rows) < _MOST_SAMPLED):
            rows.append([cell.strip() for cell in cells[:width]] + [""] * (width - len(cells)))
    return [row for row in rows if any(row)]


def _first_lines(path: Path, errors: Errors) -> list[Line]:
    return list(islice(read_text_lines(path, errors=errors), _LONGEST_PRELUDE + _SAMPLED))


def _without_prelude(lines: Sequence[Line]) -> tuple[str | None, list[Line]]:
    """A delimiter that the first line declares, as Excel's do (`sep=;`), and the lines below.

    Empty lines and remarks above the table are not lines of it; a remark that names columns is.
    """
    declared = None
    for place, (_, line) in enumerate(lines):
        text = line.strip()
        if text.lower().startswith("sep=") and declared is None and len(text) == len("sep=") + 1:
            declared = text[-1]
        elif text and not (text.startswith("#") and not _names_columns(text)):
            return declared, list(lines[place:])
    return declared, []


def _names_columns(line: str) -> bool:
    return any(len(_known(line.split(delimiter))) > 1 for delimiter in DELIMITERS)


def _known(cells: Sequence[str]) -> set[str]:
    return {plain(cell) for cell in cells if role_named(cell)}


def _divided(path: Path, lines: Sequence[Line], delimiter: str, names_audio: NamesAudio) -> Form:
    """The table as it is with this delimiter."""
    division = Division(delimiter=delimiter, skip_spaces=_skips_spaces(delimiter, lines))
    rows = _rows(path, division, lines)
    names, rows = _named_columns(rows, names_audio)
    width = len(names) or _width([cells for _, cells in rows])
    first_line = rows[0][0] if rows else lines[-1][0] + 1
    below = [line for line in lines if line[0] >= first_line]
    quoted = find_quoted(delimiter, (line for _, line in below))
    division = evolve(division, width=width, quoted=quoted)
    rows = _rows(path, division, below)
    sampled = [
        [cell.strip() for cell in cells[:width]] + [""] * (width - len(cells)) for _, cells in rows
    ]
    return Form(
        division=division,
        first_line=first_line,
        names=names,
        sample=sample_of(sampled, width, names_audio),
    )


def _skips_spaces(delimiter: str, lines: Sequence[Line]) -> bool:
    """Whether a space stands before each cell that is quoted: `a.wav, "One, two"`."""
    quoted = [line for _, line in lines if '"' in line]
    return bool(quoted) and all(f'{delimiter} "' in line for line in quoted)


def _rows(path: Path, division: Division, lines: Sequence[Line]) -> list[tuple[int, list[str]]]:
    """(first line, cells) of the rows; what cannot be divided is met again in reading."""
    rows: list[tuple[int, list[str]]] = []
    with suppress(UserError):
        rows.extend(row for row in divide(path, division, lines) if any(map(str.strip, row[1])))
    return rows


def _named_columns(
    rows: list[tuple[int, list[str]]], names_audio: NamesAudio
) -> tuple[tuple[str, ...], list[tuple[int, list[str]]]]:
    """The names that a first row gives to the columns, if it does, and the rows below."""
    if not rows:
        return (), rows
    first = [cell.strip() for cell in rows[0][1]]
    if any(has_audio_suffix(cell) or names_audio(cell) for cell in first if cell):
        return (), rows
    if _known(first) or _is_unlike(first, [cells for _, cells in rows[1:]]):
        return tuple(cell.strip('"# ') for cell in first), rows[1:]
    return (), rows


def _is_unlike(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether in some column the first cell alone has no suffix of audio."""
    columns = ([row[at].strip() for row in rows if row[at:]] for at in range(len(first)))
    return any(column and all(map(has_audio_suffix, column)) for column in columns)


def _width(rows: Sequence[Sequence[str]]) -> int:
    """Columns of most rows, or one more where some rows have a normalized text besides."""
    numbers = Counter(map(len, rows))
    width = numbers.most_common(1)[0][0] if numbers else 0
    longer = [row for row in rows if len(row) == width + 1]
    pairs = [[row[at].strip() for row in longer] for at in (width - 1, width)]
    return width + 1 if longer and is_same_text(*pairs) else width


def _evidence(form: Form) -> tuple[bool, int]:
    known = {role_named(name) for name in form.names} - {None}
    return "file" in known and len(known) > 1, max(form.sample.named, default=0)


def _joined(cells: list[str], division: Division, columns: Columns) -> list[str]:
    """A row of too many cells without those that are empty, or with its text in one."""
    while len(cells) > division.width and not cells[-1].strip():
        cells = cells[:-1]
    texts = columns.places("text")
    extra = len(cells) - division.width
    others = [role for at, role in enumerate(columns.roles) if at not in texts]
    if extra <= 0 or len(texts) != 1 or not (all(others) or texts[0] == division.width - 1):
        return cells
    at, end = texts[0], texts[0] + extra + 1
    return [*cells[:at], division.delimiter.join(cells[at:end]), *cells[end:]]


def _expected(form: Form, columns: Columns) -> str:
    named = form.names or [role or "-" for role in columns.roles]
    expected = f"expected {form.division.delimiter.join(named)!r}"
    if form.names:
        return f"{expected}, as its first line says."
    return f"{expected}, as its other lines have. Name the columns in a first line, or mend it."
