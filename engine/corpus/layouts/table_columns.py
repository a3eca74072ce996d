"""What the columns of a corpus's tables say; where that is not certain, a question to the user."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import define, evolve, field, frozen

from engine.corpus.layouts.column_content import content_of
from engine.corpus.layouts.column_names import role_named
from engine.corpus.layouts.columns import (
    Columns,
    NamesAudio,
    Sample,
    columns_by_content,
    columns_by_name,
    given_columns,
    together,
)
from engine.corpus.layouts.delimited import Form, find_form, rows_throughout
from engine.corpus.layouts.files import Files
from engine.corpus.layouts.finder import Finder
from engine.corpus.layouts.lines import Errors
from engine.corpus.layouts.lists import list_of_path, without_list
from engine.corpus.layouts.names import may_be_name
from engine.corpus.layouts.object_rows import is_understood, sample_objects
from engine.corpus.layouts.passed_over import PassedOverTally
from engine.corpus.layouts.question import question
from engine.corpus.layouts.tables import Evidence, Tables, is_json
from engine.errors import UserError

_UNUSED = "columns that are not used"
_NO_ROWS = "tables without a row"
_UNCERTAIN = "tables whose columns are not certain, beside others that are"
_SAY_WHICH = "Name their columns in a first line"


@frozen(kw_only=True)
class Look:
    """What the first rows of a table show."""

    path: str
    names: tuple[str, ...]
    """Names of the table's columns or keys; empty where it has none."""
    sample: Sample
    form: Form | None
    """None: it holds JSON objects."""


@frozen(kw_only=True)
class Settled:
    """A table whose columns are known."""

    form: Form | None
    columns: Columns


@define
class TableColumns:
    """Finds out what the columns of a folder's tables say.

    `given` are the names that the user gives to the columns, in their order.
    """

    files: Files
    given: Sequence[str]
    tally: PassedOverTally
    understood: str = field(default="", init=False)
    """How columns without names were understood, of the first table that has none."""
    _counted: set[str] = field(factory=set, init=False)

    def evidence(self, path: str) -> Evidence | None:
        """Whether a file is a table of the folder's clips, by what stands in it."""
        try:
            look = self._look(path, errors="surrogateescape")
        except UserError:
            return None
        if look is None or not _names_clips(look):
            return None
        if self._columns(look).says_something:
            return "names clips"
        return "is a list" if list_of_path(path) else "says nothing"

    def settle(self, tables: Tables) -> Mapping[str, Settled]:
        """What each table's columns say; tables alike without names are looked at together.

        Tables without a row are left out. Raises UserError, which shows rows as they are
        understood, where that is not certain: of one, or of several that only lie side by side
        of all.
        """
        settled: dict[str, Settled] = {}
        doubtful: list[tuple[Look, Columns]] = []
        for look, columns in self._together(table.path for table in tables.tables):
            if columns.is_certain or not any(look.sample.named):
                settled[look.path] = Settled(form=look.form, columns=columns)
                self._count_unused(look, columns)
                if look.form and not (look.names or self.given or self.understood):
                    self.understood = ", ".join(role or "-" for role in columns.roles)
            else:
                doubtful.append((look, columns))
        if doubtful and (tables.kind != "table" or not settled):
            look, columns = doubtful[0]
            is_json = look.form is None
            raise UserError(question(look.path, look.names, look.sample, columns, is_json=is_json))
        for look, _ in doubtful:
            self.tally.add_file(_UNCERTAIN, look.path, to_do=_SAY_WHICH)
        return settled

    def _together(self, paths: Iterable[str]) -> Iterator[tuple[Look, Columns]]:
        """Each table with its columns; those without names by the rows of all that are alike."""
        alike: dict[tuple[str, str, int], list[Look]] = {}
        for path in paths:
            look = self._look(path)
            if look is None or not look.sample.rows:
                self.tally.add(_NO_ROWS, path)
            if look is None:
                continue
            if look.names or self.given or not look.form:
                yield look, self._columns(look)
            else:
                division = look.form.division
                key = (without_list(path.rpartition("/")[2]), division.delimiter, division.width)
                rows = rows_throughout(self.files.folder / path, look.form)
                alike.setdefault(key, []).append(
                    evolve(look, sample=evolve(look.sample, rows=rows))
                )
        for looks in alike.values():
            columns = columns_by_content(together([look.sample for look in looks]))
            yield from ((look, columns) for look in looks)

    def _columns(self, look: Look) -> Columns:
        if self.given and look.form:
            if len(self.given) != look.form.division.width:
                raise UserError(_wrong_width(look, look.form, self.given))
            return given_columns(self.given)
        if look.names:
            return columns_by_name(look.names, look.sample)
        return columns_by_content(look.sample)

    def _look(self, path: str, *, errors: Errors = "strict") -> Look | None:
        whole = self.files.folder / path
        if is_json(whole):
            names, sample = sample_objects(whole, self._names_audio(path))
            return Look(path=path, names=names, sample=sample, form=None)
        form = find_form(whole, self._names_audio(path), errors=errors)
        if form is None:
            return None
        return Look(path=path, names=form.names, sample=form.sample, form=form)

    def _names_audio(self, path: str) -> NamesAudio:
        finder = Finder(files=self.files, table=path, below=BELOW, tally=PassedOverTally())

        def names_audio(cell: str) -> bool:
            found = finder.find(cell, is_counted=False) if may_be_name(cell) else None
            return found is not None and found[1] != "other"

        return names_audio

    def _count_unused(self, look: Look, columns: Columns) -> None:
        for place, role in enumerate(columns.roles):
            name = look.names[place] if look.names else f"column {place + 1}"
            is_empty = not look.names and content_of(look.sample.column(place)) == "nothing"
            if role or is_empty or is_understood(name) or name in self._counted:
                continue
            self._counted.add(name)
            self.tally.add(_UNUSED, f"{name or 'one without a name'} of {look.path}")


BELOW = ("", "wavs", "clips")
"""Folders in which the files of a table lie that names them without."""


def _names_clips(look: Look) -> bool:
    """One row that does is enough where the columns are named, else it is most of them.

    A line of words that are all it holds may be the name of a file by chance.
    """
    roles = {role_named(name) for name in look.names} - {None}
    is_list = len(look.sample.named) > 1 or list_of_path(look.path)
    hits = max(look.sample.named if is_list else look.sample.with_suffix, default=0)
    return hits > (0 if "file" in roles and len(roles) > 1 else look.sample.num_looked_up // 2)


def _wrong_width(look: Look, form: Form, given: Sequence[str]) -> str:
    row = form.division.delimiter.join(look.sample.rows[0]) if look.sample.rows else ""
    return (
        f"{look.path} has {form.division.width} columns ({row[:100]!r}), and columns names "
        f"{len(given)} ({','.join(given)}). Name each column; '-' passes one over."
    )
