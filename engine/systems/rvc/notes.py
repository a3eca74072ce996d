"""What is known of an exported file beside its content: a small JSON file that has its name."""

import json
from pathlib import Path
from typing import Any, TypeVar

import cattrs
from attrs import frozen

from engine.errors import UserError
from engine.files.atomic import write_atomically

N = TypeVar("N")

_structure = cattrs.Converter(forbid_extra_keys=True)


@frozen(kw_only=True)
class Speaker:
    """A voice of a model."""

    name: str
    row: int
    """Of the speakers' embedding."""
    median_hz: float | None
    """Median pitch of its training clips' voiced frames; None without pitch."""


@frozen(kw_only=True)
class VoiceNote:
    """What conversion wants to know of an exported `.pth`."""

    speakers: tuple[Speaker, ...]
    content: str
    """Digest of the content encoder whose features the model learned from."""
    unvoiced: str
    """Pitch of frames without voice: "zero" or "interpolate"."""


@frozen(kw_only=True)
class IndexNote:
    """How a retrieval index was made, and how well it finds."""

    content: str
    """Digest of the content encoder whose features its vectors are."""
    dim: int
    vectors: int
    clips: int
    lists: int
    """Into which the vectors are sorted; 1: they are in one, and search is exact."""
    probed: int
    """Lists that a search looks through."""
    recall: float
    """Share of the nearest neighbours, exact search's, that are found."""
    queries: int
    """Features that `recall` was measured with."""
    milliseconds: float
    """Of this machine, for a query."""

    def sentence(self) -> str:
        """All of it in a line."""
        how = "exact search"
        if self.lists > 1:
            how = f"{self.probed:,} of {self.lists:,} lists, which find {self.recall:.1%}"
        return (
            f"{self.vectors:,} vectors of {self.clips:,} clips; {how}; "
            f"{self.milliseconds:.3g} ms a query"
        )


def note_path(file: Path) -> Path:
    """Where the note of a file lies."""
    return file.with_name(f"{file.name}.json")


def write_note(file: Path, note: VoiceNote | IndexNote) -> None:
    """Write a note beside the file it is of."""
    content = json.dumps(_structure.unstructure(note), indent=2, ensure_ascii=False)
    write_atomically(note_path(file), f"{content}\n")


def read_note(file: Path, kind: type[N]) -> N | None:
    """The note of a file; None of one that was made elsewhere.

    Raises UserError where it is damaged.
    """
    path = note_path(file)
    if not path.is_file():
        return None
    try:
        known: Any = json.loads(path.read_text(encoding="utf-8"))
        return _structure.structure(known, kind)
    except (ValueError, TypeError, KeyError, cattrs.BaseValidationError) as error:
        raise UserError(
            f"{path}, which says what {file.name} was made of, is damaged ({error}). Export the "
            f"model again; or delete the note, and {file.name} is taken as it is."
        ) from error
