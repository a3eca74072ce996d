"""What is known of an exported voice and of its retrieval index beside their content, as JSON."""

import json
from pathlib import Path
from typing import Any, Literal, TypeVar

import cattrs
from attrs import frozen

from engine.errors import UserError

OURS = "cantus"
"""The engine's own entry of a `.pth`, in which its note stands; other programs pass over it."""

N = TypeVar("N")

_converter = cattrs.Converter(forbid_extra_keys=True)


@frozen(kw_only=True)
class Speaker:
    """A voice of a model."""

    name: str
    """Empty where the corpus named none."""
    row: int
    """Of the speakers' embedding."""
    median_hz: float | None
    """Median pitch of the voiced frames of its training clips; None without any."""


@frozen(kw_only=True)
class PitchNote:
    """The method that measured the pitch which a model learned from."""

    kind: str
    """Its name, as `cantus convert --pitch` takes it."""
    digest: str


@frozen(kw_only=True)
class VoiceNote:
    """What conversion wants to know of an exported model. It stands in the `.pth`."""

    speakers: tuple[Speaker, ...]
    content: str
    """Digest of the content encoder whose features the model learned from."""
    pitch: PitchNote | None
    """None of a model without pitch."""
    unvoiced: Literal["zero", "interpolate"]
    """Pitch of frames without voice, as the model learned it."""


@frozen(kw_only=True)
class IndexNote:
    """How a retrieval index was made, and how well it finds. It lies beside the index."""

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
    """Of one core's time for a query, on the machine that made it."""

    def sentence(self) -> str:
        """All of it in a line."""
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
    """A note from its text. Raises UserError naming the `source` where it is none of this kind."""
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
