"""ChatML samples, as Higgs Audio is fine-tuned with: JSON Lines, or one JSON array.

A sample is `{"messages": [{"role": ..., "content": ...}, ...]}`; content is a text, a part, or a
list of parts, `{"type": "text", "text": ...}` or `{"type": "audio", "audio_url": FILE}` with an
optional `offset` and `duration`. Speaker and language are the sample's own, or those in `misc`;
where no speaker is named, the voice is called as the first of the sample's several recordings: its
reference.

What the assistant says is a clip. Its text is the last text before it, or else the first after it,
in the same message; else `misc.target_transcript`; else the last one in an earlier message, where
an INSTRUCTION before it is no part of the text. What is played to the assistant is a reference
voice: a clip, with `misc.ref_transcript` as its text, or what stands before it in a message that
ends with an INSTRUCTION and its text. Samples share recordings, so a file may be named again with
the same text. Audio inside the file (`raw_audio`) is not read, and `start_index` is not used: each
turn of an assistant is a clip.
"""

import re
from collections.abc import Iterator
from typing import Any

from engine.corpus.layouts.candidate import without_suffix
from engine.corpus.layouts.facts import Facts
from engine.corpus.layouts.files import Files
from engine.corpus.layouts.json_objects import read_samples
from engine.corpus.layouts.rows import Row, Table
from engine.errors import UserError

INSTRUCTION = re.compile(
    r"\s*please generate speech for (the )?given text in (the )?reference audio's voice\s*:\s*",
    re.IGNORECASE,
)
"""What training sets write before the text that is to be said."""
_RAW = "audio inside the table (raw_audio) is not read: write it to a file and name it as audio_url"
_CODES = (
    "codes are not read, for they mean nothing without the codec that made them: name the audio, "
    "of which they are made again"
)
_KEYS_OF_CODES = ("codes", "audio_codes", "audio_ids", "audio_tokens")
_SUFFIXES_OF_CODES = (".npy", ".npz", ".pt", ".safetensors")
_SAYS, _ASKS = ("assistant",), ("system", "user")


def chatml_rows(files: Files, table: Table) -> Iterator[Row]:
    """First what assistants say, then what is played to them. Raises UserError."""
    for roles in (_SAYS, _ASKS):
        for place, value in read_samples(files.folder / table.path):
            sample = Facts(value, f"{table.path} {place}")
            parts = _said(sample) if roles is _SAYS else _of_user(sample)
            for audio, text in parts:
                yield _row(sample, audio, text, table, roles)


def _said(sample: Facts) -> Iterator[tuple[Facts, str | None]]:
    """The audio parts of the assistant's messages, each with its text."""
    before: str | None = None
    for message in sample.each("messages"):
        role, parts = message.words("role"), _parts(message)
        if role == "system":
            continue
        within: str | None = None
        after = next(filter(None, map(_text, parts)), None)
        for part in parts:
            within = _text(part) or within
            if part.words("type") != "audio":
                continue
            if role in _SAYS:
                yield part, within or after or _target(sample) or before
            within = before = None
        before = within or before


def _target(sample: Facts) -> str | None:
    return sample.inside("misc").words("target_transcript")


def _of_user(sample: Facts) -> Iterator[tuple[Facts, str | None]]:
    """The audio parts of other messages, each with its text."""
    known = sample.inside("misc").words("ref_transcript")
    for message in sample.each("messages"):
        if message.words("role") in _SAYS:
            continue
        parts = _parts(message)
        instructs = any(INSTRUCTION.match(part.words("text") or "") for part in parts)
        before: str | None = None
        for part in parts:
            if part.words("type") == "audio":
                yield part, known or (before if instructs else None)
            before = part.words("text")


def _text(part: Facts) -> str | None:
    """The words of a part, without an instruction before them."""
    text = part.words("text")
    return INSTRUCTION.sub("", text, count=1) if text and INSTRUCTION.match(text) else text


def _row(
    sample: Facts, audio: Facts, text: str | None, table: Table, roles: tuple[str, ...]
) -> Row:
    misc = sample.inside("misc")
    start, seconds, bad_number = audio.part()
    return Row(
        place=audio.place,
        name=audio.words("audio_url") or "",
        refused=_refused(audio),
        bad_number=bad_number,
        start_seconds=start,
        seconds=seconds,
        text=text,
        speaker=(
            sample.words("speaker") or misc.words("speaker", "speaker_id") or _reference(sample)
        ),
        language=sample.words("language") or misc.words("language", "lang"),
        listed=table.listed,
        repeats="same text" if roles is _SAYS else "any",
    )


def _refused(audio: Facts) -> str | None:
    """Why a part is nothing that can be read from the folder, in words."""
    if audio.values.get("raw_audio"):
        return _RAW
    name = audio.words("audio_url") or ""
    has_codes = any(audio.values.get(key) for key in _KEYS_OF_CODES)
    return _CODES if has_codes or name.lower().endswith(_SUFFIXES_OF_CODES) else None


def _reference(sample: Facts) -> str | None:
    """What a voice without a name is called: the first of a sample's several recordings."""
    parts = [part for message in sample.each("messages") for part in _parts(message)]
    names = [part.words("audio_url") for part in parts if part.words("type") == "audio"]
    return without_suffix(names[0]) if len(names) > 1 and names[0] else None


def _parts(message: Facts) -> list[Facts]:
    content = message.values.get("content")
    parts: list[Any] = content if isinstance(content, list) else [content]
    return [Facts(_part(part, message), message.place) for part in parts if part is not None]


def _part(part: Any, message: Facts) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if isinstance(part, dict):
        return part
    raise UserError(f"{message.place}: a message's content is a text, a part or a list of parts.")
