"""Rows of tables whose columns say what the files are, whatever the tables are called."""

from collections.abc import Iterator, Sequence

from engine.corpus.layouts.candidate import Candidate, without_suffix
from engine.corpus.layouts.collector import Collector
from engine.corpus.layouts.column_content import language_code
from engine.corpus.layouts.column_names import ROLES, Role
from engine.corpus.layouts.delimited import Form, read_cells
from engine.corpus.layouts.files import Files
from engine.corpus.layouts.lists import list_named
from engine.corpus.layouts.object_rows import object_rows
from engine.corpus.layouts.rows import Row, Table
from engine.corpus.layouts.table_columns import Settled


def column_rows(files: Files, table: Table, settled: Settled) -> Iterator[Row]:
    """What the lines or objects of one table say. Raises UserError where one cannot be read."""
    if settled.form is None:
        yield from object_rows(files, table)
        return
    columns = settled.columns

    def first(cells: Sequence[str], role: Role) -> str | None:
        return next((cells[place] for place in places[role] if cells[place]), None)

    places = {role: columns.places(role) for role in ROLES}
    for number, cells in read_cells(files.folder / table.path, settled.form, columns):
        yield Row(
            place=f"{table.path} line {number}",
            name=first(cells, "file") or "",
            text=first(cells, "text"),
            speaker=first(cells, "speaker"),
            language=_language(first(cells, "language"), settled.form),
            label=first(cells, "label"),
            listed=table.listed or list_named(first(cells, "list") or ""),
        )


def _language(cell: str | None, form: Form) -> str | None:
    """The language of a cell: by its column's name, or by its form as a code in lower case."""
    return cell if cell is None or form.names else language_code(cell)


def add_unnamed(files: Files, collector: Collector) -> None:
    """Audio files without a row are clips as well, of which nothing is known.

    One that has a row's name but for its suffix is that recording in another format: none.
    """
    for path in files.audio():
        if not collector.has_file(path) and not collector.has_stem(without_suffix(path)):
            collector.add(Candidate(path=path))
