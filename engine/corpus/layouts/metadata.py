"""A `metadata.csv`: LJSpeech's, Coqui's or one of Hugging Face's audio folders.

Without a line that names the columns they are `id|text|normalised|speaker`, the last two optional:
LJSpeech's own, and the order in which Coqui's formatters expect a speaker. A pair of
`metadata_train.csv` and `metadata_eval.csv`, as Coqui's XTTS fine-tuning demo writes it, is the
corpus's own lists.
"""

from collections.abc import Iterator, Mapping

from engine.corpus.layouts.candidate import Candidate, without_suffix
from engine.corpus.layouts.collector import Collector
from engine.corpus.layouts.delimited import FILE, LABEL, LANGUAGE, SPEAKER, TEXT, read_cells
from engine.corpus.layouts.files import Files
from engine.corpus.layouts.rows import Row, Table

METADATA = "metadata.csv"
PAIR = ("metadata_train.csv", "metadata_eval.csv")


def metadata_rows(files: Files, table: Table) -> Iterator[Row]:
    """What the lines of one table say."""
    for number, cells in read_cells(files.folder / table.path):
        yield Row(
            place=f"{table.path} line {number}",
            name=_first(cells, FILE) or "",
            text=_first(cells, TEXT),
            speaker=_first(cells, SPEAKER),
            language=_first(cells, LANGUAGE),
            label=_first(cells, LABEL),
            listed=table.listed,
        )


def add_unnamed(files: Files, collector: Collector) -> None:
    """Audio files without a row are clips as well, of which nothing is known.

    One that has a row's name but for its suffix is that recording in another format: none.
    """
    for path in files.audio():
        if not collector.has_file(path) and not collector.has_stem(without_suffix(path)):
            collector.add(Candidate(path=path))


def _first(cells: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((cells[name] for name in names if cells.get(name)), None)
