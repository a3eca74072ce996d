"""What is known of a retrieval index beside its vectors: a small JSON file with its name."""

import json
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

from engine.errors import UserError
from engine.files.atomic import write_atomically


@frozen(kw_only=True)
class IndexNote:
    """How an index was made, and how well it finds."""

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


def note_path(index: Path) -> Path:
    """Where the note of an index lies."""
    return index.with_name(f"{index.name}.json")


def write_note(index: Path, note: IndexNote) -> None:
    """Write it beside the index."""
    write_atomically(note_path(index), json.dumps(asdict(note), indent=2) + "\n")


def read_note(index: Path) -> IndexNote | None:
    """The note of an index; None of one that was made elsewhere.

    Raises UserError where it is damaged.
    """
    path = note_path(index)
    if not path.is_file():
        return None
    try:
        known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return IndexNote(**known)
    except (ValueError, TypeError) as error:
        raise UserError(
            f"{path}, which says what {index.name} was made of, is damaged ({error}). Export the "
            "model again, or delete the note, and the index is taken as it is."
        ) from error
