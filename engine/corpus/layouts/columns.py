"""What the columns of a table say: by their names or, where they have none, by what they hold."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath

from attrs import Factory, field, frozen

from engine.corpus.layouts.column_content import (
    Content,
    content_of,
    is_gender,
    is_same_text,
    is_spelt,
)
from engine.corpus.layouts.column_names import Role, preference, role_named
from engine.corpus.layouts.names import has_audio_suffix

NamesAudio = Callable[[str], bool]
"""Whether a cell names an audio file of the folder."""

_LOOKED_UP = 50
_ENOUGH = 10
"""Rows from which on single words that do not come again can be nothing but texts."""

_NAMES_OF_MOODS = (
    "anger angry amused bored calm disgust disgusted fear fearful happiness happy neutral sad "
    "sadness sleepy surprise surprised"
)
_MOODS = frozenset(_NAMES_OF_MOODS.split())


@frozen(kw_only=True)
class Sample:
    """Some rows of a table, and which of their cells name audio."""

    rows: Sequence[Sequence[str]]
    named: Sequence[int]
    """By column: rows whose cell names an audio file of the folder."""
    with_suffix: Sequence[int]
    """By column: those of them that have a suffix of audio."""
    num_looked_up: int
    """Rows whose cells were looked up."""

    def column(self, place: int) -> list[str]:
        """The cells of one column."""
        return [row[place] if place < len(row) else "" for row in self.rows]


@frozen(kw_only=True)
class Columns:
    """What each column says, as far as it is understood."""

    roles: tuple[Role | None, ...]
    """By column; None: nothing that is used."""
    could_be: Mapping[int, tuple[Role, ...]] = field(factory=dict)
    """What a column could be, where that is not certain."""
    order: tuple[int, ...] = Factory(lambda self: tuple(range(len(self.roles))), takes_self=True)
    """The columns, those first that are preferred among others of the same role."""

    @property
    def is_certain(self) -> bool:
        """Whether rows may be read so."""
        return not self.could_be

    @property
    def says_something(self) -> bool:
        """Whether it says more of a clip than its file."""
        return any(role not in (None, "file") for role in self.roles) or not self.is_certain

    def places(self, role: Role) -> tuple[int, ...]:
        """The columns that say it, the preferred ones first."""
        return tuple(place for place in self.order if self.roles[place] == role)


def sample_of(rows: Sequence[Sequence[str]], num_columns: int, names_audio: NamesAudio) -> Sample:
    """Rows of a table; in the first of them names are looked up."""
    named, with_suffix = [0] * num_columns, [0] * num_columns
    for row in rows[:_LOOKED_UP]:
        for place, cell in enumerate(row[:num_columns]):
            if cell and names_audio(cell):
                named[place] += 1
                with_suffix[place] += has_audio_suffix(cell)
    return Sample(
        rows=rows,
        named=named,
        with_suffix=with_suffix,
        num_looked_up=min(len(rows), _LOOKED_UP),
    )


def together(samples: Sequence[Sample]) -> Sample:
    """The rows of several tables of the same number of columns."""
    return Sample(
        rows=[row for sample in samples for row in sample.rows],
        named=[sum(numbers) for numbers in zip(*(one.named for one in samples), strict=True)],
        with_suffix=[sum(some) for some in zip(*(one.with_suffix for one in samples), strict=True)],
        num_looked_up=sum(sample.num_looked_up for sample in samples),
    )


def given_columns(names: Sequence[str]) -> Columns:
    """The columns that the user names; unknown names are ignored."""
    return Columns(roles=tuple(map(role_named, names)), order=_by_preference(names))


def columns_by_name(names: Sequence[str], sample: Sample) -> Columns:
    """The columns that a table's first line names.

    Without a name for the file it is the column that names audio. Where no name says which column
    is the text and several, or one, may be it, nothing is certain.
    """
    roles = [role_named(name) for name in names]
    could_be: dict[int, tuple[Role, ...]] = {}
    if "file" not in roles and any(sample.named):
        roles[file_column(sample)] = "file"
        could_be |= _other_files(sample, file_column(sample))
    if "text" not in roles:
        unknown = {at: content_of(sample.column(at)) for at, role in enumerate(roles) if not role}
        could_be |= dict.fromkeys(_of(unknown, "sentences", "many names"), ("text",))
        if could_be and "speaker" not in roles:
            could_be |= dict.fromkeys(_of(unknown, "few names"), ("speaker", "label"))
    order = sorted(_by_preference(names), key=lambda place: not sample.named[place])
    return Columns(roles=tuple(roles), could_be=could_be, order=tuple(order))


def columns_by_content(sample: Sample) -> Columns:
    """By what they hold: a file, sentences, names that come again beside sentences, languages.

    Of several columns of the same sentences the later one is preferred, which is LJSpeech's
    normalized text. Whatever else could be the text or the speaker makes it uncertain.
    """
    file = file_column(sample)
    contents = _contents(sample, file)
    texts = _texts(sample, contents)
    could_be = _doubts_beside(sample, contents, texts) if texts else _doubts_without_text(contents)
    could_be |= _other_files(sample, file)
    roles: list[Role | None] = [None] * len(sample.named)
    for at, content in contents.items():
        roles[at] = "text" if at in texts else _ROLES.get(content)
    roles[file] = "file"
    order = tuple(reversed(range(len(roles))))
    return Columns(roles=tuple(roles), could_be=could_be, order=order)


def file_column(sample: Sample) -> int:
    """The column whose cells name audio: in most rows, with a suffix, the first of such."""
    most = max(sample.named, default=0)
    places = [at for at, number in enumerate(sample.named) if 2 * number >= most]
    return max(places, key=lambda at: (sample.with_suffix[at], sample.named[at], -at), default=0)


_ROLES: Mapping[Content, Role] = {"few names": "speaker", "languages": "language"}


def _contents(sample: Sample, file: int) -> dict[int, Content]:
    """The contents of each column that names no files."""
    columns = {at: sample.column(at) for at in range(len(sample.named)) if at != file}
    found = {at: content_of(cells) for at, cells in columns.items()}
    has_sentences = "sentences" in found.values()
    for at in columns:  # the names of files once more
        names = sample.named if has_sentences else sample.with_suffix
        if 2 * names[at] > sample.num_looked_up:
            found[at] = "nothing"
    spelt = any(found[at] == "sentences" and is_spelt(cells) for at, cells in columns.items())
    for at, cells in columns.items():
        if spelt and all(map(str.isdigit, cells)):  # FLEURS: the number of a sentence, a length
            found[at] = "facts"
    return found


def _texts(sample: Sample, contents: Mapping[int, Content]) -> list[int]:
    """The columns of one text, in whatever writing; none where that is not certain."""
    names = _of(contents, "few names", "many names")
    found = _of(contents, "sentences") or names
    if not found:
        return []
    first = sample.column(found[0])
    if not all(is_same_text(first, sample.column(at)) for at in found[1:]):
        return []
    if found == names and len(found) == 1 and not _are_words(sample.column(found[0])):
        return []
    return [at for at in found if not is_spelt(sample.column(at))] or found


def _are_words(cells: Sequence[str]) -> bool:
    """Whether single words can be no names: many of them, nearly all different, no digits."""
    filled = [cell for cell in cells if cell]
    different = 2 * len(set(filled)) > len(filled) >= _ENOUGH
    return different and not any(map(_has_digit, filled))


def _doubts_without_text(contents: Mapping[int, Content]) -> dict[int, tuple[Role, ...]]:
    sentences = _of(contents, "sentences")
    if sentences:
        return dict.fromkeys(sentences, ("text",))
    names = _of(contents, "few names", "many names")
    doubts: dict[int, tuple[Role, ...]] = dict.fromkeys(names, ("speaker", "text", "label"))
    return doubts or dict.fromkeys(_of(contents, "languages"), ("language", "text", "label"))


def _doubts_beside(
    sample: Sample, contents: Mapping[int, Content], texts: Sequence[int]
) -> dict[int, tuple[Role, ...]]:
    """Names that may be no speaker's, beside a text: numbers beside genders may be ages.

    Identifiers of clips are no names.
    """
    few, many = (
        [at for at in _of(contents, content) if at not in texts]
        for content in ("few names", "many names")
    )
    names = {at: [cell for cell in sample.column(at) if cell] for at in (*few, *many)}
    ages = any(map(is_gender, map(sample.column, _of(contents, "facts"))))
    doubtful = [
        at
        for at in few
        if len(few) > 1
        or {*map(str.lower, names[at])} <= _MOODS
        or (ages and all(map(str.isdigit, names[at])))
    ]
    doubtful += [
        at for at in many if len(names[at]) < _ENOUGH or not all(map(_has_digit, names[at]))
    ]
    return dict.fromkeys(doubtful, ("speaker", "label"))


def _other_files(sample: Sample, file: int) -> dict[int, tuple[Role, ...]]:
    """Columns that name other files in the same rows."""
    own = _stems(sample.column(file))
    others = [
        at
        for at, number in enumerate(sample.with_suffix)
        if 2 * number > sample.num_looked_up and _stems(sample.column(at)) != own
    ]
    return dict.fromkeys([file, *others], ("file",)) if others else {}


def _stems(cells: Sequence[str]) -> list[str]:
    return [PurePosixPath(cell.replace("\\", "/")).stem for cell in cells]


def _of(contents: Mapping[int, Content], *which: Content) -> list[int]:
    return [at for at, content in contents.items() if content in which]


def _has_digit(cell: str) -> bool:
    return any(map(str.isdigit, cell))


def _by_preference(names: Sequence[str]) -> tuple[int, ...]:
    return tuple(sorted(range(len(names)), key=lambda at: preference(names[at])))
