"""Notes on an exported voice and on its retrieval index, as JSON."""

import json
from pathlib import Path
from typing import Any, Literal, TypeVar

import cattrs
from attrs import frozen

from engine.errors import UserError

OURS = "cantus"
"""The entry of a `.pth` that holds the engine's note; other programs ignore it."""

N = TypeVar("N")

_converter = cattrs.Converter(forbid_extra_keys=True)


@frozen(kw_only=True)
class Speaker:
    """A voice of a model."""

    name: str
    """Empty where the corpus named none."""
    row: int
    """Row of the speaker embedding."""
    median_hz: float | None
    """Median pitch of the voiced frames of its training clips; None without any."""


@frozen(kw_only=True)
class PitchNote:
    """The method that measured the pitch on which a model was trained."""

    kind: str
    """Name of the method, as `cantus convert --pitch` takes it."""
    digest: str


@frozen(kw_only=True)
class VoiceNote:
    """The facts that conversion needs of an exported model, stored in the `.pth`."""

    speakers: tuple[Speaker, ...]
    content: str
    """Digest of the content encoder on whose features the model was trained."""
    pitch: PitchNote | None
    """None of a model without pitch."""
    unvoiced: Literal["zero", "interpolate"]
    """Pitch of unvoiced frames in the model's training."""


@frozen(kw_only=True)
class IndexNote:
    """How a retrieval index was made, and its recall. The note lies beside the index."""

    content: str
    """Digest of the content encoder whose features its vectors are."""
    dim: int
    vectors: int
    clips: int
    lists: int
    """Number of lists into which the vectors are sorted; 1: search is exact."""
    probed: int
    """Number of lists that a search reads."""
    recall: float
    """Share of the nearest neighbours, by exact search, that the index finds."""
    queries: int
    """Features that `recall` was measured with."""
    milliseconds: float
    """Milliseconds of one core per query, on the machine that built the index."""

    def sentence(self) -> str:
        """The note in one line."""
        how = "exact search"
        if self.lists > 1:
            how = f"{self.probed:,} of {self.lists:,} lists, which find {self.recall:.1%}"
        return (
            f"{self.vectors:,} vectors of {self.clips:,} clips; {how}; "
            f"{self.milliseconds:.3g} ms a query"
        )


def index_note_path(index: Path) -> Path:
    """Where the note of an index lies."""
    return index.with_name(f"{index.name}.json")


def to_json(note: VoiceNote | IndexNote) -> str:
    """A note as text."""
    return json.dumps(_converter.unstructure(note), indent=2, ensure_ascii=False)


def from_json(text: str | bytes, kind: type[N], source: object) -> N:
    """A note from its text. Raises UserError naming the `source` where it is not of this kind."""
    try:
        known: Any = json.loads(text)
        if not isinstance(known, dict):
            raise TypeError(f"{type(known).__name__} instead of an object")
        return _converter.structure(known, kind)
    except (ValueError, TypeError, KeyError, cattrs.BaseValidationError) as error:
        raise UserError(
            f"{source} is damaged: it does not say what the model was made of ({error}). Export "
            "the model again."
        ) from error
