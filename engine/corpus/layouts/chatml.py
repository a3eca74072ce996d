"""ChatML samples, as Higgs Audio is fine-tuned with: JSON Lines, or one JSON array.

A sample is `{"messages": [{"role": ..., "content": ...}, ...]}`; content is a text, a part, or a
list of parts, `{"type": "text", "text": ...}` or `{"type": "audio", "audio_url": FILE}` with an
optional `offset` and `duration`. Speaker and language are the sample's own, or those in `misc`.

What the assistant says is a clip, with the last text before it, or else the first after it, in the
same message; in an earlier one where that has none. What the user plays is a reference voice: a
clip, with `misc.ref_transcript` as its text. Samples share recordings, so a file may be named again
with the same text. Audio inside the file (`raw_audio`) is not read.
"""

from collections.abc import Iterator
from typing import Any

from engine.corpus.layouts.facts import Facts
from engine.corpus.layouts.files import Files
from engine.corpus.layouts.json_objects import read_objects
from engine.corpus.layouts.rows import Row, Table
from engine.errors import UserError

_RAW = "audio inside the table (raw_audio) is not read: write it to a file and name it as audio_url"


def chatml_rows(files: Files, table: Table) -> Iterator[Row]:
    """First what assistants say, then what users play. Raises UserError."""
    for who in ("assistant", "user"):
        for number, value in read_objects(files.folder / table.path):
            sample = Facts(value, f"{table.path} line {number}")
            for audio, text in _audio(sample, who):
                yield _row(sample, audio, text, table, who)


def _audio(sample: Facts, who: str) -> Iterator[tuple[Facts, str | None]]:
    """The audio parts of one role's messages, each with its text."""
    said: str | None = None
    for message in sample.each("messages"):
        parts = _parts(message)
        if message.words("role") == "system":
            continue
        texts = [part.words("text") for part in parts]
        after = next((text for text in texts if text), None)
        for part, text in zip(parts, texts, strict=True):
            said = text or said
            if part.words("type") == "audio":
                if message.words("role") == who:
                    yield part, said or after
                said = None


def _row(sample: Facts, audio: Facts, text: str | None, table: Table, who: str) -> Row:
    misc = sample.inside("misc")
    start, seconds, bad_number = audio.part()
    return Row(
        place=audio.place,
        name=audio.words("audio_url") or "",
        refused=_RAW if audio.values.get("raw_audio") else None,
        bad_number=bad_number,
        start_seconds=start,
        seconds=seconds,
        text=text if who == "assistant" else misc.words("ref_transcript"),
        speaker=sample.words("speaker") or misc.words("speaker", "speaker_id"),
        language=sample.words("language") or misc.words("language", "lang"),
        listed=table.listed,
        repeats="same text" if who == "assistant" else "any",
    )


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
