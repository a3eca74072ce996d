"""Samples of voices as Higgs Audio is fine-tuned with: `metadata.json` beside audio and texts.

`{"samples": [{"audio_file": ..., "transcript_file": ..., "speaker_id": ..., "language": ...}]}`. A
sample may name a reference, `ref_audio_file` with `ref_transcript`: it is a clip too, of the
sample's speaker. Where no speaker is named, the voice is called as its reference.
"""

import posixpath
from collections.abc import Iterator
from pathlib import PurePosixPath

from engine.corpus.layouts.candidate import without_suffix
from engine.corpus.layouts.facts import Facts
from engine.corpus.layouts.files import Files
from engine.corpus.layouts.json_objects import Object, read_samples
from engine.corpus.layouts.rows import Row, Table
from engine.corpus.layouts.text_file import NoTextError, read_text

_CLIP, _TEXT, _REFERENCE = "audio_file", "transcript_file", "ref_audio_file"
_NO_TRANSCRIPTS = frozenset(["This is a voice sample for cloning.", "Reference transcript"])
"""What converters write where nobody knows what a reference says."""


def is_voice_sample(first: Object) -> bool:
    """Whether an object is such a sample."""
    return _CLIP in first and (_TEXT in first or _REFERENCE in first)


def voice_sample_rows(files: Files, table: Table) -> Iterator[Row]:
    """First what samples say, then their references. Raises UserError."""
    for is_reference in (False, True):
        for place, value in read_samples(files.folder / table.path):
            sample = Facts(value, f"{table.path} {place}")
            if not is_reference or sample.words(_REFERENCE):
                yield _row(files, table, sample, is_reference)


def _row(files: Files, table: Table, sample: Facts, is_reference: bool) -> Row:
    reference = sample.words(_REFERENCE)
    voice = reference and without_suffix(reference)
    return Row(
        place=sample.place,
        name=(reference if is_reference else sample.words(_CLIP)) or "",
        text=_of_reference(sample) if is_reference else _text(files, table, sample),
        speaker=sample.words("speaker", "speaker_id", "speaker_name") or voice,
        language=sample.words("language", "lang"),
        listed=table.listed,
        repeats="any" if is_reference else "never",
    )


def _text(files: Files, table: Table, sample: Facts) -> str | None:
    """The words of the sample's text file, or its own; None where neither can be read."""
    name = sample.words(_TEXT)
    said = sample.words("transcript", "text")
    if not name:
        return said
    inside = posixpath.normpath(PurePosixPath(table.path).parent / name)
    path, kind = files.find(inside) or ("", None)
    if kind != "other":
        return said
    try:
        return read_text(files.folder / path).text or said
    except NoTextError:
        return said


def _of_reference(sample: Facts) -> str | None:
    text = sample.words("ref_transcript")
    return None if text in _NO_TRANSCRIPTS else text
