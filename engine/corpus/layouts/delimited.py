"""Tables with `|`, tabs or commas between their columns, which a first line may name."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from attrs import frozen

from engine.corpus.layouts.lines import read_text_lines
from engine.errors import UserError

FILE = ("audio_file", "path", "file_name", "wav_filename", "id")
TEXT = ("normalised", "normalized", "normalized_text", "text", "sentence", "transcription")
SPEAKER = ("speaker", "speaker_name", "speaker_id", "client_id")
LANGUAGE = ("language", "lang", "locale")
LABEL = ("label",)

# Without a line that names them: LJSpeech's two or three, and a speaker after those.
_UNNAMED = ("id", "text", "normalised", "speaker")
_KNOWN = frozenset((*TEXT, *SPEAKER, *LANGUAGE, *LABEL))


@frozen(kw_only=True)
class _Form:
    columns: tuple[str, ...]
    delimiter: str
    is_named: bool


def read_cells(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """(line, {column: cell}) for each row; cells are stripped.

    A first line names the columns where it holds one of FILE and another known one; then `|`, tab
    and comma may divide them, and columns of other names are passed over. Commas may be quoted.
    Raises UserError where a row has too few or too many columns, or the text is not UTF-8.
    """
    lines = read_text_lines(path)
    first = next(lines, None)
    if first is None:
        return
    form = _form(first[1])
    split = _split_quoted if form.delimiter == "," else _split
    for number, cells in split(path, form, chain((first,), lines)):
        if not any(cells) or (form.is_named and number == 1):
            continue
        if len(cells) > len(form.columns) or len(cells) < 2:
            raise UserError(f"{path}, line {number}: {len(cells)} columns, {_expected(form)}")
        yield number, dict(zip(form.columns, cells, strict=False))


def names_columns(line: str) -> bool:
    """Whether a table's first line names its columns."""
    return _form(line).is_named


def _form(line: str) -> _Form:
    for delimiter in ("|", "\t", ","):
        columns = tuple(cell.strip().strip('"').lower() for cell in line.split(delimiter))
        if _KNOWN.intersection(columns) and set(FILE).intersection(columns):
            return _Form(columns=columns, delimiter=delimiter, is_named=True)
    num_columns = max(3, min(line.count("|") + 1, len(_UNNAMED)))
    return _Form(columns=_UNNAMED[:num_columns], delimiter="|", is_named=False)


def _expected(form: _Form) -> str:
    columns = f"expected {form.delimiter.join(form.columns)!r}"
    if form.is_named:
        return f"{columns}, as its first line says."
    return (
        f"{columns}. Columns in another order, or with tabs or commas between them, must be named "
        "in the first line (audio_file, text, speaker_name, language)."
    )


def _split(
    _: Path, form: _Form, lines: Iterable[tuple[int, str]]
) -> Iterator[tuple[int, list[str]]]:
    for number, line in lines:
        cells = line.split(form.delimiter)
        yield number, [cell.strip() for cell in cells]


def _split_quoted(
    path: Path, _: _Form, lines: Iterable[tuple[int, str]]
) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader((line for _, line in lines), strict=True)
    try:
        for cells in reader:
            yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise UserError(
            f"{path}, line {reader.line_num}: {error}. A cell with a comma or a quotation mark "
            'stands in quotation marks, and a mark inside is doubled ("").'
        ) from error
